"""Ordinary pytest tests under a controlled, replayable thread scheduler.

Install it and mark a test with `@pytest.mark.concurrency`; there is nothing to import for that. What is here is for
annotations and for `except` clauses.

PYTEST_DONT_REWRITE: pytest has no assertions to rewrite here.
"""

from typing import TYPE_CHECKING

from . import _plain_imports as _plain_imports  # first: it is for all other modules
from ._version import __version__
from ._warnings import InterleaveWarning

if TYPE_CHECKING:
    from .detect import DataRace, Deadlock, Livelock, TooLong
    from .plugin._barrier import WorkersBarrier
    from .plugin._differences import ScheduleLost
    from .plugin._limits import LimitResources
    from .plugin._per_worker import Worker, per_worker
    from .plugin._pool import ThreadPool
    from .plugin._race_detector import RaceDetector
    from .plugin._run_stress import RunStress
    from .plugin._speedups import MeasureSpeedup
    from .plugin._workers import RunConcurrent
    from .resources import HungProcess, Leak, ProcessPool, ResourceLeak, ResourceLimits, Speedup
    from .stress import StressResult
else:
    from ._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "DataRace": ".detect",
            "Deadlock": ".detect",
            "HungProcess": ".resources",
            "Leak": ".resources",
            "LimitResources": ".plugin._limits",
            "Livelock": ".detect",
            "TooLong": ".detect",
            "MeasureSpeedup": ".plugin._speedups",
            "ProcessPool": ".resources",
            "RaceDetector": ".plugin._race_detector",
            "ResourceLeak": ".resources",
            "ResourceLimits": ".resources",
            "RunConcurrent": ".plugin._workers",
            "RunStress": ".plugin._run_stress",
            "ScheduleLost": ".plugin._differences",
            "Speedup": ".resources",
            "StressResult": ".stress",
            "ThreadPool": ".plugin._pool",
            "Worker": ".plugin._per_worker",
            "WorkersBarrier": ".plugin._barrier",
            "per_worker": ".plugin._per_worker",
        },
    )

__all__ = [
    "DataRace",
    "Deadlock",
    "HungProcess",
    "InterleaveWarning",
    "Leak",
    "LimitResources",
    "Livelock",
    "MeasureSpeedup",
    "ProcessPool",
    "RaceDetector",
    "ResourceLeak",
    "ResourceLimits",
    "RunConcurrent",
    "RunStress",
    "ScheduleLost",
    "Speedup",
    "StressResult",
    "ThreadPool",
    "TooLong",
    "Worker",
    "WorkersBarrier",
    "__version__",
    "per_worker",
]

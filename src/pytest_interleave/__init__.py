"""Ordinary pytest tests under a controlled, replayable thread scheduler.

Install it and mark a test with `@pytest.mark.concurrency`; there is nothing to import for that. The names here are for
annotations and for `except` clauses.

PYTEST_DONT_REWRITE: pytest has no assertions to rewrite here.
"""

import os
from typing import TYPE_CHECKING

from . import _plain_imports as _plain_imports  # first: it is for all other modules
from ._version import __version__
from ._warnings import InterleaveWarning

#: The directory of this package, with a separator at the end.
PACKAGE_DIRECTORY = os.path.dirname(os.path.abspath(__file__)) + os.sep

if TYPE_CHECKING:
    from .control.system._program_steps import Step, step, wait_until
    from .detect import DataRace, Deadlock, Livelock, Race, TooLong
    from .plugin.fixtures._barrier import WorkersBarrier
    from .plugin.fixtures._pool import ThreadPool
    from .plugin.fixtures._race_detector import RaceDetector
    from .plugin.fixtures._resource_limits import LimitResources
    from .plugin.fixtures._speedups import MeasureSpeedup
    from .plugin.items._workers import RunConcurrent
    from .plugin.running._lost_schedules import ScheduleLost
    from .plugin.settings._per_worker import Worker, per_worker
    from .plugin.stress._run_stress import RunStress
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
            "LimitResources": ".plugin.fixtures._resource_limits",
            "Livelock": ".detect",
            "TooLong": ".detect",
            "MeasureSpeedup": ".plugin.fixtures._speedups",
            "ProcessPool": ".resources",
            "Race": ".detect",
            "RaceDetector": ".plugin.fixtures._race_detector",
            "ResourceLeak": ".resources",
            "ResourceLimits": ".resources",
            "RunConcurrent": ".plugin.items._workers",
            "RunStress": ".plugin.stress._run_stress",
            "ScheduleLost": ".plugin.running._lost_schedules",
            "Speedup": ".resources",
            "Step": ".control.system._program_steps",
            "StressResult": ".stress",
            "ThreadPool": ".plugin.fixtures._pool",
            "Worker": ".plugin.settings._per_worker",
            "WorkersBarrier": ".plugin.fixtures._barrier",
            "per_worker": ".plugin.settings._per_worker",
            "step": ".control.system._program_steps",
            "wait_until": ".control.system._program_steps",
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
    "Race",
    "RaceDetector",
    "ResourceLeak",
    "ResourceLimits",
    "RunConcurrent",
    "RunStress",
    "ScheduleLost",
    "Speedup",
    "Step",
    "StressResult",
    "ThreadPool",
    "TooLong",
    "Worker",
    "WorkersBarrier",
    "__version__",
    "per_worker",
    "step",
    "wait_until",
]

"""Ordinary pytest tests under a controlled, replayable thread scheduler.

Install it and mark a test with `@pytest.mark.concurrency`; there is nothing to import for that. What is here is for
annotations and for `except` clauses.
"""

from typing import TYPE_CHECKING

from ._version import __version__
from ._warnings import InterleaveWarning

if TYPE_CHECKING:
    from .detect import DataRace, Deadlock, Livelock
    from .plugin._barrier import WorkersBarrier
    from .plugin._differences import ScheduleLost
    from .plugin._per_worker import Worker, per_worker
    from .plugin._pool import ThreadPool
    from .plugin._race_detector import RaceDetector
    from .plugin._run_stress import RunStress
    from .plugin._workers import RunConcurrent
    from .stress import StressResult
else:
    from ._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "DataRace": ".detect",
            "Deadlock": ".detect",
            "Livelock": ".detect",
            "RaceDetector": ".plugin._race_detector",
            "RunConcurrent": ".plugin._workers",
            "RunStress": ".plugin._run_stress",
            "ScheduleLost": ".plugin._differences",
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
    "InterleaveWarning",
    "Livelock",
    "RaceDetector",
    "RunConcurrent",
    "RunStress",
    "ScheduleLost",
    "StressResult",
    "ThreadPool",
    "Worker",
    "WorkersBarrier",
    "__version__",
    "per_worker",
]

"""Ordinary pytest tests under a controlled, replayable thread scheduler.

Install it and mark a test with `@pytest.mark.concurrency`; there is nothing to import for that. What is here is for
annotations and for `except` clauses.
"""

from ._version import __version__
from ._warnings import InterleaveWarning
from .detect import Deadlock, Livelock
from .plugin._fixtures import RunConcurrent, ThreadPool, WorkersBarrier

__all__ = [
    "Deadlock",
    "InterleaveWarning",
    "Livelock",
    "RunConcurrent",
    "ThreadPool",
    "WorkersBarrier",
    "__version__",
]

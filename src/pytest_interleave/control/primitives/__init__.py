"""Primitives with one scheduling point for each operation; outside control they behave like the real ones."""

from ._barrier import Barrier
from ._condition import Condition, RealCondition
from ._dispatch import make_ours
from ._endable import SLICE, Ended, end_waiting, endable_waits, has_ended
from ._event import Event
from ._install import install_names, remove_names
from ._lock import Lock
from ._rlock import RLock
from ._semaphore import BoundedSemaphore, Semaphore
from ._simple_queue import SimpleQueue

__all__ = [
    "SLICE",
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Ended",
    "Event",
    "Lock",
    "RLock",
    "RealCondition",
    "Semaphore",
    "SimpleQueue",
    "end_waiting",
    "endable_waits",
    "has_ended",
    "install_names",
    "make_ours",
    "remove_names",
]

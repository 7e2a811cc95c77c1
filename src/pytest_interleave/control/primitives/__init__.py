"""Primitives whose every operation is one scheduling point; outside control they are like the real ones."""

from ._barrier import Barrier
from ._condition import Condition
from ._event import Event
from ._install import install_names, remove_names
from ._lock import Lock
from ._rlock import RLock
from ._semaphore import BoundedSemaphore, Semaphore
from ._simple_queue import SimpleQueue

__all__ = [
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Event",
    "Lock",
    "RLock",
    "Semaphore",
    "SimpleQueue",
    "install_names",
    "remove_names",
]

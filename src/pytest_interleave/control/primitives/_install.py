"""The names under which programs find the primitives; they are put in place before any test module is imported."""

from __future__ import annotations

import _thread
import functools
import queue
import sys
import threading
from types import ModuleType
from typing import Any

from ..execution.units import _current
from ..interpreter._missing import missing_for_control
from ._barrier import Barrier, RealBarrier
from ._condition import Condition, RealCondition
from ._dispatch import stands_for
from ._event import Event, RealEvent
from ._lock import Lock, RealLock
from ._rlock import RealRLock, RLock
from ._semaphore import BoundedSemaphore, RealBoundedSemaphore, RealSemaphore, Semaphore
from ._simple_queue import RealSimpleQueue, SimpleQueue

_STAND_INS: tuple[tuple[ModuleType, str, Any], ...] = (
    (threading, "Lock", Lock),
    (threading, "RLock", RLock),
    (threading, "Condition", Condition),
    (threading, "Semaphore", Semaphore),
    (threading, "BoundedSemaphore", BoundedSemaphore),
    (threading, "Event", Event),
    (threading, "Barrier", Barrier),
    (queue, "SimpleQueue", SimpleQueue),
    *((_queue, "SimpleQueue", SimpleQueue) for _queue in [sys.modules.get("_queue")] if _queue is not None),
    (_thread, "allocate_lock", Lock),
    (_thread, "RLock", RLock),
    # `functools` holds its own reference, for `cached_property` up to Python 3.11 and for `singledispatch`.
    (functools, "RLock", RLock),
)

_replaced: list[tuple[ModuleType, str, Any]] = []


def install_names() -> bool:
    """Put our primitives in the place of the real ones; code that is not meant to have ours still gets those.

    The answer is False if they are already in place, or would never be under control.
    """
    if _current.state.stand_ins or missing_for_control() is not None:
        return False
    stands_for(Lock, threading.Lock, type(RealLock()))
    stands_for(RLock, threading.RLock, RealRLock)
    stands_for(Condition, RealCondition)
    stands_for(Semaphore, RealSemaphore)
    stands_for(BoundedSemaphore, RealBoundedSemaphore)
    stands_for(Event, RealEvent)
    stands_for(Barrier, RealBarrier)
    stands_for(SimpleQueue, RealSimpleQueue)
    for module, name, ours in _STAND_INS:
        if hasattr(module, name):
            _replaced.append((module, name, getattr(module, name)))
            setattr(module, name, ours)
    _current.state.stand_ins = True
    return True


def remove_names() -> None:
    """Put the real primitives back; objects of ours that exist continue to work."""
    while _replaced:
        module, name, real = _replaced.pop()
        setattr(module, name, real)
    _current.state.stand_ins = False

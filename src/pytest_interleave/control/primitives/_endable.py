"""Waits of threads that are not under control, in slices while such a thread may have to be ended.

An exception that is raised in another thread arrives only when that thread runs Python code again. A thread that waits
for a lock forever never does; and if the exception arrives just as the lock is acquired, no code releases the lock. So
threads that wait for our primitives check every now and then whether they are to end, while they certainly hold nothing
new.
"""

from __future__ import annotations

import _thread
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..interpreter._monotonic import real_monotonic
from ..scope import _real

#: Seconds between two checks.
SLICE = 0.05

#: Not empty while real threads run that may have to be ended.
slicing: list[None] = []

_ending: set[int] = set()
_shielded: set[int] = set()
_get_ident = _real.get_ident


class Ended(BaseException):
    """Raised in a thread that is not under control, to end it."""


@contextmanager
def endable_waits() -> Iterator[None]:
    """Allow, while entered, that threads are ended that wait for one of our primitives without control."""
    slicing.append(None)
    try:
        yield
    finally:
        slicing.pop()


def end_waiting(ident: int) -> None:
    """Let the thread `ident` end where it waits for one of our primitives, now or the next time."""
    _ending.add(ident)


def has_ended(ident: int) -> None:
    """Forget the thread `ident`, which has ended: its identifier may be given to another thread."""
    _ending.discard(ident)
    _shielded.discard(ident)


@contextmanager
def shielded() -> Iterator[None]:
    """Let the calling thread wait, while entered, even if it is to end: it has to get its lock back."""
    ident = _get_ident()
    _shielded.add(ident)
    try:
        yield
    finally:
        _shielded.discard(ident)


def _look() -> None:
    if _ending:
        ident = _get_ident()
        if ident in _ending and ident not in _shielded:
            raise Ended


def acquire_in_slices(acquire: Callable[..., bool], blocking: bool = True, timeout: float = -1) -> bool:
    """Call `acquire(blocking, timeout)` of a real lock, in slices.

    Raises `Ended` in a thread that is to end; it has not acquired the lock then.
    """
    if _ending:
        _look()
    if not blocking or (timeout != -1 and not 0 < timeout <= _thread.TIMEOUT_MAX):
        # It does not wait, or the arguments are an error.
        return acquire(blocking, timeout)
    if acquire(False):
        return True
    if timeout == -1:
        while not acquire(True, SLICE):
            _look()
        return True
    until = real_monotonic() + timeout
    left = timeout
    while left > 0:
        if acquire(True, min(left, SLICE)):
            return True
        _look()
        left = until - real_monotonic()
    return False


def wait_in_slices(condition: Any, timeout: float | None) -> bool:
    """Do `condition.wait(timeout)` for a `threading.Condition`, ours or a real one, in slices.

    Raises `Ended` in a thread that is to end; it holds the lock then, as after any wait.
    """
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = _real.real_lock()
    waiter.acquire()
    condition._waiters.append(waiter)
    saved = condition._release_save()
    notified = False
    try:
        # Without any time left, it gives the lock to others nevertheless.
        notified = acquire_in_slices(waiter.acquire, True, -1 if timeout is None else max(timeout, 0))
        return notified
    finally:
        with shielded():
            condition._acquire_restore(saved)
        if not notified and waiter in condition._waiters:
            condition._waiters.remove(waiter)


def get_in_slices(get: Callable[..., Any], timeout: float | None) -> Any:
    """Call `get(True, timeout)` of a real `queue.SimpleQueue`, in slices.

    Raises `Ended` in a thread that is to end; it has not taken an item then.
    """
    _look()
    if timeout is not None and timeout <= 0:
        return get(True, timeout)
    until = None if timeout is None else real_monotonic() + timeout
    while True:
        left = SLICE if until is None else min(SLICE, until - real_monotonic())
        try:
            return get(True, max(left, 0))
        except queue.Empty:
            _look()
            if until is not None and real_monotonic() >= until:
                raise

"""Numbers of threads and futures, in the order in which controlled threads make them.

The standard library keeps both in sets: a pool its workers, `as_completed` and `wait` their futures. By default an
object's hash is its address, so the order of a set, and with it the order in which workers are joined and futures are
locked, would differ in each process. A number that is the same in each execution makes the hash the same, too.
"""

from __future__ import annotations

import concurrent.futures._base as _futures_base
import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..execution.units import _current
from ..scope import _real

_NUMBER = "_interleave_number"
_numbers = itertools.count(1)


def number_anew() -> None:
    """Start the numbers again before an execution, so that what it makes gets the same ones each time."""
    global _numbers
    _numbers = itertools.count(1)
    # Objects that have no name of their own have a number in it.
    ThreadPoolExecutor._counter = itertools.count().__next__  # type: ignore[attr-defined]
    threading._counter = functools.partial(_next_of_name, itertools.count(1))  # type: ignore[attr-defined]


def _next_of_name(numbers: Iterator[int]) -> int:
    unit = _current.current_unit()
    if unit is not None:
        unit.execution.timers.names.add(unit)
    return next(numbers)


def numbering() -> list[tuple[Any, str, Any]]:
    """Return what is to be replaced while a test runs: owner, name, replacement."""
    # The hashes stay when the test is over: an object that has a number may be in a set that outlives the test.
    if threading.Thread.__hash__ is not _hash_of_thread:
        for thread in list(threading._dangling):  # type: ignore[attr-defined]
            vars(thread)[_NUMBER] = object.__hash__(thread)
        threading.Thread.__hash__ = _hash_of_thread  # type: ignore[method-assign]
    Future.__hash__ = _hash_of_future  # type: ignore[method-assign]
    return [
        (Future, "__init__", _numbered(Future.__init__)),
        (_futures_base._AcquireFutures, "__init__", _take_in_order),
    ]


@functools.lru_cache(4)
def _numbered(real: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(real)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if _current.current_unit() is not None:
            vars(self)[_NUMBER] = next(_numbers)
        real(self, *args, **kwargs)

    return __init__


def _hash_of_future(self: Any) -> int:
    number: int | None = vars(self).get(_NUMBER)
    return object.__hash__(self) if number is None else number


def _hash_of_thread(self: Any) -> int:
    """Return the thread's number, which it gets at the first call.

    That is when the thread is made: `Thread.__init__` puts it into a set of all threads.
    """
    known = self.__dict__
    number: int | None = known.get(_NUMBER)
    if number is None:
        number = next(_numbers) if _real.get_ident() in _current.units else object.__hash__(self)
        known[_NUMBER] = number
    return number


def _take_in_order(self: Any, futures: Iterable[Future[Any]]) -> None:
    """Take the futures in the order of their numbers; the real method locks them in the order of their addresses."""
    self.futures = sorted(futures, key=lambda future: (hash(future), id(future)))

"""Threads that are under control only for a while: they change over at a wait for one of our primitives.

A thread that was there before an execution, or that outlives it, waits without control in between. When an execution
begins, such a wait is taken over: the thread wakes and raises `Adopted`, and from then on waits under control. When the
execution ends, the thread raises `LetGo` where it waits, and from then on waits without control. In both cases the
primitive continues the same wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...interpreter._monotonic import real_monotonic
from ...scope import _real
from . import _current

if TYPE_CHECKING:
    from ...steps._operations import Operation
    from ._resources import Resource
    from ._units import Unit

_get_ident = _real.get_ident
_mutex = _real.real_lock()


class LetGo(BaseException):
    """Raised where a controlled thread waits, so that it continues its wait without control."""


class Adopted(BaseException):
    """Raised where a thread waits without control, so that it continues its wait as `unit`."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit


class TimeLimit:
    """The time limit of one wait, by turns without and under control.

    After each turn under control, all of `seconds` begin again. What is left of them would differ from run to run, and
    with it the order in which waits end. And a thread that polls would wake between two executions, out of sight.
    """

    __slots__ = ("_until", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: float | None = None

    def left(self) -> float:
        """Return the seconds that are left in real time; the first call begins them."""
        now = real_monotonic()
        if self._until is None:
            self._until = now + self.seconds
        return max(self._until - now, 0)

    def begin_again(self) -> None:
        """Let the next call of `left` begin the seconds again."""
        self._until = None


class RealWait:
    """A thread's wait without control, with what the thread would wait for, and do, under control."""

    __slots__ = ("gate", "limit", "operation", "resource", "unit", "withdraw")

    def __init__(
        self,
        gate: Any,
        limit: TimeLimit | None,
        operation: Operation,
        resource: Callable[[Unit], Resource],
        withdraw: Callable[[], bool],
    ) -> None:
        self.gate = gate
        self.limit = limit
        self.operation = operation
        #: Returns the resource that a unit waits for in place of the thread.
        self.resource = resource
        #: Takes the gate out of the queue in which it waits to be opened; returns False if it was already opened.
        self.withdraw = withdraw
        self.unit: Unit | None = None

    def wait(self) -> bool:
        """Wait until the gate is opened; return False if the time limit expired before.

        Raises `Adopted` if an execution takes the wait over.
        """
        ident = _get_ident()
        have_waited.add(ident)
        with _mutex:
            real_waits[ident] = self
        settled()
        try:
            opened: bool = self.gate.acquire(True, -1 if self.limit is None else self.limit.left())
        finally:
            with _mutex:
                real_waits.pop(ident, None)
                unit = self.unit
        if unit is not None:
            raise Adopted(unit)
        return opened

    def take_over(self, ident: int, unit: Unit) -> bool:
        """Let the waiting thread continue as `unit`; return False if it was already woken.

        Called in the thread that begins an execution.
        """
        with _mutex:
            if real_waits.get(ident) is not self or not self.withdraw():
                return False
            self.unit = unit
        if self.limit is not None:
            self.limit.begin_again()
        return True


#: The waits without control that could be taken over, by thread identifier.
real_waits: dict[int, RealWait] = {}
#: Identifiers of threads that have waited in this way, and may do so again.
have_waited: set[int] = set()

#: By identifier of a thread that is let go or adopted, the lock at which the thread that does so waits.
_settling: dict[int, Any] = {}


def settled() -> None:
    """Note, in a thread that was let go or adopted, that from here on every wake-up reaches it."""
    waiting = _settling.pop(_get_ident(), None)
    if waiting is not None:
        waiting.release()


def _settling_of(ident: int) -> Callable[[], object]:
    lock = _real.new_gate()
    _settling[ident] = lock
    return lambda: lock.acquire(timeout=_PATIENCE)


def let_go(unit: Unit) -> Callable[[], object]:
    """Let a parked thread continue without control; return a function that waits until no event can escape it."""
    settling = _settling_of(unit.half.ident)
    unit.at_large = unit.special = True
    if _current.units[unit.half.ident] is unit:
        del _current.units[unit.half.ident]
    unit.half.gate.release()
    return settling


def wake_adopted(wait: RealWait, unit: Unit) -> Callable[[], object]:
    """Wake a thread whose wait was taken over; return a function that waits until it is parked as `unit`."""
    settling = _settling_of(unit.half.ident)
    wait.gate.release()
    return settling


#: Real seconds to wait until a thread that was let go or adopted is settled; then it is not waited for any more.
_PATIENCE = 1.0


def in_queue(gates: Any, gate: Any) -> Callable[[], bool]:
    """Return a function that takes `gate` out of its queue, or returns False if it is not there any more."""

    def withdraw() -> bool:
        try:
            gates.remove(gate)
        except ValueError:
            return False
        return True

    return withdraw

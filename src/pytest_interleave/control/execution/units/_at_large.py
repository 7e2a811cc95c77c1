"""Threads that are under control only for a while: where they change over, at a wait for one of our primitives.

A thread that was there before an execution, or that outlives it, waits without control in between. As an execution
begins, such a wait is taken over: the thread wakes and raises `Adopted`, and from then on waits under control. As the
execution ends, it raises `LetGo` where it waits, and from then on waits without control. In both cases the primitive
goes on with the same wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...scope import _real
from . import _current

if TYPE_CHECKING:
    from ...steps._operations import Operation
    from ._resources import Resource
    from ._units import Unit

_get_ident = _real.get_ident
_mutex = _real.real_lock()


class LetGo(BaseException):
    """Raised where a controlled thread waits: it goes on to wait without control."""


class Adopted(BaseException):
    """Raised where a thread waits without control: it goes on to wait as `unit`."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit


class RealWait:
    """A thread that waits without control: what it would wait for, and what it would do, under control."""

    __slots__ = ("gate", "operation", "resource", "timeout", "unit", "withdraw")

    def __init__(
        self,
        gate: Any,
        timeout: float | None,
        operation: Operation,
        resource: Callable[[Unit], Resource],
        withdraw: Callable[[], bool],
    ) -> None:
        self.gate = gate
        self.timeout = timeout
        self.operation = operation
        #: Gives the resource that a unit waits for in its place.
        self.resource = resource
        #: Takes the gate out of where it waits to be opened; False if it was opened already.
        self.withdraw = withdraw
        self.unit: Unit | None = None

    def wait(self) -> bool:
        """Wait until the gate is opened; False where the time was over before.

        Raises `Adopted` where an execution takes the wait over.
        """
        ident = _get_ident()
        have_waited.add(ident)
        with _mutex:
            real_waits[ident] = self
        settled()
        try:
            opened: bool = self.gate.acquire(True, -1 if self.timeout is None else max(self.timeout, 0))
        finally:
            with _mutex:
                real_waits.pop(ident, None)
                unit = self.unit
        if unit is not None:
            raise Adopted(unit)
        return opened

    def take_over(self, ident: int, unit: Unit) -> bool:
        """In the thread that begins an execution: the waiting thread goes on as `unit`, unless it was woken already."""
        with _mutex:
            if real_waits.get(ident) is not self or not self.withdraw():
                return False
            self.unit = unit
        return True


#: By thread identifier, the waits without control that could be taken over.
real_waits: dict[int, RealWait] = {}
#: Identifiers of threads that have waited so, and may do so again.
have_waited: set[int] = set()

#: By thread identifier: the lock at which the thread that lets it go, or adopts it, waits.
_settling: dict[int, Any] = {}


def settled() -> None:
    """In a thread that was let go, or adopted: whatever wakes it from here on, reaches it."""
    waiting = _settling.pop(_get_ident(), None)
    if waiting is not None:
        waiting.release()


def _settling_of(ident: int) -> Callable[[], object]:
    lock = _real.new_gate()
    _settling[ident] = lock
    return lambda: lock.acquire(timeout=_PATIENCE)


def let_go(unit: Unit) -> Callable[[], object]:
    """Let a parked thread go on without control; the answer waits until nothing that happens can escape it."""
    settling = _settling_of(unit.half.ident)
    unit.at_large = unit.special = True
    if _current.units[unit.half.ident] is unit:
        del _current.units[unit.half.ident]
    unit.half.gate.release()
    return settling


def wake_adopted(wait: RealWait, unit: Unit) -> Callable[[], object]:
    """Wake a thread whose wait was taken over; the answer waits until it is parked as `unit`."""
    settling = _settling_of(unit.half.ident)
    wait.gate.release()
    return settling


#: Real seconds for a thread that was let go, or adopted.
_PATIENCE = 1.0


def in_queue(gates: Any, gate: Any) -> Callable[[], bool]:
    """For a gate that waits in a queue: takes it out; False if it is not there any more."""

    def withdraw() -> bool:
        try:
            gates.remove(gate)
        except ValueError:
            return False
        return True

    return withdraw

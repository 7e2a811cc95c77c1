"""`threading.Barrier` under control."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import LetGo, settled
from ..scope import _real
from ..scope._places import made_here
from ..steps._kinds import ABORT, ACTED, ARRIVE, BROKEN, PASS, RESET
from ..steps._operations import Operation
from ._dispatch import Primitive
from ._lazycondition import HasLazyCondition
from ._shared import PartOf, made_text

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealBarrier = threading.Barrier
BrokenBarrierError = threading.BrokenBarrierError
_units = _current.units
_get_ident = _real.get_ident

_FILLING, _BROKEN = 0, -2


class _Round(PartOf):
    """One filling of the barrier: the threads that wait in it continue together."""

    __slots__ = ("broken", "tripped")

    def __init__(self, barrier: Barrier) -> None:
        super().__init__(barrier)
        self.tripped = False
        self.broken = False

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        return self.tripped or self.broken


class Barrier(HasLazyCondition, RealBarrier, metaclass=Primitive):
    """A point that a fixed number of threads pass together; arriving is one operation."""

    # The module that messages and users know.
    __module__ = "threading"

    def __init__(self, parties: int, action: Callable[[], None] | None = None, timeout: float | None = None) -> None:
        if parties < 1:
            raise ValueError("parties must be >= 1")
        self._action = action
        self._timeout = timeout
        self._parties = parties
        self._state = _FILLING
        self._count = 0
        self._round = _Round(self)
        #: The last round that tripped: threads that have not left it yet fail if the barrier is aborted.
        self._leaving: _Round | None = None
        self.made = made_here()

    def wait(self, timeout: float | None = None) -> int:
        """See `threading.Barrier.wait`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            return super().wait(timeout)
        execution = unit.execution
        if timeout is None:
            timeout = self._timeout
        frame = sys._getframe(1)
        execution.point(unit, Operation(ARRIVE, self, frame.f_code, frame.f_lasti))
        if self._state < _FILLING:
            raise BrokenBarrierError
        index = self._count
        self._count += 1
        this = self._round
        if self._count == self._parties:
            self._trip_controlled(unit, this)
            return index
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        passed = Operation(PASS, self, frame.f_code, frame.f_lasti)
        try:
            in_time = execution.wait_for(unit, passed, this, deadline)
        except LetGo:
            if this is self._round:
                self._count -= 1
            settled()
            return super().wait(timeout)
        except BaseException:
            # The thread is being ended. It counts as if it had never arrived: others may use the barrier later.
            if this is self._round:
                self._count -= 1
            raise
        if not in_time:
            execution.mark(unit, Operation(BROKEN, self, frame.f_code, frame.f_lasti))
            self._break_controlled(unit)
        if this.broken:
            raise BrokenBarrierError
        return index

    def _trip_controlled(self, unit: Unit, this: _Round) -> None:
        try:
            if self._action is not None:
                # Not at the top: it imports much that is not needed without a test under control.
                from ..instrumentation._announced import announce_call

                announce_call(self._action, ())
                self._action()
                # The threads that continue know what the action has done.
                frame = sys._getframe(1)
                unit.execution.mark(unit, Operation(ACTED, self, frame.f_code, frame.f_lasti))
        except BaseException:
            frame = sys._getframe(1)
            unit.execution.mark(unit, Operation(BROKEN, self, frame.f_code, frame.f_lasti))
            self._break_controlled(unit)
            raise
        this.tripped = True
        self._leaving = this
        self._next_round(unit, this)

    def _next_round(self, unit: Unit, this: _Round) -> None:
        self._round = _Round(self)
        self._count = 0
        if this.waiting:
            unit.execution.enabled.refresh(this)

    def _break_controlled(self, unit: Unit) -> None:
        self._state = _BROKEN
        leaving, this = self._leaving, self._round
        if leaving is not None and leaving.waiting:
            leaving.broken = True
        this.broken = True
        self._next_round(unit, this)

    def reset(self) -> None:
        """See `threading.Barrier.reset`."""
        unit = _units[_get_ident()]
        if unit is None:
            super().reset()
            return
        frame = sys._getframe(1)
        unit.execution.point(unit, Operation(RESET, self, frame.f_code, frame.f_lasti))
        this = self._round
        this.broken = True
        self._state = _FILLING
        self._next_round(unit, this)

    def abort(self) -> None:
        """See `threading.Barrier.abort`."""
        unit = _units[_get_ident()]
        if unit is None:
            super().abort()
            return
        frame = sys._getframe(1)
        unit.execution.point(unit, Operation(ABORT, self, frame.f_code, frame.f_lasti))
        self._break_controlled(unit)

    def describe(self) -> str:
        """Return a text for messages: what it is, where it was created, and which threads wait."""
        here = ", ".join(waiter.name for waiter in self._round.waiting)
        return f"Barrier{made_text(self.made)}: {self._count} of {self._parties} arrived ({here})"

    def __repr__(self) -> str:
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        if self.broken:
            return f"<{name} at {id(self):#x}: broken>"
        return f"<{name} at {id(self):#x}: waiters={self.n_waiting}/{self.parties}>"

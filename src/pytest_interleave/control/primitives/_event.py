"""`threading.Event` under control."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import Adopted, LetGo, RealWait, TimeLimit, in_queue, settled
from ..scope import _real
from ..scope._places import made_here
from ..scope._real import new_gate
from ..steps._kinds import CLEAR, IS_SET, SET, WAIT
from ..steps._operations import Operation
from ._dispatch import Primitive
from ._endable import slicing
from ._lazycondition import HasLazyCondition
from ._shared import Made, PartOf

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealEvent = threading.Event
_units = _current.units
_get_ident = _real.get_ident


class _Wait(PartOf):
    """Threads that wait at the same time: one `set` lets all of them continue, even if `clear` follows at once."""

    waits_at_large = True

    __slots__ = ("released",)

    def __init__(self, event: Event) -> None:
        super().__init__(event)
        self.released = False

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        return self.released or self.primitive._flag


class Event(HasLazyCondition, Made, RealEvent, metaclass=Primitive):
    """A flag that threads can wait for."""

    # The module that messages and users know.
    __module__ = "threading"
    called = "Event"

    def __init__(self) -> None:
        self._flag = False
        #: Made by the first thread that waits, and again after each `set`.
        self._wait: _Wait | None = None
        self.made = made_here()

    def is_set(self) -> bool:
        """See `threading.Event.is_set`."""
        unit = _units[_get_ident()]
        if unit is not None:
            frame = sys._getframe(1)
            unit.execution.point(unit, Operation(IS_SET, self, frame.f_code, frame.f_lasti, mutates=False))
        elif watching:
            note_foreign()
        return self._flag

    def set(self) -> None:
        """See `threading.Event.set`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            super().set()
            self._release_waiting()
            return
        frame = sys._getframe(1)
        unit.execution.point(unit, Operation(SET, self, frame.f_code, frame.f_lasti))
        self._flag = True
        released = self._release_waiting()
        if released is not None:
            unit.execution.enabled.refresh(released)
        self._wake_real_waiters()

    def _release_waiting(self) -> _Wait | None:
        this = self._wait
        if this is not None:
            this.released = True
            self._wait = None
        return this

    def clear(self) -> None:
        """See `threading.Event.clear`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            super().clear()
            return
        frame = sys._getframe(1)
        unit.execution.point(unit, Operation(CLEAR, self, frame.f_code, frame.f_lasti))
        self._flag = False
        if self._wait is not None:
            # These threads announced their wait while the event was set, but have not completed it.
            unit.execution.enabled.refresh(self._wait)

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Event.wait`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            if slicing:
                return super().wait(timeout)
            frame = sys._getframe(1)
            return self._wait_really(timeout, Operation(WAIT, self, frame.f_code, frame.f_lasti, mutates=False))
        frame = sys._getframe(1)
        execution = unit.execution
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        operation = Operation(WAIT, self, frame.f_code, frame.f_lasti, mutates=False)
        try:
            return execution.wait_for(unit, operation, self._wait_as(unit), deadline)
        except LetGo:
            return self._wait_really(timeout, operation)

    def _wait_really(self, timeout: float | None, operation: Operation) -> bool:
        """Wait without control; return whether the event was set in time."""
        condition: Any = self._cond
        gate = new_gate()
        limit = None if timeout is None else TimeLimit(timeout)
        while True:
            with condition:
                if self._flag:
                    settled()
                    return True
                condition._waiters.append(gate)
            withdraw = in_queue(condition._waiters, gate)
            try:
                opened = RealWait(gate, limit, operation, self._wait_as, withdraw).wait()
            except Adopted as adopted:
                unit = adopted.unit
                try:
                    return unit.execution.resume(unit)
                except LetGo:
                    gate = new_gate()
                    continue
            if not opened:
                with condition:
                    withdraw()
            return opened

    def _wait_as(self, unit: Unit) -> _Wait:  # noqa: ARG002
        if self._wait is None:
            self._wait = _Wait(self)
        return self._wait

    def __repr__(self) -> str:
        status = "set" if self._flag else "unset"
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}: {status}>"

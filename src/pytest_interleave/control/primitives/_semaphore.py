"""`threading.Semaphore` and `threading.BoundedSemaphore` under control."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import Adopted, LetGo, RealWait, TimeLimit, in_queue, settled
from ..execution.units._unwind import Unwind
from ..scope import _real
from ..scope._places import made_here
from ..scope._real import new_gate
from ..steps._kinds import ACQUIRE, RELEASE
from ..steps._operations import Operation
from ._dispatch import Primitive
from ._endable import slicing
from ._lazycondition import HasLazyCondition
from ._shared import Made

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealSemaphore = threading.Semaphore
RealBoundedSemaphore = threading.BoundedSemaphore
_units = _current.units
_get_ident = _real.get_ident


class Semaphore(HasLazyCondition, Made, RealSemaphore, metaclass=Primitive):
    """A counting semaphore."""

    # The module that messages and users know.
    __module__ = "threading"

    #: For the scheduler: a thread that waits for it may continue its wait without control.
    waits_at_large = True

    _bound: int | None = None

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = value
        self.waiting: list[Unit] = []
        self.made = made_here()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """See `threading.Semaphore.acquire`."""
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            if slicing or not blocking:
                return super().acquire(blocking, timeout)
            frame = sys._getframe(1)
            return self._acquire_really(timeout, Operation(ACQUIRE, self, frame.f_code, frame.f_lasti))
        frame = sys._getframe(1)
        operation = Operation(ACQUIRE, self, frame.f_code, frame.f_lasti)
        execution = unit.execution
        if blocking:
            deadline = None if timeout is None else execution.clock.deadline(timeout)
            try:
                if not execution.wait_for(unit, operation, self, deadline):
                    return False
            except LetGo:
                return self._acquire_really(timeout, operation)
        else:
            operation.mutates = self._value > 0
            execution.point(unit, operation)
            if self._value <= 0:
                return False
        self._value -= 1
        if self.waiting:
            execution.enabled.refresh(self)
        return True

    __enter__ = acquire

    def _acquire_really(self, timeout: float | None, operation: Operation) -> bool:
        """Wait without control until the semaphore is acquired; return False if the timeout expires before."""
        condition: Any = self._cond
        limit = None if timeout is None else TimeLimit(timeout)
        while True:
            gate = new_gate()
            with condition:
                if self._value > 0:
                    self._value -= 1
                    settled()
                    return True
                condition._waiters.append(gate)
            withdraw = in_queue(condition._waiters, gate)
            try:
                opened = RealWait(gate, limit, operation, lambda _: self, withdraw).wait()
            except Adopted as adopted:
                unit = adopted.unit
                try:
                    if not unit.execution.resume(unit):
                        return False
                except LetGo:
                    continue
                self._value -= 1
                if self.waiting:
                    unit.execution.enabled.refresh(self)
                return True
            if not opened:
                with condition:
                    withdraw()
                return False

    def release(self, n: int = 1) -> None:
        """See `threading.Semaphore.release`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            super().release(n)
            return
        frame = sys._getframe(1)
        self._release(unit, n, Operation(RELEASE, self, frame.f_code, frame.f_lasti))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            super().release()
            return
        frame = sys._getframe(1)
        self._release(unit, 1, Operation(RELEASE, self, frame.f_code, frame.f_lasti))

    def _release(self, unit: Unit, n: int, operation: Operation) -> None:
        if n < 1:
            raise ValueError("n must be one or more")
        try:
            unit.execution.point(unit, operation)
        except Unwind:
            # What follows in the program may need it.
            self._value += n
            raise
        if self._bound is not None and self._value + n > self._bound:
            raise ValueError("Semaphore released too many times")
        self._value += n
        if self.waiting:
            unit.execution.enabled.refresh(self)
        self._wake_real_waiters()

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether the semaphore can be acquired now."""
        return self._value > 0

    @property
    def called(self) -> str:  # type: ignore[override]
        """The name in messages."""
        return type(self).__name__


class BoundedSemaphore(Semaphore, RealBoundedSemaphore):
    """A semaphore that refuses to be released more often than it was acquired."""

    # The module that messages and users know.
    __module__ = "threading"

    def __init__(self, value: int = 1) -> None:
        Semaphore.__init__(self, value)
        self._initial_value = value
        self._bound = value

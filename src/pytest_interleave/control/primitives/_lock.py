"""`threading.Lock` under control."""

from __future__ import annotations

import _thread
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import LetGo, settled
from ..execution.units._unwind import Unwind
from ..scope import _real
from ..scope._places import made_here
from ..steps._kinds import ACQUIRE, LOCKED, RELEASE, TRY_ACQUIRE, Kind
from ..steps._operations import ImpatientOperation, Operation
from ._dispatch import Primitive
from ._endable import acquire_in_slices, slicing
from ._shared import Owned

if TYPE_CHECKING:
    from ..execution._execution import Execution
    from ..execution.units._units import Unit

RealLock = _real.real_lock
_units = _current.units
_get_ident = _real.get_ident


class Lock(Owned, metaclass=Primitive):
    """A mutual exclusion lock; its state is that of a real lock, so that it serves threads of any kind."""

    # The module that messages and users know.
    __module__ = "_thread"
    called = "Lock"

    def __init__(self) -> None:
        self._real = RealLock()
        self.waiting: list[Unit] = []
        self.owner: Unit | None = None
        self.acquired: Operation | None = None
        self.made = made_here()
        #: By byte offset in the code that does it, the last operation there: in a loop it is the same one each time.
        self._operations: dict[int, Operation] = {}

    __slots__ = ("__weakref__", "_operations", "_real", "acquired", "made", "owner", "waiting")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.Lock.acquire`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            self.free_if_left_locked()
            if slicing:
                return acquire_in_slices(self._real.acquire, blocking, timeout)
            return self._real.acquire(blocking, timeout)
        frame = sys._getframe(1)
        execution = unit.execution
        try:
            if blocking and timeout == -1:
                operation = self._operation(ACQUIRE, frame, execution)
                execution.wait_for(unit, operation, self)
            else:
                check_timeout(blocking, timeout)
                operation = ImpatientOperation(ACQUIRE, self, frame.f_code, frame.f_lasti, mutates=False)
                if not blocking or timeout == 0:
                    operation.kind = TRY_ACQUIRE
                    execution.point(unit, operation)
                    if unit.at_large:
                        raise LetGo
                    if not self.available(unit):
                        return False
                elif not execution.wait_for(unit, operation, self, execution.clock.deadline(timeout)):
                    return False
        except LetGo:
            settled()
            return self.acquire(blocking, timeout)
        try:
            self.take(unit, operation)
        except RecursionError:
            # So near the end of the stack it cannot be completed: make it as if it had not started.
            if self.owner is unit:
                self.owner = None
                if self in unit.held:
                    unit.held.remove(self)
                self._real.release()
            raise
        return True

    __enter__ = acquire

    def release(self) -> None:
        """See `threading.Lock.release`."""
        unit = _units[_get_ident()]
        if unit is not None:
            execution = unit.execution
            try:
                execution.point(unit, self._operation(RELEASE, sys._getframe(1), execution))
            except (RecursionError, Unwind) as stopped:
                # What follows in the program may need the lock.
                if isinstance(stopped, RecursionError) or self.owner is unit:
                    # The real one needs no stack, and there may be none left even for a call of `drop`.
                    self._real.release()
                    if self.owner is not None:
                        self.owner.held.remove(self)
                        self.owner = None
                raise
            if execution.closing is not None and self.owner is not unit:
                # It unwinds out of a wait in which it had released the lock.
                return
        self.drop(unit)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Written out, like `release`: one call less at each end of a `with`, and near the end of the stack.
        unit = _units[_get_ident()]
        if unit is not None:
            execution = unit.execution
            try:
                execution.point(unit, self._operation(RELEASE, sys._getframe(1), execution))
            except (RecursionError, Unwind) as stopped:
                # What follows in the program may need the lock.
                if isinstance(stopped, RecursionError) or self.owner is unit:
                    # The real one needs no stack, and there may be none left even for a call of `drop`.
                    self._real.release()
                    if self.owner is not None:
                        self.owner.held.remove(self)
                        self.owner = None
                raise
            if execution.closing is not None and self.owner is not unit:
                return
        self.drop(unit)

    def locked(self) -> bool:
        """See `threading.Lock.locked`."""
        unit = _units[_get_ident()]
        if unit is not None:
            frame = sys._getframe(1)
            unit.execution.point(unit, Operation(LOCKED, self, frame.f_code, frame.f_lasti, mutates=False))
        return self._real.locked()

    # The old names, which the real ones still have.
    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def _operation(self, kind: Kind, frame: FrameType, execution: Execution) -> Operation:
        lasti = frame.f_lasti
        known = self._operations.get(lasti)
        if known is not None and known.code is frame.f_code and known.kind is kind and not execution.detail:
            return known
        operation = Operation(kind, self, frame.f_code, lasti, mutates=False)
        if not execution.detail:
            # In detail, each operation keeps where it was called from.
            self._operations[lasti] = operation
        return operation

    # -- for the scheduler, and for conditions ---------------------------------------------------------------

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether the lock is free. A lock left locked by an earlier execution is free."""
        return not self._real.locked() or self.free_if_left_locked()

    def take(self, unit: Unit, operation: Operation) -> None:
        """Acquire the lock for `unit` at once; it is known to be free."""
        if not self._real.acquire(False):
            # A thread that is not under control was faster; the others run meanwhile.
            outside = unit.execution.outside
            outside.leave(unit)
            try:
                self._real.acquire()
            finally:
                outside.come_back(unit)
        self.owner = unit
        if unit.held:
            unit.note_nesting(self)
        unit.held.append(self)
        self.acquired = operation
        if self.waiting:
            unit.execution.enabled.refresh(self)

    def drop(self, unit: Unit | None) -> None:
        """Release the lock at once."""
        self._real.release()
        owner = self.owner
        if owner is not None:
            owner.held.remove(self)
            if owner is not unit:
                owner.execution.signals.add(id(self))
            self.owner = None
        if unit is not None and self.waiting:
            unit.execution.enabled.refresh(self)

    def _at_fork_reinit(self) -> None:
        self._real = RealLock()
        self.owner = None

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle '_thread.lock' object")

    def __repr__(self) -> str:
        state = "locked" if self._real.locked() else "unlocked"
        return f"<{state} {type(self).__module__}.{type(self).__qualname__} object at {id(self):#x}>"


def check_timeout(blocking: bool, timeout: float) -> None:
    """Raise the errors that the real `acquire` raises for its arguments."""
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > _thread.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")

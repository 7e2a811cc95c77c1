"""`threading.RLock` under control."""

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
from ..steps._kinds import ACQUIRE, RELEASE, TRY_ACQUIRE
from ..steps._operations import ImpatientOperation, Operation
from ._dispatch import Primitive
from ._endable import acquire_in_slices, slicing
from ._lock import check_timeout
from ._shared import Owned

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealRLock = _thread.RLock
_units = _current.units
_get_ident = _real.get_ident


class RLock(Owned, metaclass=Primitive):
    """A re-entrant lock; its state is that of a real one, and its holder and count are known here, too."""

    # The module that messages and users know.
    __module__ = "_thread"

    __slots__ = ("__weakref__", "_count", "_holder", "_real", "acquired", "called", "made", "owner", "waiting")

    def __init__(self) -> None:
        self._real = RealRLock()
        self._holder: int | None = None
        self._count = 0
        self.waiting: list[Unit] = []
        self.owner: Unit | None = None
        self.acquired: Operation | None = None
        self.made = made_here()
        self.called = "RLock"

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.RLock.acquire`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            self.free_if_left_locked()
            if slicing:
                if not acquire_in_slices(self._real.acquire, blocking, timeout):
                    return False
            elif not self._real.acquire(blocking, timeout):
                return False
            self._holder = _get_ident()
            self._count += 1
            return True
        frame = sys._getframe(1)
        execution = unit.execution
        try:
            if blocking and timeout == -1:
                operation = Operation(ACQUIRE, self, frame.f_code, frame.f_lasti, mutates=False)
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
        count = self._count
        try:
            self.take(unit, operation)
        except RecursionError:
            # So near the end of the stack it cannot be completed: make it as if it had not started.
            if self._count > count:
                self._count = count
                if count == 0:
                    self._holder = self.owner = None
                    if self in unit.held:
                        unit.held.remove(self)
                self._real.release()
            raise
        return True

    __enter__ = acquire

    def release(self) -> None:
        """See `threading.RLock.release`."""
        self.__exit__(None, None, None, sys._getframe(1))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        caller: FrameType | None = None,
    ) -> None:
        frame = caller or sys._getframe(1)
        count = self._count
        try:
            self._release(frame.f_code, frame.f_lasti)
        except (RecursionError, Unwind):
            # What follows in the program may need the lock. The real one needs no stack, and there may be none left
            # even for a call of `drop`.
            if self._count == count > 0:
                self._count = count - 1
                if count == 1:
                    self._holder = None
                    if self.owner is not None:
                        self.owner.held.remove(self)
                        self.owner = None
                self._real.release()
            raise

    def _release(self, code: Any, lasti: int) -> None:
        unit = _units[_get_ident()]
        if not self._is_owned():
            if unit is not None and unit.execution.closing is not None:
                # It unwinds out of a wait in which it had released the lock.
                return
            raise RuntimeError("cannot release un-acquired lock")
        if unit is not None:
            unit.execution.point(unit, Operation(RELEASE, self, code, lasti, mutates=False))
        self.drop(unit)

    def locked(self) -> bool:
        """Whether the lock is held, see `threading.RLock.locked` (new in Python 3.14)."""
        return self._count > 0

    # -- for the scheduler, and for conditions ---------------------------------------------------------------

    def available(self, unit: Unit, /) -> bool:
        """Whether the lock is free, or already held by `unit`. One left locked by an earlier execution is free."""
        return self._count == 0 or self._is_held_by(unit) or self.free_if_left_locked()

    def _is_held_by(self, unit: Unit | None) -> bool:
        # The operating system gives identifiers of threads that have ended to new ones, so the owner decides.
        if unit is None:
            return self._holder == _get_ident()
        return self._holder == unit.half.ident and self.owner in (None, unit)

    def take(self, unit: Unit, operation: Operation) -> None:
        """Acquire the lock for `unit` at once; it is known to be available."""
        self._real.acquire()
        self._count += 1
        if self._count == 1:
            self._holder = unit.half.ident
            self.owner = unit
            if unit.held:
                unit.note_nesting(self)
            unit.held.append(self)
            self.acquired = operation
            if self.waiting:
                unit.execution.enabled.refresh(self)

    def drop(self, unit: Unit | None) -> None:
        """Release the lock a single time, at once."""
        self._count -= 1
        if self._count == 0:
            self._holder = None
            if self.owner is not None:
                self.owner.held.remove(self)
                self.owner = None
        self._real.release()
        if self._count == 0 and unit is not None and self.waiting:
            unit.execution.enabled.refresh(self)

    # -- methods that `threading.Condition` calls ------------------------------------------------------------

    def _is_owned(self) -> bool:
        return self._is_held_by(_units[_get_ident()])

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, Operation | None]:
        if self._count == 0:
            raise RuntimeError("cannot release un-acquired lock")
        saved = (self._count, self.acquired)
        unit = _units[_get_ident()]
        for _ in range(saved[0]):
            self.drop(unit)
        return saved

    def _acquire_restore(self, saved: tuple[int, Operation | None]) -> None:
        count, operation = saved
        unit = _units[_get_ident()]
        for _ in range(count):
            if unit is None or operation is None:
                self.acquire()
            else:
                self.take(unit, operation)

    def _at_fork_reinit(self) -> None:
        self._real = RealRLock()
        self._holder = None
        self._count = 0
        self.owner = None

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle '_thread.RLock' object")

    def __repr__(self) -> str:
        state = "locked" if self._count else "unlocked"
        owner = self._holder or 0
        return (
            f"<{state} {type(self).__module__}.{type(self).__qualname__} object "
            f"owner={owner} count={self._count} at {id(self):#x}>"
        )

"""`threading.Condition` under control."""

from __future__ import annotations

import functools
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..execution.units import _current
from ..execution.units._at_large import Adopted, LetGo, RealWait, TimeLimit, in_queue, settled
from ..scope import _real
from ..scope._places import made_here
from ..scope._real import new_gate
from ..steps._kinds import ACQUIRE, NOTIFY, NOTIFY_ALL, WAIT, WOKEN
from ..steps._operations import Operation
from ._dispatch import Primitive
from ._endable import shielded, slicing, wait_in_slices
from ._lock import Lock
from ._rlock import RLock
from ._shared import Made, PartOf

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealCondition = threading.Condition
_units = _current.units
_get_ident = _real.get_ident
_T = TypeVar("_T")


def _is_ours(lock: Any) -> bool:
    """Whether the lock is ours, so that the scheduler knows it; `isinstance` would count the real ones, too."""
    kinds = type(lock).__mro__
    return Lock in kinds or RLock in kinds


class _Waiter(PartOf):
    """One call of `wait`: it waits first for a notification, then for the lock."""

    waits_at_large = True

    __slots__ = ("notified", "unit")

    def __init__(self, condition: Condition, unit: Unit) -> None:
        super().__init__(condition)
        self.unit = unit
        self.notified = False

    def available(self, unit: Unit, /) -> bool:
        if not (self.notified or unit.timed_out):
            return False
        lock = self.primitive._lock
        return lock.available(unit) if _is_ours(lock) else True

    def expire(self, unit: Unit, /) -> None:
        if self.notified:
            # In time, but it has not run since: its lock is not ours, or an uncontrolled thread has notified it.
            unit.operation.expired_at = unit.deadline = None
            self.go_for_lock()
        else:
            self.primitive._parked.remove(self)
            self.go_for_lock(timed_out=True)

    def go_for_lock(self, *, timed_out: bool = False) -> None:
        lock = self.primitive._lock
        execution = self.unit.execution
        if _is_ours(lock):
            execution.enabled.move(self.unit, lock)
            self.unit.deadline = None
        elif timed_out:
            execution.enabled.time_out(self.unit)
        else:
            execution.enabled.refresh(self)


class Condition(Made, RealCondition, metaclass=Primitive):
    """A condition variable: waiting is one operation, whatever the lock."""

    _lock: Any

    # The module that messages and users know.
    __module__ = "threading"
    called = "Condition"
    event = "notify() on "

    def __init__(self, lock: Any = None) -> None:
        made: Any = RLock() if lock is None else lock
        if lock is None and type(made) is RLock:
            # No other code has this lock: to hold it is to hold the condition.
            made.called = "Condition"
        super().__init__(made)
        self._parked: deque[_Waiter] = deque()
        self.made = made_here()

    def __enter__(self) -> bool:
        """Take the lock; the place of the operation is in the caller, not in a line of `threading`."""
        unit = _units[_get_ident()]
        lock = self._lock
        if unit is None or type(lock) not in (Lock, RLock):
            return super().__enter__()
        frame = sys._getframe(1)
        operation = Operation(ACQUIRE, lock, frame.f_code, frame.f_lasti, mutates=False)
        try:
            unit.execution.wait_for(unit, operation, lock)
        except LetGo:
            settled()
            return super().__enter__()
        lock.take(unit, operation)
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Condition.wait`."""
        unit = _units[_get_ident()]
        if unit is None and slicing:
            return wait_in_slices(self, timeout)
        if not self._is_owned():  # type: ignore[attr-defined]
            raise RuntimeError("cannot wait on un-acquired lock")
        frame = sys._getframe(1)
        operation = Operation(WAIT, self, frame.f_code, frame.f_lasti)
        if unit is not None:
            return self._wait(unit, timeout, operation)
        gate = new_gate()
        self._waiters.append(gate)  # type: ignore[attr-defined]
        return self._go_on(gate, self._release_save(), timeout, operation)  # type: ignore[attr-defined]

    def _wait(self, unit: Unit, timeout: float | None, operation: Operation) -> bool:
        execution = unit.execution
        lock = self._lock
        # No choice here: the thread holds the lock, and releases it and waits in one step.
        execution.mark(unit, operation)
        saved = self._release_save()  # type: ignore[attr-defined]
        waiter = _Waiter(self, unit)
        self._parked.append(waiter)
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        woken = Operation(WOKEN, self, operation.code, operation.lasti)

        def wait() -> None:
            if deadline is not None and deadline <= execution.clock.elapsed:
                # It is not willing to wait: it gives the lock to others and takes it back.
                if _is_ours(lock):
                    execution.wait_for(unit, woken, lock)
                else:
                    execution.wait_for(unit, woken, waiter, deadline)
                if waiter in self._parked:
                    self._parked.remove(waiter)
            else:
                execution.wait_for(unit, woken, waiter, deadline)

        notified = self._wait_under_control(waiter, saved, operation, wait)
        if notified is not None:
            return notified
        return self._go_on(self._gate_in_place_of(waiter), saved, timeout, operation)

    def _go_on(self, gate: Any, saved: Any, timeout: float | None, operation: Operation) -> bool:
        """Continue a wait, by turns without and under control; the lock has been released."""
        limit = None if timeout is None else TimeLimit(timeout)
        while True:
            found = self._wait_without_control(gate, saved, limit, operation)
            if type(found) is not _Waiter:
                return bool(found)
            unit = found.unit
            resume = functools.partial(unit.execution.resume, unit)
            notified = self._wait_under_control(found, saved, operation, resume)
            if notified is not None:
                return notified
            gate = self._gate_in_place_of(found)

    def _gate_in_place_of(self, waiter: _Waiter) -> Any:
        """Return the gate at which a thread waits that is not under control any more."""
        gate = new_gate()
        if waiter in self._parked:
            self._parked.remove(waiter)
            self._waiters.append(gate)  # type: ignore[attr-defined]
        else:
            # The thread was notified, and only waits for the lock.
            gate.release()
        return gate

    def _wait_without_control(
        self, gate: Any, saved: Any, limit: TimeLimit | None, operation: Operation
    ) -> bool | _Waiter:
        """Return whether the gate was opened in time, or a waiter if an execution has taken the wait over."""
        gates = self._waiters  # type: ignore[attr-defined]
        waiters: list[_Waiter] = []

        def wait_as(unit: Unit) -> _Waiter:
            waiter = _Waiter(self, unit)
            waiters.append(waiter)
            self._parked.append(waiter)
            return waiter

        woken = Operation(WOKEN, self, operation.code, operation.lasti)
        opened = False
        try:
            opened = RealWait(gate, limit, woken, wait_as, in_queue(gates, gate)).wait()
        except Adopted:
            return waiters[-1]
        finally:
            if not waiters:
                with shielded():
                    self._acquire_restore(saved)  # type: ignore[attr-defined]
                if not opened and gate in gates:
                    gates.remove(gate)
        return opened

    def _wait_under_control(
        self, waiter: _Waiter, saved: Any, operation: Operation, wait: Callable[[], object]
    ) -> bool | None:
        """Return whether the thread was notified in time, or None if it is not under control any more."""
        lock = self._lock
        ours = _is_ours(lock)
        unit = waiter.unit
        try:
            wait()
        except LetGo:
            return None
        except BaseException:
            if waiter in self._parked:
                self._parked.remove(waiter)
            self._acquire_anyhow(unit, saved, ours)
            raise
        if ours and Lock in type(lock).__mro__:
            lock.take(unit, Operation(WOKEN, self, operation.code, operation.lasti))
        else:
            self._acquire_restore(saved)  # type: ignore[attr-defined]
        return waiter.notified

    def _acquire_anyhow(self, unit: Unit, saved: Any, ours: bool) -> None:
        """Take the lock if it is free, as an exception ended the wait: the caller still expects to hold it."""
        lock = self._lock
        if ours and not lock.available(unit):
            return
        if Lock in type(lock).__mro__:
            lock.take(unit, unit.operation)
        else:
            self._acquire_restore(saved)  # type: ignore[attr-defined]

    def wait_for(self, predicate: Callable[[], _T], timeout: float | None = None) -> _T:
        """See `threading.Condition.wait_for`."""
        unit = _units[_get_ident()]
        if unit is None:
            return super().wait_for(predicate, timeout)
        # Not at the top: it imports much that is not needed without a test under control.
        from ..instrumentation._announced import announce_call

        frame = sys._getframe(1)
        clock = unit.execution.clock
        end: int | None = None
        left = timeout
        announce_call(predicate, ())
        result = predicate()
        while not result:
            if unit.at_large:
                return super().wait_for(predicate, None if end is None else (end - clock.elapsed) / 1e9)
            # Like the real one, it waits at least once, even without any time left.
            if left is not None:
                if end is None:
                    end = clock.deadline(left)
                else:
                    left = (end - clock.elapsed) / 1e9
                    if left <= 0:
                        break
            if not self._is_owned():  # type: ignore[attr-defined]
                raise RuntimeError("cannot wait on un-acquired lock")
            self._wait(unit, left, Operation(WAIT, self, frame.f_code, frame.f_lasti))
            announce_call(predicate, ())
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """See `threading.Condition.notify`."""
        unit = _units[_get_ident()]
        if not self._is_owned():  # type: ignore[attr-defined]
            raise RuntimeError("cannot notify on un-acquired lock")
        if unit is not None:
            frame = sys._getframe(1)
            unit.execution.mark(unit, Operation(NOTIFY, self, frame.f_code, frame.f_lasti))
        self._notify(unit, n)

    def notify_all(self) -> None:
        """See `threading.Condition.notify_all`."""
        unit = _units[_get_ident()]
        if not self._is_owned():  # type: ignore[attr-defined]
            raise RuntimeError("cannot notify on un-acquired lock")
        if unit is not None:
            frame = sys._getframe(1)
            unit.execution.mark(unit, Operation(NOTIFY_ALL, self, frame.f_code, frame.f_lasti))
        self._notify(unit, len(self._parked) + len(self._waiters))  # type: ignore[attr-defined]

    def _notify(self, unit: Unit | None, n: int) -> None:
        parked = self._parked
        while parked and n > 0:
            waiter = parked.popleft()
            n -= 1
            waiter.notified = True
            if unit is not None and waiter.unit.execution is unit.execution:
                waiter.go_for_lock()
        if n > 0 and self._waiters:  # type: ignore[attr-defined]
            super().notify(n)

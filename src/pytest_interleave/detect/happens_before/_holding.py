"""The locks that each unit holds, derived from the steps of an execution."""

from __future__ import annotations

from typing import Any

from ...control import Operation, Unit
from ...control.identity import bases_of, is_one_of
from ...control.primitives import Condition, Lock, RLock
from ...control.steps import kinds


class Holding:
    """The locks that units hold while an execution is followed step by step.

    The log does not say whether an attempt to take a lock succeeded. It did if no other unit held the lock then.
    """

    def __init__(self) -> None:
        #: By address of the lock: the index of the unit that holds it, and how often.
        self._holders: dict[int, tuple[int, int]] = {}
        #: By index of the unit: its locks by their addresses, in the order in which they were taken.
        self._locks: dict[int, dict[int, Any]] = {}
        #: By unit and address of a lock: how often a unit that waits at a condition held the condition's lock.
        self._given_up: dict[tuple[int, int], int] = {}

    def of(self, unit: Unit) -> list[Any]:
        """Return the locks that a unit holds, in the order in which they were taken."""
        return list(self._locks.get(unit.index, {}).values())

    def holds(self, unit: Unit, lock: Any) -> bool:
        """Whether a unit holds a lock."""
        return self._holders.get(id(lock), (None,))[0] == unit.index

    @property
    def now(self) -> dict[tuple[int, int], Any]:
        """All locks that are held, by index of the unit and address of the lock."""
        return {(thread, address): lock for thread, locks in self._locks.items() for address, lock in locks.items()}

    def follow(self, unit: Unit, operation: Operation) -> None:
        """Take a step into account."""
        kind = operation.kind
        if kind in kinds.ACQUIRING or kind == kinds.RELEASE:
            if is_lock(operation.target):
                (self._release if kind == kinds.RELEASE else self._acquire)(unit, operation.target)
        elif kind in kinds.WITH_LOCK:
            # Events have waits of this kind, too, but no lock.
            condition = operation.target
            lock = condition._lock if is_one_of(Condition, *bases_of(type(condition))) else None
            if is_lock(lock):
                (self._wait if kind in kinds.GIVING_LOCKS else self._wake)(unit, lock)

    def _acquire(self, unit: Unit, lock: Any) -> None:
        holder, count = self._holders.get(id(lock), (unit.index, 0))
        if holder == unit.index:
            self._take(unit, lock, count + 1 if is_one_of(RLock, *bases_of(type(lock))) else 1)

    def _release(self, unit: Unit, lock: Any) -> None:
        holder, count = self._holders.get(id(lock), (unit.index, 1))
        if count > 1:
            self._holders[id(lock)] = (holder, count - 1)
        else:
            self._drop(holder, lock)

    def _wait(self, unit: Unit, lock: Any) -> None:
        if self.holds(unit, lock):
            self._given_up[unit.index, id(lock)] = self._holders[id(lock)][1]
            self._drop(unit.index, lock)

    def _wake(self, unit: Unit, lock: Any) -> None:
        self._take(unit, lock, self._given_up.pop((unit.index, id(lock)), 1))

    def _take(self, unit: Unit, lock: Any, count: int) -> None:
        self._holders[id(lock)] = (unit.index, count)
        self._locks.setdefault(unit.index, {})[id(lock)] = lock

    def _drop(self, holder: int, lock: Any) -> None:
        self._holders.pop(id(lock), None)
        self._locks.get(holder, {}).pop(id(lock), None)


def is_lock(target: Any) -> bool:
    """Whether an object is one of this package's locks, or of a class derived from one."""
    kind = type(target)
    return kind is Lock or kind is RLock or any(is_one_of(base, Lock, RLock) for base in bases_of(kind))

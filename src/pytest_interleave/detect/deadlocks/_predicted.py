"""A deadlock that has not happened: the threads that would wait for each other, and their places."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType
from typing import Any, NamedTuple

from ...control import Path, PendingOperation
from ...control.scope import place_of_code
from ...control.steps import kinds

#: An instruction: its code and its offset there, the same in every execution.
Site = tuple[CodeType, int]


def can_wait(operation: PendingOperation) -> bool:
    """Whether an operation takes a lock, and waits for it without a time limit."""
    return operation.patient and operation.kind in kinds.TAKING_LOCKS


class LockName(NamedTuple):
    """A name for a lock that is the same in every execution: its type, and the instruction that made it."""

    type: str
    made: Site | None

    @classmethod
    def of(cls, lock: Any) -> LockName:
        """Return the name of `lock`. Locks that were made by the same instruction have the same name."""
        return cls(lock.called, lock.made)


class Part(NamedTuple):
    """One thread's part in a deadlock: it holds a lock that the thread before it wants, and wants that of the next."""

    path: Path
    thread: str
    holds: LockName
    #: The instruction that took the lock that it holds.
    outer: Site
    #: The instruction that would wait for the other lock.
    inner: Site
    #: How often the thread has then reached `inner` with a lock taken at `outer`, from 1.
    occurrence: int


class PredictedDeadlock(NamedTuple):
    """Threads of a possible circular wait; each wants the lock that the next one holds.

    It means the same in every execution of the test.
    """

    parts: tuple[Part, ...]

    @property
    def identity(self) -> object:
        """A value that is equal for predictions in which the same threads are at the same places."""
        return _rotated([(part.path, *_places(part)) for part in self.parts])

    @property
    def places(self) -> object:
        """A value that is equal for predictions that differ only in the threads."""
        return _rotated([_places(part) for part in self.parts])

    def __str__(self) -> str:
        locks = [f"{part.holds.type} #{number}" for number, part in enumerate(self.parts, start=1)]
        lines = [
            f"  {part.thread} locks {holds} ({place_of_code(*part.outer)}), then {wants} ({place_of_code(*part.inner)})"
            for part, holds, wants in zip(self.parts, locks, (*locks[1:], locks[0]), strict=True)
        ]
        lines += [
            f"  {lock} was created at {place_of_code(*part.holds.made)}"
            for part, lock in zip(self.parts, locks, strict=True)
            if part.holds.made is not None
        ]
        kind = "lock-order inversion" if len(locks) == 2 else f"circular wait on {len(locks)} locks"
        return "\n".join((kind, *lines))


def _places(part: Part) -> tuple[Any, ...]:
    return (_key(part.outer), _key(part.inner), part.holds.made and _key(part.holds.made))


def _key(site: Site) -> tuple[int, int]:
    # Comparing code objects would compare everything that is in them.
    return (id(site[0]), site[1])


def _rotated(circle: Sequence[Any]) -> tuple[Any, ...]:
    """Return a tuple that is the same wherever the circle begins."""
    turns = [(*circle[start:], *circle[:start]) for start in range(len(circle))]
    return min(turns, key=repr)

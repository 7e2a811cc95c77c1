"""A deadlock that has not happened: which threads would wait for each other, and where."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType
from typing import Any, NamedTuple

from ...control import Path, PendingOperation
from ...control.scope import place_of_code
from ...control.steps import kinds

#: An instruction, which is the same one in every execution.
Site = tuple[CodeType, int]


def can_wait(operation: PendingOperation) -> bool:
    """Whether an operation that takes a lock waits for it as long as it must."""
    return operation.patient and operation.kind in kinds.TAKING_LOCKS


class LockName(NamedTuple):
    """A lock, as far as it is the same in every execution."""

    type: str
    made: Site | None

    @classmethod
    def of(cls, lock: Any) -> LockName:
        """The name of `lock`; all that were made by the same instruction have the same."""
        return cls(lock.called, lock.made)

    def text(self, number: str = "") -> str:
        """For messages."""
        made = "" if self.made is None else f" (made at {place_of_code(*self.made)})"
        return f"{self.type}{number}{made}"


class Part(NamedTuple):
    """What one thread does in it: it holds a lock, which the thread before it wants, and wants that of the next."""

    path: Path
    thread: str
    holds: LockName
    #: Where it has taken the lock that it holds.
    outer: Site
    #: Where it would wait for the other one.
    inner: Site
    #: The how many-th time it is that the thread comes to `inner` with a lock taken at `outer`, from 1.
    occurrence: int


class PredictedDeadlock(NamedTuple):
    """Threads that would wait for each other in a circle; each wants what the next one holds.

    It means the same in every execution of the test.
    """

    parts: tuple[Part, ...]

    @property
    def identity(self) -> object:
        """Equal for predictions in which the same threads are at the same places."""
        return _rotated([(part.path, *_places(part)) for part in self.parts])

    @property
    def places(self) -> object:
        """Equal for predictions that differ only in the threads."""
        return _rotated([_places(part) for part in self.parts])

    def __str__(self) -> str:
        names = [part.holds.text() for part in self.parts]
        if len(set(names)) < len(names):
            names = [part.holds.text(f" {number}") for number, part in enumerate(self.parts, start=1)]
        return "; ".join(
            f"thread {part.thread!r} takes {wants} at {place_of_code(*part.inner)} while it holds {holds}, "
            f"taken at {place_of_code(*part.outer)}"
            for part, holds, wants in zip(self.parts, names, (*names[1:], names[0]), strict=True)
        )


def _places(part: Part) -> tuple[Any, ...]:
    return (_key(part.outer), _key(part.inner), part.holds.made and _key(part.holds.made))


def _key(site: Site) -> tuple[int, int]:
    # To compare code objects is to compare all that is in them.
    return (id(site[0]), site[1])


def _rotated(circle: Sequence[Any]) -> tuple[Any, ...]:
    """The same for a circle wherever it begins."""
    turns = [(*circle[start:], *circle[:start]) for start in range(len(circle))]
    return min(turns, key=repr)

"""The last step of another thread that touched an object so that the two conflict."""

from __future__ import annotations

from typing import Any


class _OfTwo:
    """The latest steps of two threads. For any thread, one of them is the latest step of all other threads."""

    __slots__ = ("_first", "_second")

    def __init__(self) -> None:
        #: Thread and number of the later one, and of the other one.
        self._first = (-1, -1)
        self._second = (-1, -1)

    def add(self, thread: int, number: int) -> None:
        if thread != self._first[0]:
            self._second = self._first
        self._first = (thread, number)

    def of_another(self, thread: int) -> int:
        return (self._first if self._first[0] != thread else self._second)[1]


class Latest:
    """The latest steps that touched an object, by part of it."""

    __slots__ = ("_all", "_parts")

    def __init__(self) -> None:
        #: By part: the steps that read it, and those that changed it.
        self._parts: dict[Any, tuple[_OfTwo, _OfTwo]] = {}
        #: The same for all parts together.
        self._all = (_OfTwo(), _OfTwo())

    def add(self, thread: int, part: Any, number: int, *, writes: bool) -> None:
        """Add the next step; numbers rise."""
        of_part = self._parts.get(part)
        if of_part is None:
            of_part = self._parts[part] = (_OfTwo(), _OfTwo())
        for steps in (of_part, self._all):
            steps[writes].add(thread, number)

    def conflicting(self, thread: int, part: Any, *, writes: bool) -> int:
        """Return the number of the latest step of another thread that conflicts with an access; -1 if there is none."""
        found = -1
        of_parts = (self._all,) if part is None else (self._parts.get(part), self._parts.get(None))
        for steps in of_parts:
            if steps is not None:
                found = max(found, steps[1].of_another(thread), steps[0].of_another(thread) if writes else -1)
        return found

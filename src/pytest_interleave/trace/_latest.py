"""Which step of another thread touched an object last, so that the two conflict."""

from __future__ import annotations

from typing import Any


class _OfTwo:
    """The latest steps of two threads: whichever thread asks, one of them is the latest of all others."""

    __slots__ = ("_first", "_second")

    def __init__(self) -> None:
        #: Thread and number; the later one first.
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
        #: Of each part: those that read it, and those that changed it.
        self._parts: dict[Any, tuple[_OfTwo, _OfTwo]] = {}
        #: Of all parts together.
        self._all = (_OfTwo(), _OfTwo())

    def add(self, thread: int, part: Any, number: int, *, writes: bool) -> None:
        """The next one; numbers rise."""
        of_part = self._parts.get(part)
        if of_part is None:
            of_part = self._parts[part] = (_OfTwo(), _OfTwo())
        for steps in (of_part, self._all):
            steps[writes].add(thread, number)

    def conflicting(self, thread: int, part: Any, *, writes: bool) -> int:
        """The number of the latest one of another thread that conflicts with this; -1 if there is none."""
        found = -1
        of_parts = (self._all,) if part is None else (self._parts.get(part), self._parts.get(None))
        for steps in of_parts:
            if steps is not None:
                found = max(found, steps[1].of_another(thread), steps[0].of_another(thread) if writes else -1)
        return found

"""The accesses of one execution by their steps, and what comes before and after each."""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence
from functools import cached_property

from ..causes._overlaps import Access, Thing, sources_of

#: At most this many accesses of a thread are examined.
_MOST_READS = 50


class Accesses:
    """The accesses of one execution, which has failed after `end` steps."""

    def __init__(self, things: Sequence[Sequence[tuple[Thing, Access]]], end: int) -> None:
        self._things = things
        self._end = end

    @cached_property
    def sources(self) -> dict[tuple[int, Thing], Access]:
        """For each access by position and thing, the last write before it to what it accesses."""
        return sources_of(self._things)

    def at(self, position: int) -> list[Access]:
        """Return the accesses of one step."""
        return [access for _, access in self._things[position]]

    def alike(self, access: Access) -> list[Access]:
        """Return the first accesses of all threads to the same part of the same thing."""
        thing = self._thing(access)
        found = () if thing is None else thing.overlapping(access)
        return list(itertools.islice(found, _MOST_READS))

    def source(self, access: Access) -> Access | None:
        """Return the write whose value a read has found; None if that is not known."""
        thing = self._thing(access)
        return None if thing is None else self.sources.get((access.position, thing))

    def before(self, access: Access) -> Access | None:
        """Return the last access of the same thread to the same part before `access`, if it is in the same function."""
        thing = self._thing(access)
        before = None if thing is None else thing.latest(access.thread, access.position, access)
        return before if before is not None and same_function(before, access) else None

    def source_in(self, access: Access, lines: Container[int]) -> Access | None:
        """Return the last read of the same thread and the same part up to `access` that is at one of these lines.

        A change of it by the same thread at one of these lines ends the search.
        """
        thing = self._thing(access)
        for _ in range(_MOST_READS):
            if access.place.lineno in lines:
                return None if access.writes else access
            before = None if thing is None else thing.latest(access.thread, access.position, access)
            if before is None or before.place.filename != access.place.filename:
                return None
            access = before
        return None

    def write_after(self, access: Access) -> Access | None:
        """Return the next assignment of the same thread to the same part, if it is in the same function."""
        thing = self._thing(access)
        after = None if thing is None else thing.next(access.thread, access.position, access, assigned=True)
        return after if after is not None and after.position < self._end and same_function(access, after) else None

    def writes_between(self, first: Access, last: Access) -> bool:
        """Whether a thread assigns the part of two of its accesses in between."""
        thing = self._thing(first)
        own = None if thing is None else thing.next(first.thread, first.position + 1, first, assigned=True)
        return own is not None and own.position < last.position

    def written_together(self, access: Access, later: Access) -> tuple[Access, Access] | None:
        """Return two writes to another variable, before two writes of two threads to one: each thread writes to both.

        The thread of `later` writes to both in one function, the other one meanwhile. None if there are no such writes.
        """
        for position in range(access.position - 1, -1, -1):
            for thing, own in self._things[position]:
                if own.thread == later.thread and own.writes and same_function(own, later):
                    other = thing.next(access.thread, own.position, own, assigned=True)
                    is_between = other is not None and other.position < later.position
                    apart = thing is not self._thing(later) or own.part != later.part
                    return (own, other) if other is not None and is_between and apart else None
        return None

    def _thing(self, access: Access) -> Thing | None:
        return next((thing for thing, other in self._things[access.position] if other == access), None)


def same_function(first: Access, second: Access) -> bool:
    """Whether the lines of two accesses are in one function."""
    return first.place[::2] == second.place[::2]

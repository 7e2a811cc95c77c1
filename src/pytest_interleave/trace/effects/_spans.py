"""The lines over which a thread must hold a lock: from one of its accesses to another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...control import Place
from ..causes._overlaps import Access
from ..causes._places import at_place, short_place
from ..causes._primitive_turns import Turn
from ..words._words import Words


class Span(NamedTuple):
    """The lines of two accesses of one thread, or of the calls that these are in, if one function has both."""

    begin: Place
    end: Place

    @property
    def is_in_one_function(self) -> bool:
        """Whether one function has both lines; otherwise the caller is not known."""
        return self.begin[::2] == self.end[::2]

    @property
    def text(self) -> str:
        """The lines, for people."""
        if not self.is_in_one_function:
            return f"over {short_place(self.begin)} and {short_place(self.end)}"
        if self.begin.lineno == self.end.lineno:
            return at_place(self.begin, "around")
        return f"from {short_place(self.begin)} to {self.end.lineno}"

    @property
    def caller(self) -> str:
        """The clause that says where a lock must be held, if that is not in the function of the lines."""
        return "" if self.is_in_one_function else ", in their caller"

    def has(self, places: Sequence[Place]) -> bool:
        """Whether one of the calls that a step is in is at these lines."""
        if not self.is_in_one_function:
            return not {self.begin, self.end}.isdisjoint(places)
        return any(
            place[::2] == self.begin[::2] and self.begin.lineno <= place.lineno <= self.end.lineno for place in places
        )


def span_of(words: Words, first: Access | Turn, last: Access | Turn) -> Span:
    """Return the lines of two steps of one thread, in the innermost function whose call both are in."""
    begin, end = common_call(words.calls(first.position), words.calls(last.position)) or (first.place, last.place)
    if begin[::2] == end[::2] and end.lineno < begin.lineno:
        begin, end = end, begin
    return Span(begin, end)


def common_call(first: Sequence[Place], last: Sequence[Place]) -> tuple[Place, Place] | None:
    """Return where the innermost function that has called both accesses, or has them, does so; None if there is none.

    Each argument has the places of the calls that an access is in, from its own place outwards. Only the innermost of
    many calls are known.
    """
    for depth, inner in enumerate(first):
        for other, outer in enumerate(last):
            around = zip(first[depth + 1 :], last[other + 1 :], strict=False)
            if inner[::2] == outer[::2] and all(one == two for one, two in around):
                return inner, outer
    return None

"""The locks that threads held at the accesses of a bug: one that guards only one side helps if both hold it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...control import Operation, Step
from ...detect import Holding
from ..causes._overlaps import Access
from ..causes._places import short_place
from ..causes._sources import context_at, enters_context
from ._words import Words


class _Hold(NamedTuple):
    """A lock that a thread holds, and the position in the log of the step that took it."""

    lock: Any
    taken: int


class Guards:
    """The locks that were held at the steps of one execution."""

    def __init__(self, log: Sequence[Step], words: Words) -> None:
        self._log = log
        self._words = words

    def advice(self, first: Access, last: Access, other: Access) -> str:
        """Return what helps if the thread of `first` and `last`, or that of `other`, holds a lock there already.

        Empty if none does.
        """
        held = self._held_at({first.position, last.position, other.position})
        at_first, at_last, at_other = (held.get(each.position, {}) for each in (first, last, other))
        lines, caller = lines_of(first, last)
        where = short_place(other.place)
        for address, hold in at_first.items():
            if at_last.get(address) == hold and address not in at_other:
                owner = self._words.thread(first.position)
                return f"hold {self._name(hold)} at {where}, too, as {owner} does {lines}"
        for address, hold in at_other.items():
            if address in at_first and address in at_last:
                # Each step is guarded, but not both together.
                return f"hold {self._name(hold)} {lines}{caller}, without releasing it in between"
        for address, hold in at_other.items():
            if address not in at_first and address not in at_last:
                owner = self._words.thread(other.position)
                return f"hold {self._name(hold)} {lines}{caller}, too, as {owner} does at {where}"
        return ""

    def _name(self, hold: _Hold) -> str:
        operation = self._log[hold.taken][1]
        return context_at(operation.where()) or self._words.primitive(hold.taken)

    def _is_around(self, hold: _Hold, operation: Operation) -> bool:
        """Whether a lock was taken by the function of an access, or by a `with` statement of one that has called it.

        Otherwise it may be a part of another lock that the program has made.
        """
        taken = self._log[hold.taken][1].where()
        return taken[::2] == operation.where()[::2] or enters_context(taken)

    def _held_at(self, positions: Iterable[int]) -> dict[int, dict[int, _Hold]]:
        """Return the locks that the thread of each step holds then, by the position and by the lock's address."""
        wanted = set(positions)
        found: dict[int, dict[int, _Hold]] = {}
        holding = Holding()
        taken: dict[tuple[int, int], int] = {}
        for position in range(max(wanted) + 1):
            unit, operation, _ = self._log[position]
            if position in wanted:
                holds = [_Hold(lock, taken.get((unit.index, id(lock)), 0)) for lock in holding.of(unit)]
                found[position] = {id(hold.lock): hold for hold in holds if self._is_around(hold, operation)}
            if operation.target is not None:
                holding.follow(unit, operation)
                now = holding.now
                taken = {key: taken.get(key, position) for key in now}
        return found


def lines_of(first: Access, last: Access) -> tuple[str, str]:
    """Return the lines of two accesses of one thread, for people, and where a lock for both must be held."""
    if first.place[::2] != last.place[::2]:
        return f"over {short_place(first.place)} and {short_place(last.place)}", ", in their caller"
    begin, end = sorted((first.place, last.place), key=lambda place: place.lineno)
    if begin.lineno == end.lineno:
        return f"around {short_place(begin)}", ""
    return f"from {short_place(begin)} to {end.lineno}", ""

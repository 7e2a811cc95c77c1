"""The locks that threads held at the accesses of a bug: one that guards only one side helps if both hold it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...control import Operation, Place, Step
from ...control.identity import bases_of
from ...control.primitives import RLock
from ...detect import Holding
from ..causes._overlaps import Access
from ..causes._places import short_place
from ..causes._sources import context_at, enters_context
from ._spans import Span
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

    def advice(self, first: Access, last: Access, other: Access, span: Span) -> str:
        """Return what helps if the thread of `first` and `last`, or that of `other`, holds a lock there already.

        `span` are the lines over which one lock must be held. Empty if none of the accesses is guarded.
        """
        held = self._held_at({first.position, last.position, other.position})
        at_first, at_last, at_other = (held.get(each.position, {}) for each in (first, last, other))
        where = short_place(other.place)
        for address, hold in at_first.items():
            if at_last.get(address) == hold and address not in at_other:
                owner = self._words.thread(first.position)
                method = self._method(hold, self._words.calls(other.position)[0], private=True)
                if method:
                    return f"do what {where} does in {method}, as {owner} does {span.text}"
                return f"hold {self._name(hold)} at {where}, too, as {owner} does {span.text}"
        for address, hold in at_other.items():
            inside = [holds[address] for holds in (at_first, at_last) if address in holds]
            lines = f"{span.text}{span.caller}"
            taken_by_thread = inside[0] if inside else hold
            # Otherwise, a thread that holds it there would wait for itself in a function that it calls.
            again = any(self._is_taken_below(each, span) for each in inside)
            method = ""
            if span.is_in_one_function:
                method = self._method(taken_by_thread, span.begin, private=not again)
            if method:
                return f"move {span.text.removeprefix('from ').removeprefix('around ')} into {method} throughout"
            name = self._name(hold)
            taken = short_place(self._log[taken_by_thread.taken][1].where())
            if again:
                return f"hold {name} {lines}, and make it an RLock: {taken} takes it as well"
            if address in at_first:
                # Each step may be guarded, but not both together.
                return f"hold {name} {lines}, without releasing it in between"
            if inside:
                return f"hold {name} {lines}; it is taken only at {taken}"
            owner = self._words.thread(other.position)
            return f"hold {name} {lines}, too, as {owner} does at {where}"
        return ""

    def _is_taken_below(self, hold: _Hold, span: Span) -> bool:
        """Whether a lock that is not reentrant is taken in a function that the lines call."""
        taken = self._log[hold.taken][1].where()
        return RLock not in bases_of(type(hold.lock)) and taken[::2] not in (span.begin[::2], span.end[::2])

    def _method(self, hold: _Hold, place: Place, *, private: bool) -> str:
        """Return "a method of Box that holds Box._lock" if a lock belongs to a class that a place is not in.

        If `private`, only if the lock's name says that no other class should use it.
        """
        owner, _, name = self._name(hold).rpartition(".")
        if (private and not name.startswith("_")) or not owner.isidentifier() or owner in place.function.split("."):
            return ""
        taken = self._log[hold.taken][1].where()
        if owner not in taken.function.split("."):
            return ""
        return f"a method of {owner} that holds {owner}.{name}"

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

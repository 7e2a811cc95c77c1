"""What the source says of an effect: which read a write depends on, and which object a change is made to."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Step
from ...control.identity import touched_expression, type_named
from ...control.steps import WRITES, kinds, shown_touch
from ..causes._checks import empties
from ..causes._overlaps import Access, Torn
from ..causes._slices import lines_behind
from ._accesses import Accesses
from ._kinds import Effect, Replaced, TooEarly


def refined(effect: Effect, accesses: Accesses, log: Sequence[Step]) -> Effect:
    """Return an effect that says more by the source, or the same effect."""
    if isinstance(effect, Torn):
        # What a thread deletes, it has read last. A generator that continues reads nothing.
        is_known = empties(log[effect.last.position][1]) or log[effect.first.position][1].kind in kinds.OF_CALLS
        return _overwritten(effect, accesses, log) or (effect if is_known else _by_dependence(effect, accesses))
    if isinstance(effect, TooEarly):
        return _overwritten_after(effect, accesses, log) or _outdated(effect, accesses, log) or effect
    return effect


def _by_dependence(effect: Torn, accesses: Accesses) -> Torn:
    """Return the update that is lost, if the source says that what is written depends on another read.

    In `y = x; print(x); x = y + 1` that is the first one. Otherwise, the same effect.
    """
    first, between, last, looked = effect
    write = last if last.writes else accesses.write_after(last)
    if first.writes or looked or write is None or not between.writes:
        return effect
    needed = lines_behind(write.place)
    if not last.writes:
        reads_again = last.place.lineno in needed or first.place.lineno not in needed
        return effect if reads_again else Torn(first, between, write, looked=False)
    source = accesses.source_in(first, needed)
    return effect if source is None else Torn(source, between, last, looked=False)


def _overwritten(effect: Torn, accesses: Accesses, log: Sequence[Step]) -> Replaced | None:
    """Return the change of an object that one of two assignments of a variable made, and the other one replaced."""
    first, between, last, _ = effect
    if not (first.assigns and last.assigns) or between.writes:
        return None
    change = _changed_through(between, accesses, log)
    return None if change is None or change.position > last.position else Replaced(first, change, last, is_stale=False)


def _overwritten_after(effect: TooEarly, accesses: Accesses, log: Sequence[Step]) -> Replaced | None:
    """Return the change of an object that a thread has replaced without reading it again."""
    access, later = effect.access, effect.later
    if access.writes or not later.assigns:
        return None
    change = _changed_through(access, accesses, log)
    first = accesses.before(later)
    if change is None or first is None or not first.position < change.position < later.position:
        return None
    return Replaced(first, change, later, is_stale=False)


def _outdated(effect: TooEarly, accesses: Accesses, log: Sequence[Step]) -> Replaced | None:
    """Return the change of an object that another thread has replaced since it was found."""
    for seen, replaced in effect.outdated or ():
        change = _changed_through(seen, accesses, log) if replaced.assigns else None
        if change is not None and change.position == effect.later.position:
            return Replaced(seen, replaced, change, is_stale=True)
    return None


def _changed_through(read: Access, accesses: Accesses, log: Sequence[Step]) -> Access | None:
    """Return the change, in the same line, of the object that a thread has found in a variable; None if there is none.

    In `self.items.append(1)` the variable is `self.items`.
    """
    for position in range(read.position + 1, len(log)):
        unit, operation, touches = log[position]
        if unit.path != read.thread:
            continue
        if operation.where() != read.place:
            return None
        if touches and operation.is_access and operation.kind != kinds.RETURN:
            thing, _, how = touches[shown_touch(touches)]
            text = touched_expression(operation, type_named(thing)) if how & WRITES else ""
            if text and text.rpartition(".")[2] == read.part:
                return next((access for access in accesses.at(position) if access.writes), None)
    return None

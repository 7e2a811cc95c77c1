"""The class of bug that an effect shows, and what helps against it."""

from __future__ import annotations

from typing import NamedTuple

from ...control import Operation, Outcome, Step
from ...control.steps import kinds
from ..causes._checks import is_check, looks_up
from ..causes._overlaps import Access, Torn
from ..causes._places import short_place
from ._effects import Effect, Effects, HandedOn, Interrupted, Missed, TooEarly, Unseen
from ._words import Words

#: At most this many characters in a headline.
WIDEST = 72


class Bug(NamedTuple):
    """A class of bug."""

    #: The headline: the class, and on what.
    name: str
    #: What is accessed: evidence need not name it again.
    variable: str = ""
    #: What helps; empty if the evidence does not say.
    help: str = ""
    #: The positions in the log of steps that belong to it, besides those of the effect.
    also: tuple[int, ...] = ()


def against_lost_wakeup(wait: Operation) -> str:
    """Return what helps if a notification came before `wait`."""
    if wait.code.co_qualname == "Condition.wait_for":
        return "change what the predicate tests, and notify, under the lock of the condition"
    return "test the condition again in a loop, under the lock: while not ready: condition.wait()"


def during_iteration(what: str) -> Bug:
    """Return the bug that a container was changed while a thread iterated over it."""
    helps = "hold one lock for the iteration and for each change, or iterate over a copy made under it"
    return Bug(f"Concurrent modification of {what} during iteration", what, helps)


class Bugs:
    """The bugs of one execution."""

    def __init__(self, outcome: Outcome, effects: Effects, words: Words) -> None:
        self._log: list[Step] = outcome.log
        self._effects = effects
        self._words = words

    def of(self, effect: Effect) -> Bug:
        """Return the bug that an effect shows."""
        words = self._words
        if isinstance(effect, Torn):
            return self._of_torn(effect)
        if isinstance(effect, TooEarly):
            return self._of_early(effect)
        if isinstance(effect, Unseen) and effect.missed is not None:
            return self._of_missed(effect.missed[1].position)
        if isinstance(effect, Unseen):
            what = words.what(effect.change.position)
            return Bug(f"Stale read of {what} by {words.thread(effect.seen.position)}", what)
        if isinstance(effect, Missed):
            return self._of_missed(effect.wait.position)
        if isinstance(effect, Interrupted):
            first, last = short_place(effect.first.place), short_place(effect.last.place)
            primitive = words.primitive(effect.between.position)
            # The release at the end of a check has its line, too.
            kind = "Check-then-act race" if is_check(self._log[effect.first.position][1]) else "Atomicity violation"
            return Bug(
                f"{kind} between two uses of {primitive}",
                help=f"make both uses one atomic step: hold one lock from {first} to {last}",
            )
        return self._of_handed_on(effect)

    def _of_missed(self, wait: int) -> Bug:
        primitive = self._words.primitive(wait)
        return Bug(
            f"Lost wake-up on {primitive}: notified before the wait", help=against_lost_wakeup(self._log[wait][1])
        )

    def _of_torn(self, effect: Torn) -> Bug:
        first, between, last, looked = effect
        what = self._variable(first, between, last)
        by = self._words.thread(between.position)
        operations = [self._log[access.position][1] for access in (first, last)]
        if all(operation.kind == kinds.ITERATE for operation in operations):
            return during_iteration(what)
        if first.writes and last.writes and not between.writes:
            return Bug(f"Dirty read of {what} by {by}", what, self._one_lock(first, last, "both writes", between))
        if first.place == last.place and not (first.writes or last.writes):
            # The same line was run twice, as in a loop that waits for the change.
            return Bug(f"Race condition on {what}", what)
        check = None if first.writes else self._check(first, last)
        if check is not None:
            also = () if check == first else (check.position,)
            return Bug(f"Check-then-act race on {what}", what, self._one_lock(check, last, "check and act"), also)
        if effect.loses_update and operations[1].kind == kinds.WRITE:
            return Bug(f"Lost update on {what}", what, self._one_lock(first, last, "read and write"))
        if looked or not (first.writes or last.writes):
            steps = "read and write" if last.writes else "both reads"
            return Bug(f"Inconsistent reads of {what}", what, self._one_lock(first, last, steps, between))
        return Bug(f"Atomicity violation on {what}", what, self._one_lock(first, last, "both accesses"))

    def _check(self, first: Access, last: Access) -> Access | None:
        """Return the check on which `last` depends: `first`, or the access right before it; None if it is no check."""
        operation = self._log[first.position][1]
        if is_check(operation):
            return first
        # In one statement, as in `d[key] = d.get(key, 0) + 1`, it is no check.
        missing = last.writes and self._words.found_nothing(first.position)
        if (missing or looks_up(operation)) and first.place.lineno != last.place.lineno:
            return first
        before = self._effects.check_before(first)
        return before if before is not None and is_check(self._log[before.position][1]) else None

    def _of_early(self, effect: TooEarly) -> Bug:
        access, later = effect.access, effect.later
        what = self._words.what(access.position)
        by, delayed = self._words.thread(access.position), self._words.thread(later.position)
        if effect.unseen is not None:
            seen = self._words.what(effect.unseen[0].position)
            both = f"Inconsistent reads of {seen} and {what}"
            return Bug(both if len(both) <= WIDEST else f"Inconsistent reads of {what}", what)
        if effect.partial is not None and later.place[::2] == effect.partial[0].place[::2]:
            return Bug(
                f"Dirty read of {what} by {by}",
                what,
                self._one_lock(effect.partial[0], later, "both writes", access),
            )
        if not access.writes:
            text = f"{by} reads {what} before {delayed} writes it"
        elif not later.writes:
            text = f"{by} changes {what} before {delayed} reads it"
        else:
            text = f"{by} changes {what} before {delayed} does"
        named = f"Order violation: {text}"
        helps = "make the order explicit: with an Event, a queue or join()"
        return Bug(named if len(named) <= WIDEST else f"Order violation on {what}", what, helps)

    def _of_handed_on(self, effect: HandedOn) -> Bug:
        written, found, following = effect
        what = self._words.what(found.position)
        place = None if following is None else self._log[following][1].where()
        if place is None or place[::2] != written.place[::2]:
            return Bug(f"Race condition on {what}", what)
        lines = f"from {short_place(written.place)} to {place.lineno}, and at {short_place(found.place)}"
        return Bug(
            f"Dirty read of {what} by {self._words.thread(found.position)}",
            what,
            f"make both steps one atomic step: hold one lock {lines}",
        )

    def _variable(self, first: Access, between: Access, last: Access) -> str:
        """Return the name of what the accesses have in common: a part, or the whole thing."""
        whole = next((access for access in (first, between, last) if access.part is None), first)
        alike = first.part == between.part == last.part
        return self._words.what((first if alike else whole).position)

    def _one_lock(self, first: Access, last: Access, what: str, other: Access | None = None) -> str:
        """Return the advice to hold one lock from one access to another one."""
        beside = "" if other is None else f", and at {short_place(other.place)}"
        if first.place[::2] != last.place[::2]:
            where = f"over {short_place(first.place)} and {short_place(last.place)}, in their caller"
        elif first.place.lineno == last.place.lineno:
            where = f"around {short_place(first.place)}"
        else:
            # In a loop, the second one may be further up.
            begin, end = sorted((first.place, last.place), key=lambda place: place.lineno)
            where = f"from {short_place(begin)} to {end.lineno}"
        return f"make {what} one atomic step: hold one lock {where}{beside}"

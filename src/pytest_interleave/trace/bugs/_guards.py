"""The locks that threads held at the accesses of a bug: one that guards only one side helps if both hold it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...control import Operation, Place, Step, is_stdlib
from ...control.execution import awaited
from ...control.identity import bases_of
from ...control.primitives import RLock
from ...control.steps import kinds
from ...detect import Holding
from ..causes._checks import tests
from ..causes._overlaps import Access
from ..causes._places import at_place, short_place
from ..causes._primitive_turns import Turn
from ..causes._sources import calls_argument, context_at, end_of_loop, enters_context, has_variable_index, loop_around
from ..effects._accesses import Accesses
from ..effects._spans import Span, span_of
from ..words._words import Words
from ._transactions import advice_for_database

#: Kinds of steps of a thread that waits for another one, which may need a lock that the first one holds.
_WAITING = frozenset((kinds.WAIT, kinds.WOKEN, kinds.JOIN, kinds.PASS, kinds.GET))


class _Hold(NamedTuple):
    """A lock that a thread holds, and the position in the log of the step that took it."""

    lock: Any
    taken: int


class Guards:
    """The locks that were held at the steps of one execution."""

    def __init__(self, log: Sequence[Step], words: Words, accesses: Accesses) -> None:
        self._log = log
        self._words = words
        self._accesses = accesses

    def one_lock(
        self, first: Access, last: Access | Turn, what: str, other: Access, until: Access | None = None
    ) -> str:
        """Return the advice to hold one lock from one access to another one of one thread.

        The lock must be held at `other`, too, which the advice says if that is not plain; and from there to `until`, if
        that is given.
        """
        of_database = advice_for_database(self._log, first, other, what)
        if of_database is not None:
            return of_database
        span = self._from_check(span_of(self._words, first, last), first)
        steps = [self._log[access.position][1] for access in (first, last)]
        if span.begin == span.end and steps[0].lasti == steps[1].lasti and first.place == last.place:
            looped = around_loop(span)
            if looped is None:
                return ""
            span = looped
        if span.is_in_one_function and span.begin.lineno < span.end.lineno:
            # A lock cannot be released at the head of a loop.
            span = span._replace(end=span.end._replace(lineno=end_of_loop(span.end)))
        if span.is_in_one_function and calls_argument(span.begin, span.end.lineno):
            # A function of the caller's may wait for other threads, or take the same lock.
            return ""
        wait = self.wait_between(first, last)
        if wait is not None:
            return self.after_wait(wait) if what == "check and act" else ""
        guarded = self.advice(first, last, other, span, until)
        if guarded or self.is_across_wait(span, first, last):
            return guarded
        if until is not None and self.wait_between(other, until) is not None:
            return ""
        known = all(span.has(self._words.calls(each.position)) for each in (other, until or other))
        aside = span_of(self._words, other, until or other)
        lines = aside.text.replace("around", "at") if aside.is_in_one_function else at_place(other.place)
        # As a method of a library's class that is the function of a thread.
        beside = "" if known or is_stdlib(other.place.filename) else f", and {lines}"
        lines = f"{span.text}{span.caller}{beside}"
        usual = self._usual_lock(first, {first, last, other, until or other}, span)
        return f"hold {usual[0]} {lines}{usual[1]}" if usual else f"make {what} one atomic step: hold one lock {lines}"

    def _from_check(self, span: Span, first: Access) -> Span:
        """Return the lines from a check of the same thing before the first access on, if the function has one."""
        access: Access | None = first
        while access is not None and span.begin[::2] == access.place[::2]:
            if access.place.lineno < span.begin.lineno and tests(self._log[access.position][1]):
                span = span._replace(begin=access.place)
            before = self._accesses.before(access)
            access = before if before is not None and before.place.lineno <= access.place.lineno else None
        return span

    def advice(self, first: Access, last: Access | Turn, other: Access, span: Span, until: Access | None = None) -> str:
        """Return what helps if the thread of `first` and `last`, or that of `other`, holds a lock there already.

        `span` are the lines over which one lock must be held. The other thread must hold it from `other` to `until`, if
        that is given. Empty if none of the accesses is guarded.
        """
        until = until or other
        held = self._held_at({first.position, last.position, other.position, until.position})
        at_first, at_last, at_other, at_until = (held.get(each.position, {}) for each in (first, last, other, until))
        # A lock that is released in between does not guard both.
        at_other = {address: hold for address, hold in at_other.items() if at_until.get(address) == hold}
        where = short_place(other.place)
        lines = at_place(other.place) if until.place == other.place else span_of(self._words, other, until).text
        for address, hold in at_first.items():
            if at_last.get(address) == hold and address not in at_other:
                owner = self._words.thread(first.position)
                line = Span(other.place, other.place)
                taken_at = self._taken_at(hold)
                name = self._name(hold)
                if any(self._taken_at(each) == taken_at for each in at_other.values()):
                    return f"use one lock for both threads: {short_place(taken_at)} takes a different one in each"
                alike = next((each for each in at_other.values() if self._name(each) == name), None)
                if alike is not None:
                    both = f"{short_place(taken_at)} and {short_place(self._taken_at(alike))}"
                    return f"use one lock for both threads: {both} take different ones"
                if self.waits_in(line, hold.lock):
                    return ""
                method = self._method(hold, self._words.calls(other.position)[0], private=True)
                if method:
                    return f"do what {where} does in {method}, as {owner} does {span.text}"
                again = self._taken_below(hold.lock, line)
                if has_variable_index(name):
                    # The other line may have another index.
                    return f"hold the same lock {lines}, too, as {owner} does {span.text}: {name}"
                return f"hold {name} {lines}, too, as {owner} does {span.text}{_reentrant(again)}"
        for address, hold in at_other.items():
            if self.waits_in(span, hold.lock):
                continue
            inside = [holds[address] for holds in (at_first, at_last) if address in holds]
            lines = f"{span.text}{span.caller}"
            taken_by_thread = inside[0] if inside else hold
            again = self._taken_below(hold.lock, span, inside)
            method = ""
            if span.is_in_one_function:
                method = self._method(taken_by_thread, span.begin, private=again is None)
            if method:
                moved = span.text.removeprefix("from ").removeprefix("around ").removeprefix("in ")
                return f"move {moved} into {method} throughout"
            name = self._name(hold)
            taken = short_place(self._taken_at(taken_by_thread))
            if again:
                return f"hold {name} {lines}{_reentrant(again)}"
            if address in at_first:
                # Each step may be guarded, but not both together.
                return f"hold {name} {lines}, without releasing it in between"
            if inside:
                return f"hold {name} {lines}; it is taken only at {taken}"
            owner = self._words.thread(other.position)
            return f"hold {name} {lines}, too, as {owner} does at {where}"
        return ""

    def _usual_lock(self, first: Access, steps: Iterable[Access | Turn], span: Span) -> tuple[str, str] | None:
        """Return the name of the lock that is held at another access to the same, and where that is as a clause.

        None if there is no such lock, or if it is held at one of `steps`.
        """
        known = {each.position for each in steps}
        others = [each for each in self._accesses.alike(first) if each.position not in known]
        held = self._held_at({*known, *(each.position for each in others)}) if others else {}
        inside = {address for position in known for address in held.get(position, ())}
        usual = {
            address: (hold, each)
            for each in reversed(others)
            for address, hold in held.get(each.position, {}).items()
            if address not in inside
        }
        if len(usual) != 1:
            return None
        ((hold, example),) = usual.values()
        name = self._name(hold)
        if has_variable_index(name) or self.waits_in(span, hold.lock):
            return None
        again = self._taken_below(hold.lock, span)
        return name, f", as {short_place(example.place)} does{_reentrant(again)}"

    def wait_between(self, first: Access | Turn, last: Access | Turn) -> int | None:
        """Return the first step by which a thread waits for another one from one of its steps to another one, or None.

        It must not hold a lock then, and the lock of a condition is released.
        """
        for position in range(first.position + 1, last.position):
            unit, operation, _ = self._log[position]
            if unit.path == first.thread and operation.kind in _WAITING:
                return position
        return None

    def takes_between(self, first: Access, last: Access) -> bool:
        """Whether a thread waits for another one, or takes from a queue, from one of its steps to another one."""
        return any(
            self._log[at][0].path == first.thread and (self._log[at][1].kind in _WAITING or self._words.is_queue(at))
            for at in range(first.position + 1, last.position)
        )

    def is_across_wait(self, span: Span, first: Access | Turn, last: Access | Turn) -> bool:
        """Whether a thread that holds a lock from one of its steps to another one waits for others meanwhile."""
        return self.wait_between(first, last) is not None or self.waits_in(span)

    def waits_in(self, span: Span, lock: Any = None) -> bool:
        """Whether threads have waited for others at these lines, unless that releases `lock`."""
        return any(
            operation.kind in _WAITING
            and not self._words.is_queue(position)
            and (lock is None or getattr(awaited(operation.target), "_lock", None) is not lock)
            and span.has(self._words.calls(position))
            for position, (_, operation, _) in enumerate(self._log)
        )

    def after_wait(self, wait: int) -> str:
        """Return what helps if a check was done before a wait at a condition; empty for another wait."""
        target = awaited(self._log[wait][1].target)
        if type(target).__name__ != "Condition" or self._words.is_queue(wait):
            return ""
        where = short_place(self._log[wait][1].where())
        return f"check again after the wait at {where}, and act under the same lock"

    def _taken_below(self, lock: Any, span: Span, known: Iterable[_Hold] = ()) -> Place | None:
        """Return where a function that the lines call takes a lock, if that is not reentrant; None if none does.

        A thread that holds it at these lines would wait for itself there.
        """
        if RLock in bases_of(type(lock)):
            return None
        for position in (hold.taken for hold in known):
            taken = self._log[position][1].where()
            if taken[::2] not in (span.begin[::2], span.end[::2]):
                return taken
        for position, (_, operation, _) in enumerate(self._log):
            if operation.kind in kinds.ACQUIRING and operation.target is lock:
                inner, *outer = self._words.calls(position)
                if inner[::2] not in (span.begin[::2], span.end[::2]) and span.has(outer):
                    return operation.where()
        return None

    def _taken_at(self, hold: _Hold) -> Place:
        return self._log[hold.taken][1].where()

    def _method(self, hold: _Hold, place: Place, *, private: bool) -> str:
        """Return "a method of Box that holds Box._lock" if a lock belongs to a class that a place is not in.

        If `private`, only if the lock's name says that no other class should use it.
        """
        owner, _, name = self._name(hold).rpartition(".")
        if (private and not name.startswith("_")) or not owner.isidentifier() or owner in place.function.split("."):
            return ""
        taken = self._taken_at(hold)
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
        taken, acquisition = self._taken_at(hold), self._log[hold.taken][1]
        if not acquisition.is_where_it_shows and not is_stdlib(acquisition.code.co_filename):
            # A library takes it, for purposes of its own.
            return False
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


def around_loop(span: Span) -> Span | None:
    """Return the lines of the loop around one line that each pass runs once; None if it is in no loop."""
    line = loop_around(span.begin)
    return None if line is None else span._replace(begin=span.begin._replace(lineno=line))


def _reentrant(taken: Place | None) -> str:
    """Return the clause that a lock must be reentrant if it is taken again, at this place."""
    return "" if taken is None else f", and make it an RLock: {short_place(taken)} takes it as well"

"""The class of bug that an effect shows, and what helps against it."""

from __future__ import annotations

from ...control import Outcome, Step, is_ours
from ...control.identity import LruCache, type_named
from ...control.steps import kinds
from ..causes._checks import empties, follows_in_line, is_check_within, is_in_test, is_tested_in_line, looks_up
from ..causes._iterations import call_under_way
from ..causes._overlaps import CACHED, Access, Torn
from ..causes._places import at_place, short_place
from ..causes._primitive_turns import Turn
from ..causes._sources import in_loop_over, repeats_in_loop
from ..effects._effects import Effects
from ..effects._kinds import (
    Canceled,
    Cleared,
    Effect,
    HandedOn,
    Interrupted,
    Missed,
    Replaced,
    TooEarly,
    Unseen,
)
from ..effects._spans import Span, common_call, span_of
from ..words._refusals import Refusal
from ..words._words import Words
from ._bug import WIDEST, Bug, against_lost_wakeup, during_iteration, refused
from ._early import EarlyBugs
from ._exclusive import of_exclusive
from ._guards import Guards, around_loop
from ._published import of_publication
from ._torn_files import advice_for_torn_file
from ._variables import Variables

#: Methods that take something out of a container.
_TAKING = frozenset((".discard()", ".move_to_end()", ".pop()", ".popitem()", ".popleft()", ".remove()"))


def of_refusal(words: Words, refusal: Refusal) -> Bug:
    """Return the bug that a call of `acquire()` returned False, because a known thread held the lock."""
    assert refusal.taken is not None
    by, holder = words.thread(refusal.position), words.thread(refusal.taken)
    bug = refused(by, words.primitive(refusal.position), holder, waited=refusal.waited)
    return bug._replace(instead=(refusal.taken, refusal.position))


#: What a thread does to a lock protects a use; it is none.
_OF_LOCKS = frozenset((*kinds.ACQUIRING, kinds.RELEASE))


class Bugs:
    """The bugs of one execution."""

    def __init__(self, outcome: Outcome, effects: Effects, words: Words) -> None:
        self._log: list[Step] = outcome.log
        self._effects = effects
        self._accesses = effects.accesses
        self._words = words
        self._guards = Guards(outcome.log, words, effects.accesses)
        self._one_lock = self._guards.one_lock
        self._variables = Variables(outcome.log, words)
        self._early = EarlyBugs(outcome, effects, words, self._guards, self._variables)

    def of(self, effect: Effect) -> Bug:
        """Return the bug that an effect shows."""
        words = self._words
        exclusive = of_exclusive(effect, self._log, words)
        if exclusive is not None:
            return exclusive
        within = self._within_call(effect)
        if within is not None:
            return within
        if isinstance(effect, Torn):
            return self._of_cache(effect) or self._of_torn(effect)
        if isinstance(effect, TooEarly):
            return self._early.of(effect)
        if isinstance(effect, Replaced):
            return self._of_replaced(effect)
        if isinstance(effect, Unseen) and effect.missed is not None:
            return self._of_missed(effect.missed[1].position)
        if isinstance(effect, Unseen):
            return self._of_unseen(effect)
        if isinstance(effect, Missed):
            return self._of_missed(effect.wait.position)
        if isinstance(effect, Canceled):
            by, late = words.thread(effect.start.position), words.thread(effect.cancel.position)
            named = f"Order violation: {by} starts a task before {late} cancels it"
            return Bug(named if len(named) <= WIDEST else "Order violation: a task starts before it is canceled")
        if isinstance(effect, Cleared):
            return Bug(
                f"Lost wake-up on {words.primitive(effect.clear.position)}: cleared after it was set",
                help="clear the event before you check what it announces, not after that",
            )
        if isinstance(effect, Interrupted):
            refusal = words.refusals.get(effect.between.position)
            if refusal is not None and refusal.taken is not None:
                return of_refusal(words, refusal)
            primitive = words.primitive(effect.between.position)
            # The release at the end of a check has its line, too.
            kind = "Check-then-act race" if words.is_check(effect.first.position) else "Atomicity violation"
            is_value = words.is_queue(effect.between.position) or effect.first.kind == kinds.IS_SET
            on = f"on {primitive}" if is_value else f"between two uses of {primitive}"
            span = span_of(words, effect.first, effect.last)
            helps = f"make both uses one atomic step: hold one lock {span.text}{span.caller}"
            # Two calls of one method are not made one step within that method.
            is_vain = span.begin == span.end or self._guards.is_across_wait(span, effect.first, effect.last)
            return Bug(f"{kind} {on}", help="" if is_vain else helps)
        return self._of_handed_on(effect)

    def _of_replaced(self, effect: Replaced) -> Bug:
        first, between, last, is_stale = effect
        if not is_stale:
            what = self._variables.name(last)
            return Bug(f"Lost update on {what}", what, self._one_lock(first, last, "read and write", between))
        what, by = self._variables.name(between), self._words.thread(first.position)
        assigned = self._accesses.before(between) or between
        return Bug(f"Stale read of {what} by {by}", what, self._one_lock(assigned, between, "read and write", last))

    def _of_unseen(self, effect: Unseen) -> Bug:
        seen, change, _ = effect
        check = seen if is_in_test(seen.place) else None
        if check is None and self._effects.is_of_failure(seen):
            # A library may use what it has read only after the change.
            check = self._check_before(seen, seen)
        if check is None:
            what = self._variables.name(change)
            return Bug(f"Stale read of {what} by {self._words.thread(seen.position)}", what)
        what = self._variables.plainest(seen, change)
        act = self._use_after(check, change)
        helps = self._one_lock(check, act or seen, "check and act", change)
        steps = [each.position for each in (check, change, act) if each is not None]
        return Bug(f"Check-then-act race on {what}", what, helps, instead=tuple(steps))

    def _use_after(self, check: Access, change: Access) -> Turn | None:
        """Return the first use of a queue, an event or the like by which a thread acts on a check, after the change."""
        for position in range(change.position + 1, len(self._log)):
            unit, operation, _ = self._log[position]
            place = operation.where()
            if unit.path == check.thread and place[::2] == check.place[::2] and place.lineno > check.place.lineno:
                is_use = not operation.is_access and operation.kind in kinds.TURNS
                if is_use and (self._words.is_queue(position) or operation.kind not in _OF_LOCKS):
                    return Turn(position, unit.path, operation.kind, place)
        return None

    def _of_missed(self, wait: int) -> Bug:
        primitive = self._words.primitive(wait)
        return Bug(
            f"Lost wake-up on {primitive}: notified before the wait", help=against_lost_wakeup(self._log[wait][1])
        )

    def _within_call(self, effect: Effect) -> Bug | None:
        """Return the bug that another thread uses a container while C code works on it, and calls Python code."""
        accesses = [each for each in effect if isinstance(each, Access)]
        back = [each for each in accesses if self._log[each.position][1].kind == kinds.RETURN]
        others = [each for each in accesses if back and each.thread != back[-1].thread]
        begin = call_under_way(self._log, back[-1].position) if others else None
        if begin is None or type_named((self._log[begin][2] or ((None, None, 0),))[-1][0]) is LruCache:
            return None
        other = others[0]
        what, call = self._variables.plainest(other, back[-1]), self._words.call_around(back[-1].position)
        work = self._log[begin][1].where()
        aside = "" if work in self._words.calls(other.position) else f", and {at_place(other.place)}"
        guarded = self._guards.advice(back[-1]._replace(position=begin), back[-1], other, Span(work, work))
        helps = guarded or f"hold one lock {at_place(work, 'around')}{aside}"
        if is_ours(self._log[begin][1].code.co_filename):
            # A thread makes the call itself, as in `Thread(target=items.sort)`.
            helps = "give the threads functions that hold one lock around these calls"
        steps = (begin, other.position, *(each.position for each in back if each.position > other.position))
        if other.writes:
            return Bug(f"Concurrent modification of {what} during {call}", what, helps, instead=steps)
        if not self._words.is_halfway(back[-1].position):
            return None
        by = self._words.thread(other.position)
        return Bug(f"Dirty read of {what} by {by}: {call} is under way", what, helps, instead=steps)

    def _of_cache(self, effect: Torn) -> Bug | None:
        """Return the bug that two threads run a function whose results are cached, before one result is."""
        last = self._log[effect.last.position]
        ends = [self._log[access.position][1].kind == kinds.RETURN for access in effect[:3]]
        if ends != [False, True, True] or type_named((last[2] or ((None, None, 0),))[0][0]) is not LruCache:
            return None
        name = f"{last[1].code.co_qualname.rpartition('<locals>.')[2]}()"
        helps = f"lru_cache lets threads run {name} at the same time: hold one lock around each call"
        return Bug(f"Check-then-act race on the cache of {name}", "", helps)

    def _of_torn(self, effect: Torn) -> Bug:
        first, between, last, looked = effect
        what = self._variables.common(first, between, last)
        by = self._words.thread(between.position)
        operations = [self._log[access.position][1] for access in (first, last)]
        if last.failed and between.writes:
            return self._of_failed(effect)
        loops = operations[1].kind == kinds.ITERATE or in_loop_over(first.place, last.place)
        # As in `for at in range(len(items))`.
        iterates = operations[0].kind == kinds.ITERATE or (operations[0].name == "len" and not last.writes)
        if iterates and between.writes and loops:
            return during_iteration(what)
        is_repeated = first.place == last.place and operations[0].lasti == operations[1].lasti
        if effect.is_dirty_read and is_repeated and self._guards.takes_between(first, last):
            # A loop that handles one item after the other: the other thread has not waited for the next one.
            return self._early.of(TooEarly(between, last))._replace(instead=(between.position, last.position))
        if effect.is_dirty_read:
            published = of_publication(between, last, self._accesses, self._log, self._words)
            if published is not None:
                return published
            what = self._variables.name(first) if between.is_opaque else what
            helps = self._one_lock(first, last, "both writes", between, between)
            return Bug(f"Dirty read of {what} by {by}", what, helps or advice_for_torn_file(self._log, first, between))
        deletes_unseen = empties(operations[1]) and not empties(self._log[between.position][1])
        if effect.loses_update and deletes_unseen and not is_in_test(first.place):
            # What it has read without the other thread's change is all that it has of what it deletes.
            return Bug(f"Lost update on {what}", what, self._one_lock(first, last, "read and write", between))
        check = self._check(first, last) if between.writes else None
        # What `Path.touch()` does, after a check, takes several steps.
        acts = operations[1].is_external and check is not None and check.place != first.place
        within = acts or (check is not None and not operations[1].is_where_it_shows)
        if first.place == last.place and not (first.writes or last.writes or within):
            if type(first.part) is type(last.part) is int and first.part != last.part and repeats_in_loop(last.place):
                # A loop over the indices of a list.
                return during_iteration(what)
            if between.writes and is_tested_in_line(*operations):
                helps = self._one_lock(first, last, "check and act", between)
                return Bug(f"Check-then-act race on {what}", what, helps)
            if between.writes and follows_in_line(*operations):
                helps = self._one_lock(first, last, "both reads", between, between)
                return Bug(f"Inconsistent reads of {what}", what, helps)
            calls = common_call(self._words.calls(first.position), self._words.calls(last.position))
            if between.writes and calls is not None and calls[0] != calls[1]:
                # Two calls of one function, at different lines of its caller.
                helps = self._one_lock(first, last, "both reads", between, between)
                return Bug(f"Inconsistent reads of {what}", what, helps)
            # The same line was run twice, as in a loop that waits for the change.
            return Bug(f"Race condition on {what}", what)
        if check is not None:
            also = () if check == first else (check.position,)
            helps = self._one_lock(check, last, "check and act", between)
            stores = self._log[between.position][1].kind == kinds.WRITE and not between.updates
            if helps and stores:
                helps += self._words.atomic_call(check.position, last.position)
            return Bug(f"Check-then-act race on {what}", what, helps, also)
        if effect.loses_update and last.part is not None and self._variables.sets_class(between):
            # An object that gets another class keeps what is written to it.
            return Bug(f"Atomicity violation on {what}", what, self._one_lock(first, last, "both accesses", between))
        if effect.loses_update and last.updates:
            # What the other thread has changed is not overwritten, but it is not what this thread has read.
            taken = operations[1].name in _TAKING
            kind = "Check-then-act race" if taken else "Atomicity violation"
            steps = "check and act" if taken else "both accesses"
            return Bug(f"{kind} on {what}", what, self._one_lock(first, last, steps, between))
        if effect.loses_update and operations[1].kind == kinds.WRITE:
            # A thread that restores an old value has written another one meanwhile.
            kind = "Atomicity violation" if self._accesses.writes_between(first, last) else "Lost update"
            return Bug(f"{kind} on {what}", what, self._one_lock(first, last, "read and write", between))
        if looked or not (first.writes or last.writes):
            # A thread that has read again before it wrote has not seen the two values together.
            kind, steps = (
                ("Atomicity violation on", "read and write") if last.writes else ("Inconsistent reads of", "both reads")
            )
            return Bug(f"{kind} {what}", what, self._one_lock(first, last, steps, between, between))
        helps = self._one_lock(first, last, "both accesses", between)
        if operations[1].is_external and first.updates and between.updates and last.updates:
            # As the parts of a line of a log.
            helps = f"append both parts in one write, or {helps}" if helps else "append both parts in one write"
        return Bug(f"Atomicity violation on {what}", what, helps)

    def _of_failed(self, effect: Torn) -> Bug:
        """Return the bug that a step on a file fails because of what another thread has done since an earlier step."""
        first, between, last, _ = effect
        what = self._variables.name(last)
        if first.writes:
            helps = self._one_lock(first, last, "both steps", between)
            return Bug(f"Atomicity violation on {what}", what, helps and f"{helps}, or use another name in each thread")
        return Bug(f"Check-then-act race on {what}", what, self._one_lock(first, last, "check and act", between))

    def _check(self, first: Access, last: Access) -> Access | None:
        """Return the check on which `last` depends: `first`, or the access right before it; None if it is no check."""
        operation = self._log[first.position][1]
        if not first.writes:
            if self._words.is_check(first.position):
                return first
            # A `return` that has not returned has raised: nothing was there.
            raised = first.place.text.startswith("return ") and first.place[::2] == last.place[::2]
            missing = last.writes and (raised or self._words.found_nothing(first.position))
            # In one statement, as in `d[key] = d.get(key, 0) + 1`, it is no check.
            apart = first.place.lineno != last.place.lineno or operation.code.co_qualname == CACHED
            if (missing or looks_up(operation)) and apart:
                return first
            if first.place == last.place and is_check_within(operation):
                return self._check_before(first, last) or first
        # What the thread has written itself is no longer what it has checked.
        return None if first.writes else self._check_before(first, last)

    def _check_before(self, access: Access, last: Access) -> Access | None:
        """Return the access by the same thread right before `access` if it is a check for `last`; else None."""
        before = self._accesses.before(access)
        if before is None:
            return None
        both = common_call(self._words.calls(before.position), self._words.calls(access.position))
        if both is not None and both[0] != before.place:
            # An earlier call of the function has checked it, for what that call does.
            return None
        within = before.place == last.place and is_check_within(self._log[before.position][1])
        return before if within or self._words.is_check(before.position) else None

    def _of_handed_on(self, effect: HandedOn) -> Bug:
        written, found, following, is_released = effect
        what = self._variables.name(found)
        place = None if following is None else self._log[following][1].where()
        if following is not None and is_released:
            calls, later = self._words.calls(written.position), self._words.calls(following)
            if calls[0][::2] == later[0][::2] and later[0].lineno <= calls[0].lineno:
                # It is in a later call of the same function.
                calls, later = calls[1:], later[1:]
            both = common_call(calls, later)
            span = None if both is None else Span(*both)
            held = around_loop(span) if span is not None and span.begin == span.end else span
            helps = f"make both uses one atomic step: hold one lock {held.text}{held.caller}" if held else ""
            return Bug(f"Dirty read of {what} by {self._words.thread(found.position)}", what, helps)
        if following is None or place is None or place[::2] != written.place[::2]:
            return Bug(f"Race condition on {what}", what)
        lines = f"from {short_place(written.place)} to {place.lineno}, and {at_place(found.place)}"
        helps = f"make both steps one atomic step: hold one lock {lines}"
        is_vain = self._guards.is_across_wait(Span(written.place, place), written, written._replace(position=following))
        named = f"Dirty read of {what} by {self._words.thread(found.position)}"
        return Bug(named, what, "" if is_vain else helps)

"""Bugs of accesses that a thread made before a conflicting one of another thread."""

from __future__ import annotations

from ...control import HeldUp, Outcome
from ...control.steps import kinds
from ..causes._checks import is_checked_by_caller, is_in_test
from ..causes._overlaps import Access
from ..causes._slices import lines_behind
from ..effects._effects import Effects
from ..effects._kinds import TooEarly
from ..effects._spans import common_call
from ..words._words import Words
from ._bug import WIDEST, Bug
from ._guards import Guards
from ._published import of_publication
from ._torn_files import advice_for_torn_file
from ._transactions import advice_for_shared
from ._variables import Variables, is_only_type, names_of_both


class EarlyBugs:
    """The bugs of one execution that are such accesses."""

    def __init__(self, outcome: Outcome, effects: Effects, words: Words, guards: Guards, variables: Variables) -> None:
        self._log = outcome.log
        self._effects = effects
        self._accesses = effects.accesses
        self._words = words
        self._one_lock = guards.one_lock
        self._variables = variables

    def of(self, effect: TooEarly) -> Bug:
        """Return the bug that an access came before a conflicting one of another thread shows."""
        access, later = effect.access, effect.later
        # What is done to a part says more than a use of the whole.
        of_part = access.part is None and not self._variables.sets_class(access)
        what = self._variables.plainest(*((later, access) if of_part else (access, later)))
        by = self._words.thread(access.position)
        checked = self._stale_check(effect)
        if checked is not None:
            seen, change = checked
            helps = self._one_lock(seen, later, "check and act", change, access if access.writes else change)
            on = self._variables.name(seen)
            return Bug(f"Check-then-act race on {on}", "", helps, (seen.position, change.position))
        own = self._own_check(access, later)
        if own is not None:
            helps = self._one_lock(own, later, "check and act", access)
            return Bug(f"Check-then-act race on {what}", what, helps, (own.position,))
        published = None if access.writes else of_publication(access, later, self._accesses, self._log, self._words)
        if published is not None:
            return published
        if effect.unseen is not None:
            seen, change = effect.unseen
            named = f"Inconsistent reads of {names_of_both(self._variables.name(seen), what)}"
            helps = ""
            if change.thread == access.thread:
                helps = self._one_lock(seen, later, "both reads", change, access)
            # The lines of the evidence say which of the two each is about.
            return Bug(named, "", helps) if len(named) <= WIDEST else Bug(f"Inconsistent reads of {what}", what, helps)
        if effect.partial is not None and access.writes:
            what = self._variables.name(effect.partial[1])
            return Bug(f"Dirty read of {what} by {by}", what, self._one_write(effect.partial, access, later))
        if effect.partial is not None and (
            later.place[::2] == effect.partial[0].place[::2] or self._effects.are_parts(effect.partial[0], later)
        ):
            helps = self._one_write(effect.partial, access, later)
            written = self._variables.name(effect.partial[0])
            named = f"Dirty read of {names_of_both(written, what)} by {by}"
            if written != what and not is_only_type(written) and len(named) <= WIDEST:
                return Bug(named, "", helps)
            return Bug(f"Dirty read of {what} by {by}", what, helps)
        deletes = self._log[later.position][1].kind == kinds.DELETE
        if deletes and not access.writes and self._words.is_check(access.position):
            # What was found is gone when it is used.
            return Bug(f"Check-then-act race on {what}", what)
        both = self._of_stale_source(effect) or self._of_two_variables(effect)
        return both or self._of_order(access, later, what)

    def _of_order(self, access: Access, later: Access, what: str) -> Bug:
        by, delayed = self._words.thread(access.position), self._words.thread(later.position)
        if self._only_uses(access) or self._only_uses(later):
            verbs = ["uses" if self._only_uses(each) else "changes" for each in (access, later)]
            text = f"{by} {verbs[0]} {what} before {delayed} {verbs[1]} it"
        elif not access.writes:
            text = f"{by} reads {what} before {delayed} writes it"
        elif access.is_opaque and later.writes and not later.is_opaque:
            text = f"{by} uses {what} before {delayed} changes it"
        elif not later.writes:
            text = f"{by} changes {what} before {delayed} reads it"
        elif later.is_opaque:
            text = f"{by} changes {what} before {delayed} uses it"
        else:
            text = f"{by} changes {what} before {delayed} does"
        if access.writes and access.place[::2] == later.place[::2]:
            # Threads that run the same code have no order that they should keep.
            named = f"Race condition on {what}: {text}"
            return Bug(named if len(named) <= WIDEST else f"Race condition on {what}", what)
        named = f"Order violation: {text}"
        # A thread that takes too long for a timeout does not need another order.
        alone = advice_for_shared(what)
        if alone:
            return Bug(f"Race condition on {what}", what, alone)
        is_late = any(isinstance(operation, HeldUp) for _, operation, _ in self._log)
        helps = "" if is_late else "make the order explicit: with an Event, a queue or join()"
        return Bug(named if len(named) <= WIDEST else f"Order violation on {what}", what, helps)

    def _only_uses(self, access: Access) -> bool:
        """Whether an access only reads a part of what its step changes otherwise, such as a file that it truncates."""
        operation = self._log[access.position][1]
        return operation.is_external and operation.kind == kinds.WRITE and not access.writes

    def _of_stale_source(self, effect: TooEarly) -> Bug | None:
        """Return the bug that what a thread writes depends on a value that another thread has changed meanwhile."""
        later = effect.later
        filename, line, _ = later.place
        if not (effect.access.writes and later.writes):
            return None
        for seen, change in effect.outdated or ():
            if seen.place.filename == filename and change.thread == effect.access.thread:
                if seen.place.lineno != line and seen.place.lineno not in lines_behind(later.place):
                    continue
                what, by = self._variables.name(seen), self._words.thread(seen.position)
                helps = self._one_lock(seen, later, "read and write", change, effect.access)
                steps = (seen.position, change.position, effect.access.position, later.position)
                return Bug(f"Stale read of {what} by {by}", "", helps, instead=steps)
        return None

    def _of_two_variables(self, effect: TooEarly) -> Bug | None:
        """Return the bug that a thread writes to two variables, and another one writes to both meanwhile."""
        access, later = effect.access, effect.later
        together = self._accesses.written_together(access, later) if access.writes and later.writes else None
        if together is None:
            return None
        own, other = together
        first, last = self._variables.name(own), self._variables.name(later)
        named = f"Atomicity violation on {names_of_both(first, last)}"
        helps = self._one_lock(own, later, "both writes", other, access)
        steps = (own.position, other.position, access.position, later.position)
        return Bug(named if len(named) <= WIDEST else f"Atomicity violation on {last}", "", helps, instead=steps)

    def _one_write(self, partial: tuple[Access, Access], access: Access, later: Access) -> str:
        """Return what makes two writes of one thread one step for another thread."""
        helps = self._one_lock(partial[0], later, "both writes", partial[1], access)
        return helps or advice_for_torn_file(self._log, partial[0], access)

    def _own_check(self, access: Access, later: Access) -> Access | None:
        """Return the check by the thread that writes later, if another thread has checked the same since; else None."""
        own = None if access.writes or not later.writes else self._accesses.before(later)
        if own is None or own.writes or own.position > access.position or own.place != access.place:
            return None
        return own if self._words.is_check(own.position) else None

    def _stale_check(self, effect: TooEarly) -> tuple[Access, Access] | None:
        """Return what the delayed thread had tested to decide on its access, and the change of that meanwhile."""
        act = self._words.calls(effect.later.position)
        for seen, change in effect.outdated or ():
            calls = self._words.calls(seen.position)
            both = common_call(calls, act)
            # The condition is before the access in the function that has both.
            if both is None or both[0].lineno >= both[1].lineno or not is_in_test(both[0]):
                continue
            if both[0] == calls[0] or is_checked_by_caller(calls):
                return seen, change
        return None

"""The effect of a switch: the accesses of two threads in an order that can explain the failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ...control import Outcome, Step
from ...control.identity import type_named
from ...control.steps import kinds
from ...explore import ChoicePoint
from ..causes._failing import failed_threads, failing_positions
from ..causes._giving_way import gave_way
from ..causes._involved import Involved
from ..causes._overlaps import UPDATES, Access, Thing, Torn, stale, swapped, things_in, torn
from ..causes._primitive_turns import set_before_clear, signal_before_wait, taken_between, turns_by_primitive
from ..causes._sources import leaves_context, repeats_in_loop
from ..words._words import ASKING, Words
from ._accesses import Accesses, same_function
from ._kinds import Canceled, Cleared, Effect, HandedOn, Interrupted, Missed, TooEarly, Unseen, acts_on_part
from ._orders import Orders
from ._spans import common_call
from ._windows import Window, Windows, touched_in


class Effects:
    """The effects of the switches of one execution, which has failed after `end` steps."""

    def __init__(self, outcome: Outcome, end: int, is_over: Callable[[], bool], words: Words) -> None:
        self._log: Sequence[Step] = outcome.log
        self._words = words
        self._end = end
        self._windows = Windows(outcome.log, end)
        self._things = things_in(outcome.log, is_over)
        self.accesses = Accesses(self._things, end)
        self._turns = [turns for turns in turns_by_primitive(outcome.log) if not words.is_of_pool(turns[0].position)]
        self._involved = Involved(outcome, self._things, is_over)
        self._failed = failed_threads(outcome)
        #: The positions of the accesses of the lines that failed.
        self._failing = failing_positions(outcome, end)
        #: By thing, the accesses of the lines that failed.
        self._concerned: dict[Thing, list[Access]] = {}
        for position in self._failing:
            for thing, access in self._things[position]:
                self._concerned.setdefault(thing, []).append(access)

    def of_switch(self, point: ChoicePoint) -> Effect | None:
        """Return the effect of running another thread than usual; None if nothing can be said."""
        # If the thread that ran could not continue, the thread that usually runs next is the one that was left.
        left = point.stand[0] if point.preempts else point.enabled[0]
        return self._of_window(self._windows.of(left, point.step), delayed=not gave_way(point, self._log))

    def of_blocking(self) -> list[Effect]:
        """Return the effect of the order in which threads that blocked, or had not started, got their turn.

        That is the one of accesses of theirs that others came between, else of a read before the failure of what was
        only written after it, else of an access in the other order than that in which the threads were started.
        """
        windows = list(self._windows.of_blocking())
        found = self._torn(windows)
        if found is not None:
            return [found]
        order = Orders(self._log, self._end, self._things, self._involved, self._windows).first_of(windows)
        return [] if order is None else [order]

    def lost_updates(self, positions: Iterable[int] = ()) -> list[Effect]:
        """Return the shortest update that is lost of what the failing lines access, wherever threads were switched.

        If there are `positions`, of what the steps there access.
        """
        concerned = [(thing, access) for position in positions for thing, access in self._things[position]]
        known = [(thing, access) for thing, accesses in self._concerned.items() for access in accesses]
        of_thing: dict[Thing, list[Access]] = {}
        for thing, access in concerned or known:
            of_thing.setdefault(thing, []).append(access)
        found = [
            update
            for thing, accesses in of_thing.items()
            for first, last in thing.pairs()
            if not first.writes and last.writes and last.position < self._end and same_function(first, last)
            for update in torn(thing, first.thread, first.position + 1, last.position)
            if (update.first, update.last) == (first, last) and update.loses_update
            if any(update.between.overlaps(access) for access in accesses)
        ]
        return [min(found, key=_length)] if found else []

    def of_any(self, points: Sequence[ChoicePoint]) -> list[Effect]:
        """Return what came between two accesses at a preemption, though the failing lines do not say why that matters.

        It is the last one if there are several preemptions.
        """
        # A failure may be due to a line that was not run.
        for point in reversed(points):
            window = self._windows.of(point.stand[0], point.step) if point.preempts else None
            found = [
                each
                for thing in (touched_in(self._things, window) if window is not None else ())
                for each in torn(thing, *window or ())
                if each.last.position < self._end
            ]
            if len(found) == 1 and self._belong_together(found[0]):
                return [found[0]]
        return []

    def _belong_together(self, effect: Torn) -> bool:
        """Whether two accesses of a thread are one operation: unlike those of taking from a pool and giving back."""
        first, _, last, _ = effect
        if first.writes:
            # What the thread has just written is not what it finds.
            return not last.writes and same_function(first, last) and not _is_in_a_later_call(last, first)
        return same_function(first, last) or self._returns(last)

    def is_of_failure(self, access: Access) -> bool:
        """Whether the line with which a thread failed has an access."""
        return access.position in self._failing

    def _of_window(self, window: Window, *, delayed: bool) -> Effect | None:
        """Return the effect of a window: a step between two accesses, else a step that was too early.

        `delayed` says whether the thread was left to delay what it does next.
        """
        found = self._torn([window])
        if found is None or found.kind == UPDATES:
            found = self._torn(self._windows.after(window)) or found
        if found is not None:
            return (self._lost_update(window) if found.kind == UPDATES else None) or found
        early = min(self._early(window), key=lambda pair: pair[1].position, default=None)
        outdated = max(self._outdated(window), key=lambda pair: pair[0].position, default=None)
        checked = None if early is None else self._checked_before(window, *early)
        if checked is not None:
            return checked
        if early is not None:
            # A value that was read too early may not fit one that was read too late.
            apart = outdated is not None and early[0].writes and not early[1].writes
            return TooEarly(
                *early,
                outdated if apart else None,
                self._partial(window, *early),
                list(self._outdated(window, unread_until=early[1].position)),
            )
        cleared = next(self._cleared(window), None)
        if cleared is not None:
            return cleared
        missed = next((pair for turns in self._turns for pair in signal_before_wait(turns, *window)), None)
        if outdated is not None:
            return Unseen(*outdated, missed)
        if missed is not None:
            return Missed(*missed)
        turns = [turn for each in self._turns for turn in taken_between(each, *window)]
        canceled = self._canceled(window)
        if canceled is not None:
            return canceled
        handed = self._handed_on(window, delayed=delayed) if turns else None
        if handed is not None and handed.found.position in self._failing:
            again = [turn[2].position for turn in turns if turn[0].kind == kinds.RELEASE]
            if again:
                return handed._replace(following=min(again), is_released=True)
        if turns:
            return Interrupted(*min(turns, key=lambda turn: turn[2].position - turn[0].position))
        return self._lost_update(window) or self._handed_on(window, delayed=delayed) or self._assigned_late(window)

    def _checked_before(self, window: Window, access: Access, later: Access) -> Interrupted | None:
        """Return the use of a primitive between a check of it and another use, if threads that write do the same."""
        if not (access.writes and later.writes and same_function(access, later)):
            return None
        for turns in self._turns:
            for first, between, last in taken_between(turns, *window):
                asks = first.kind in (kinds.IS_SET, kinds.TRY_ACQUIRE) or self._words.method(first.position) in ASKING
                if asks and self._words.is_check(first.position) and first.place[::2] == last.place[::2]:
                    return Interrupted(first, between, last)
        return None

    def _canceled(self, window: Window) -> Canceled | None:
        """Return the start of a task in a window, if the thread that was left cancels the task only after it."""
        for turns in self._turns:
            own = (turn for turn in turns if turn.thread == window.thread and turn.position >= window.until)
            for cancel in (turn for turn in own if self._words.method(turn.position) == "cancel"):
                for start in turns:
                    is_within = window.switch <= start.position < window.until and start.thread != window.thread
                    if is_within and cancel.position < self._end and self._words.starts_task(start.position):
                        return Canceled(start, cancel)
        return None

    def _cleared(self, window: Window) -> Iterator[Cleared]:
        """Yield where the thread that was left cleared an event that had been set meanwhile, if that was missed."""
        for turns in self._turns:
            for signal, clear, missed in set_before_clear(self._log, turns, *window):
                fails = self._log[missed.position][0].index in self._failed or self._involved.has_line(missed.place)
                if missed.position < self._end and fails:
                    yield Cleared(signal, clear, missed)

    def _partial(self, window: Window, access: Access, later: Access) -> tuple[Access, Access] | None:
        """Return what the thread that was left has written before, in the same function, and the other one has found.

        Or in another function that the same one has called, as the two parts of a transfer.

        Only if `access`, which came too early, reads: then the other thread saw a part of what belongs together. Or if
        the function that writes has tested what it found.
        """
        before = self._windows.step_before(window)
        if before is None or (access.writes and not later.writes):
            return None
        left = self._log[before][1].where()
        near = sorted(range(window.switch, window.until), key=lambda position: abs(position - access.position))
        for position in near:
            for thing, found in self._things[position]:
                written = self.accesses.sources.get((position, thing))
                if (
                    found.thread == access.thread
                    and not found.writes
                    and (not access.writes or acts_on_part(written, found, access, later))
                    and written is not None
                    and (written.thread, written.position < window.switch) == (window.thread, True)
                    and (written.place[::2] == left[::2] or self.are_parts(written, later))
                    and self._involved.has(thing, found)
                ):
                    return written, found
        return None

    def are_parts(self, first: Access, last: Access) -> bool:
        """Whether one function has called both writes, and they are to the same attribute of objects of one class."""
        keys = [(self._log[each.position][2] or ((None, None, 0),))[-1][0] for each in (first, last)]
        kinds_of = [type_named(key) for key in keys]
        alike = kinds_of[0] is kinds_of[1] is not None and first.part == last.part and last.writes
        calls = (self._words.calls(each.position) for each in (first, last))
        return alike and first.place[::2] != last.place[::2] and common_call(*calls) is not None

    def _early(self, window: Window) -> Iterator[tuple[Access, Access]]:
        """Yield what another thread did before the thread that was left, if that can explain the failure."""
        for thing in touched_in(self._things, window):
            for between, later in swapped(thing, *window):
                # Either the thread's write is missing, or the other one has found the value from before it.
                explains = later.position < self._end or (later.writes and not between.assigns)
                if explains and self._involved.has(thing, between) and self._sees_change(between, later):
                    yield between, later

    def _assigned_late(self, window: Window) -> TooEarly | None:
        """Return what another thread read before the thread that was left assigned it, if that one reads it first."""
        found = [
            (access, later)
            for thing in touched_in(self._things, window)
            for access, later in swapped(thing, *window, assigned=True)
            if not access.writes and later.position < self._end and self._involved.has(thing, access)
            # The failure may be due to what a thread has not done because of a check.
            if self._involved.has_line(access.place) or self._words.is_check(access.position)
        ]
        return TooEarly(*min(found, key=lambda pair: pair[1].position)) if found else None

    def _outdated(self, window: Window, unread_until: int = 0) -> Iterator[tuple[Access, Access]]:
        """Yield what the thread that was left had read before another one changed it, if it has continued with that.

        What it has read again before step `unread_until` is left out.
        """
        if window.until < self._end:
            for thing in touched_in(self._things, window):
                again = thing.next(window.thread, window.until, None)
                is_known = again is not None and again.position < unread_until
                for seen, change in stale(thing, *window):
                    if self._involved.has(thing, change) and not is_known:
                        yield seen, change

    def _handed_on(self, window: Window, *, delayed: bool) -> HandedOn | None:
        """Return what the thread had written when it was left, and another one found meanwhile.

        If `delayed`, also what the thread did only after that.
        """
        sources = self.accesses.sources
        found = [
            ((self._concerns(access, thing), access.position), written, access)
            for position in range(window.switch, window.until)
            for thing, access in self._things[position]
            if access.thread != window.thread
            and (written := sources.get((position, thing))) is not None
            and (written.thread, written.position < window.switch) == (window.thread, True)
            # Threads that run one line do the same: neither finds an intermediate state of the other one.
            and not (written.assigns and not written.updates and written.place == access.place)
            and self._involved.decides(thing, access)
        ]
        if not found:
            return None
        _, written, access = max(found, key=lambda each: each[0])
        following = self._windows.next_step(window) if delayed else None
        if following is not None and self._log[following][1].where() == written.place:
            following = None
        return HandedOn(written, access, following)

    def _torn(self, windows: Iterable[Window]) -> Torn | None:
        """Return the accesses in the windows that are interrupted and most relevant for the failure, or None."""
        # That several threads only update a thing says least: each update may be right by itself.
        ranked = [
            (
                (
                    found.kind == UPDATES,
                    found.last.position >= self._end,
                    not self._concerns(found.between, thing),
                    found.kind,
                ),
                found,
            )
            for window in windows
            for thing in touched_in(self._things, window)
            for found in torn(thing, *window)
            if self._involved.has(thing, found.between)
            # What a thread found, or overwrote, only after the failure explains nothing.
            and (found.last.position < self._end or not found.between.writes)
            # Giving back to a pool, and taking from it in a later call: they need not belong together. Nor does a check
            # belong to what a later call does, if that reads again.
            and not ((found.first.writes or found.looked) and _is_in_a_later_call(found.last, found.first))
            and self._sees_change(found.between, found.last)
        ]
        # Of equals, the accesses that are closest together: they have most to do with each other.
        return min(ranked, key=lambda each: (each[0], _length(each[1])))[1] if ranked else None

    def _returns(self, access: Access) -> bool:
        return self._log[access.position][1].kind == kinds.RETURN

    def _sees_change(self, between: Access, last: Access) -> bool:
        """Whether another thread's access comes before a change that `last` makes, or in the middle of a call."""
        return between.writes or not self._returns(last) or self._words.is_halfway(last.position)

    def _lost_update(self, window: Window) -> Torn | None:
        """Return an update that was lost before the failure; it is a bug even if the failing lines do not show why."""
        found = (torn_one for thing in touched_in(self._things, window) for torn_one in torn(thing, *window))
        lost = (each for each in found if each.loses_update and same_function(each.first, each.last))
        return min((each for each in lost if each.last.position < self._end), key=_length, default=None)

    def _concerns(self, access: Access, thing: Thing) -> bool:
        return any(access.overlaps(other) for other in self._concerned.get(thing, ()))


def _length(found: Torn) -> int:
    return found.last.position - found.first.position


def _is_in_a_later_call(access: Access, before: Access) -> bool:
    """Whether an access must be in a later call of the function that another access before it is in."""
    return (
        same_function(access, before)
        and access.place.lineno < before.place.lineno
        and not repeats_in_loop(access.place)
        and not leaves_context(access.place, before.place)
    )

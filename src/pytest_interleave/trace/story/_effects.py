"""The effect of a switch: the accesses of two threads in an order that can explain the failure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ...control import Outcome, Path, Step, is_ours, is_stdlib
from ...control.identity import type_named
from ...control.steps import kinds
from ...explore import ChoicePoint
from ..causes._failing import failed_threads, failing_positions
from ..causes._giving_way import gave_way
from ..causes._involved import Involved
from ..causes._overlaps import UPDATES, Access, Thing, Torn, sources_of, stale, swapped, things_in, torn
from ..causes._primitive_turns import set_before_clear, signal_before_wait, taken_between, turns_by_primitive
from ..causes._sources import repeats_in_loop
from ._kinds_of_effects import Cleared, Effect, HandedOn, Interrupted, Missed, TooEarly, Unseen
from ._spans import common_call
from ._words import Words


class _Window(NamedTuple):
    """A time during which a thread did not run: it was left at one step, and continued at another one."""

    thread: Path
    switch: int
    until: int


class Effects:
    """The effects of the switches of one execution, which has failed after `end` steps."""

    def __init__(self, outcome: Outcome, end: int, is_over: Callable[[], bool], words: Words) -> None:
        self._log: Sequence[Step] = outcome.log
        self._words = words
        #: A thread that has not continued by then counts as continuing here.
        self._end = end
        #: By thread, the positions of its steps.
        self._positions: dict[Path, list[int]] = {}
        for at, (unit, _, _) in enumerate(outcome.log):
            self._positions.setdefault(unit.path, []).append(at)
        self._things = things_in(outcome.log, is_over)
        self._turns = turns_by_primitive(outcome.log)
        self._involved = Involved(outcome, self._things, is_over)
        self._failed = failed_threads(outcome)
        #: By thing, the accesses of the lines that failed.
        self._concerned: dict[Thing, list[Access]] = {}
        for position in failing_positions(outcome, end):
            for thing, access in self._things[position]:
                self._concerned.setdefault(thing, []).append(access)

    def of_switch(self, point: ChoicePoint) -> Effect | None:
        """Return the effect of running another thread than usual; None if nothing can be said."""
        # If the thread that ran could not continue, the thread that usually runs next is the one that was left.
        left = point.stand[0] if point.preempts else point.enabled[0]
        return self._of_window(self._window(left, point.step), delayed=not gave_way(point, self._log))

    def of_blocking(self) -> list[Effect]:
        """Return the effect of the order in which threads that blocked, or had not started, got their turn.

        That is the one of accesses of theirs that others came between, else of a read before the failure of what was
        only written after it.
        """
        windows = list(self._windows_of_blocking())
        found = self._torn(windows)
        if found is not None:
            return [found]
        early = (
            (access, later)
            for window in windows
            for access, later in self._early(window)
            if not access.writes and later.position >= self._end
        )
        first = min(early, key=lambda pair: (pair[1].position, pair[0].position), default=None)
        return [] if first is None else [TooEarly(*first)]

    def lost_updates(self) -> list[Effect]:
        """Return the shortest update that is lost of what the failing lines access, wherever threads were switched."""
        found = [
            update
            for thing in self._concerned
            for first, last in thing.pairs()
            if not first.writes and last.writes and last.position < self._end and _same_function(first, last)
            for update in torn(thing, first.thread, first.position + 1, last.position)
            if (update.first, update.last) == (first, last) and update.loses_update
            if self._concerns(update.between, thing)
        ]
        return [min(found, key=_length)] if found else []

    def of_any(self, points: Sequence[ChoicePoint]) -> list[Effect]:
        """Return what came between two accesses at the only preemption, though the failing lines do not say why."""
        # A failure may be due to a line that was not run.
        if len(points) != 1 or not points[0].preempts:
            return []
        window = self._window(points[0].stand[0], points[0].step)
        found = [torn_one for thing in self._touched_in(window) for torn_one in torn(thing, *window)]
        before = [each for each in found if each.last.position < self._end]
        if len(before) != 1:
            return []
        first, _, last, _ = before[0]
        # Otherwise these may be two steps that need not belong together, such as taking from a pool and giving back.
        together = not first.writes and (_same_function(first, last) or self._returns(last))
        return [before[0]] if together else []

    def check_before(self, access: Access) -> Access | None:
        """Return the last access of the same thread to the same part before `access`, if it is in the same function."""
        for thing, other in self._things[access.position]:
            if other == access:
                before = thing.latest(access.thread, access.position, access)
                if before is not None and _same_function(before, access):
                    return before
        return None

    def _of_window(self, window: _Window, *, delayed: bool) -> Effect | None:
        """Return the effect of a window: a step between two accesses, else a step that was too early.

        `delayed` says whether the thread was left to delay what it does next.
        """
        found = self._torn([window])
        if found is None or found.kind == UPDATES:
            found = self._torn(self._next_windows(window)) or found
        if found is not None:
            return (self._lost_update(window) if found.kind == UPDATES else None) or found
        early = min(self._early(window), key=lambda pair: pair[1].position, default=None)
        outdated = max(self._outdated(window), key=lambda pair: pair[0].position, default=None)
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
        if turns:
            return Interrupted(*min(turns, key=lambda turn: turn[2].position - turn[0].position))
        return self._lost_update(window) or self._handed_on(window, delayed=delayed)

    def _cleared(self, window: _Window) -> Iterator[Cleared]:
        """Yield where the thread that was left cleared an event that had been set meanwhile, if that was missed."""
        for turns in self._turns:
            for signal, clear, missed in set_before_clear(self._log, turns, *window):
                fails = self._log[missed.position][0].index in self._failed or self._involved.has_line(missed.place)
                if missed.position < self._end and fails:
                    yield Cleared(signal, clear, missed)

    def _partial(self, window: _Window, access: Access, later: Access) -> tuple[Access, Access] | None:
        """Return what the thread that was left has written before, in the same function, and the other one has found.

        Or in another function that the same one has called, as the two parts of a transfer.

        Only if `access`, which came too early, reads: then the other thread saw a part of what belongs together.
        """
        own = self._positions.get(window.thread, [])
        at = bisect_left(own, window.switch)
        left = self._log[own[at - 1]][1].where() if at else None
        if access.writes or left is None:
            return None
        near = sorted(range(window.switch, window.until), key=lambda position: abs(position - access.position))
        for position in near:
            for thing, found in self._things[position]:
                written = self._sources.get((position, thing))
                if (
                    found.thread == access.thread
                    and not found.writes
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

    def _window(self, left: Path, switch: int) -> _Window:
        own = self._positions.get(left, [])
        at = bisect_left(own, switch)
        return _Window(left, switch, min(own[at] if at < len(own) else len(self._log), self._end))

    def _windows_of_blocking(self) -> Iterator[_Window]:
        """Yield the windows of all threads: before their first steps, and when others ran between two of theirs."""
        starts: dict[Path, list[int]] = {}
        for at, (unit, operation, _) in enumerate(self._log):
            if operation.kind == kinds.START:
                starts.setdefault(unit.path, []).append(at)
        for thread, own in self._positions.items():
            siblings = starts.get(thread[:-1], [])
            # A path ends with the number of the thread among those that the same one has started.
            before = siblings[thread[-1]] if thread and thread[-1] < len(siblings) else None
            for at in own:
                if before is not None and at > before + 1 and self._log[at][1].kind != kinds.JOIN:
                    yield _Window(thread, before + 1, min(at, self._end))
                before = at

    def _next_windows(self, window: _Window) -> Iterable[_Window]:
        """Return the windows of the threads that ran meanwhile, each of which is left when the first one continues."""
        others = {unit.path for unit, _, _ in self._log[window.switch : window.until]} - {window.thread}
        return (self._window(other, window.until) for other in sorted(others))

    def _early(self, window: _Window) -> Iterator[tuple[Access, Access]]:
        """Yield what another thread did before the thread that was left, if that can explain the failure."""
        for thing in self._touched_in(window):
            for between, later in swapped(thing, *window):
                # Either the thread's write is missing, or the other one has found the value from before it.
                explains = later.position < self._end or (later.writes and not between.assigns)
                if explains and self._involved.has(thing, between) and self._sees_change(between, later):
                    yield between, later

    def _outdated(self, window: _Window, unread_until: int = 0) -> Iterator[tuple[Access, Access]]:
        """Yield what the thread that was left had read before another one changed it, if it has continued with that.

        What it has read again before step `unread_until` is left out.
        """
        if window.until < self._end:
            for thing in self._touched_in(window):
                again = thing.next(window.thread, window.until, None)
                is_known = again is not None and again.position < unread_until
                for seen, change in stale(thing, *window):
                    if self._involved.has(thing, change) and not is_known:
                        yield seen, change

    def _handed_on(self, window: _Window, *, delayed: bool) -> HandedOn | None:
        """Return what the thread had written when it was left, and another one found meanwhile.

        If `delayed`, also what the thread did only after that.
        """
        sources = self._sources
        found = [
            ((self._concerns(access, thing), access.position), written, access)
            for position in range(window.switch, window.until)
            for thing, access in self._things[position]
            if access.thread != window.thread
            and (written := sources.get((position, thing))) is not None
            and (written.thread, written.position < window.switch) == (window.thread, True)
            # Threads that run one line do the same: neither finds an intermediate state of the other one.
            and not (written.assigns and not written.updates and written.place == access.place)
            and self._involved.has(thing, access)
            and self._involved.has_line(access.place)
        ]
        if not found:
            return None
        _, written, access = max(found, key=lambda each: each[0])
        following = self._next_step(window) if delayed else None
        if following is not None and self._log[following][1].where() == written.place:
            following = None
        return HandedOn(written, access, following)

    @cached_property
    def _sources(self) -> dict[tuple[int, Thing], Access]:
        return sources_of(self._things)

    def _touched_in(self, window: _Window) -> Iterable[Thing]:
        """Return the things that any thread has accessed in a window."""
        steps = self._things[window.switch : window.until]
        return dict.fromkeys(thing for found in steps for thing, _ in found)

    def _torn(self, windows: Iterable[_Window]) -> Torn | None:
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
            for thing in self._touched_in(window)
            for found in torn(thing, *window)
            if self._involved.has(thing, found.between)
            # What a thread found, or overwrote, only after the failure explains nothing.
            and (found.last.position < self._end or not found.between.writes)
            # Giving back to a pool, and taking from it in a later call: they need not belong together.
            and not (found.first.writes and _is_in_a_later_call(found.last, found.first))
            and self._sees_change(found.between, found.last)
        ]
        # Of equals, the accesses that are closest together: they have most to do with each other.
        return min(ranked, key=lambda each: (each[0], _length(each[1])))[1] if ranked else None

    def _returns(self, access: Access) -> bool:
        return self._log[access.position][1].kind == kinds.RETURN

    def _sees_change(self, between: Access, last: Access) -> bool:
        """Whether another thread's access comes before a change that `last` makes, or in the middle of a call."""
        return between.writes or not self._returns(last) or self._words.is_halfway(last.position)

    def _lost_update(self, window: _Window) -> Torn | None:
        """Return an update that was lost before the failure; it is a bug even if the failing lines do not show why."""
        found = (torn_one for thing in self._touched_in(window) for torn_one in torn(thing, *window))
        lost = (each for each in found if each.loses_update and _same_function(each.first, each.last))
        return min((each for each in lost if each.last.position < self._end), key=_length, default=None)

    def _concerns(self, access: Access, thing: Thing) -> bool:
        return any(access.overlaps(other) for other in self._concerned.get(thing, ()))

    def _next_step(self, window: _Window) -> int | None:
        """Return the step with which the thread that was left continued, if it is in the program's own code."""
        own = self._positions.get(window.thread, [])
        at = bisect_left(own, window.until)
        if at == len(own):
            return None
        filename = self._log[own[at]][1].where().filename
        return None if is_ours(filename) or is_stdlib(filename) else own[at]


def _length(found: Torn) -> int:
    return found.last.position - found.first.position


def _same_function(first: Access, second: Access) -> bool:
    return first.place[::2] == second.place[::2]


def _is_in_a_later_call(access: Access, before: Access) -> bool:
    """Whether an access must be in a later call of the function that another access before it is in."""
    return (
        _same_function(access, before)
        and access.place.lineno < before.place.lineno
        and not repeats_in_loop(access.place)
    )

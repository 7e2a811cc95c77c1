"""The story of an execution: which thread did what before which other one, or which one waits for which."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ...control import Outcome, Path, Place, Recorder, Step, is_ours, is_stdlib
from ...control.execution import DEADLOCK
from ...control.identity import UNKNOWN
from ...control.steps import kinds
from ...detect import name_of_access
from ...explore import ChoicePoint
from ...explore.search import never
from ..causes._failing import failing_positions
from ..causes._giving_way import gave_way, why_gave_way
from ..causes._involved import Involved
from ..causes._names import distinguished
from ..causes._overlaps import Access, Thing, TimeIsOver, Torn, sources_of, stale, swapped, things_in, torn
from ..causes._places import short_place
from ..causes._primitive_turns import Turn, signal_before_wait, taken_between, turns_by_primitive
from ._deadlock import deadlock_story
from ._held_up import held_up

#: At most this many switches of each sort are examined if the schedule could not be shrunk; and at most this many
#: sentences are written. The rest are skipped.
_LOOKED_AT = 20
_MOST_SENTENCES = 3


class Story(NamedTuple):
    """A text, and the positions in the log of the steps that it is about."""

    text: str
    positions: tuple[int, ...] = ()
    #: Whether there was no time for all of it.
    is_cut_short: bool = False


def story_of(
    outcome: Outcome,
    points: Sequence[ChoicePoint] | None,
    end: int,
    recorder: Recorder | None = None,
    is_over: Callable[[], bool] = never,
) -> Story:
    """Return a sentence for each of the first switches, or for what the threads wait for; empty if nothing can be said.

    `points` is None if it is not known which choices there were. After `end` steps the execution has failed. Once
    `is_over`, no more sentences are added.
    """
    if outcome.stuck is not None and outcome.stuck.kind == DEADLOCK:
        pauses = list(held_up(outcome, end))
        stories = [*(text for text, _ in pauses), deadlock_story(outcome.stuck, outcome.log)]
        return Story(" ".join(stories), tuple(at for _, places in pauses for at in places))
    if points is None:
        return Story("")
    chosen = [point for point in points if point.is_switch]
    given = [point for point in points if gave_way(point, outcome.log) and point.step < end]
    if not chosen and not given:
        return Story(_NO_SWITCH)
    reported: list[_Sentence] = list(held_up(outcome, end))
    is_cut_short = False
    # Threads that spin give way all the time: only the effects of the last switches matter.
    looked_at = sorted((*chosen[:_LOOKED_AT], *given[-_LOOKED_AT:]), key=lambda point: point.step)
    try:
        teller = _Teller(outcome, end, recorder, is_over)
        for sentence in filter(None, map(teller.of_switch, looked_at)):
            # A sentence whose steps are all in another one is left out.
            if not any(set(sentence[1]) <= set(other[1]) for other in reported):
                reported = [other for other in reported if not set(other[1]) < set(sentence[1])] + [sentence]
            if len(reported) >= _MOST_SENTENCES:
                break
        if not reported and not chosen:
            reported = [teller.of_turn(given[-1])]
    except TimeIsOver:
        is_cut_short = True
    positions = tuple(sorted({at for _, places in reported for at in places}))
    return Story(" ".join(text for text, _ in reported), positions, is_cut_short)


_NO_SWITCH = "It needs no switch: each thread runs until it blocks or ends, those that were started first first."

#: A sentence, and the positions of the steps that it is about.
_Sentence = tuple[str, tuple[int, ...]]


class _Window(NamedTuple):
    """A time during which a thread did not run: it was left at one step, and continued at another one."""

    thread: Path
    switch: int
    until: int


class _Teller:
    def __init__(self, outcome: Outcome, end: int, recorder: Recorder | None, is_over: Callable[[], bool]) -> None:
        self._log: Sequence[Step] = outcome.log
        #: The number of steps until the failure. A thread that has not continued by then counts as continuing here.
        self._end = end
        self._recorder = recorder
        self._names = distinguished(outcome.threads)
        #: By thread, the positions of its steps.
        self._positions: dict[Path, list[int]] = {}
        for at, (unit, _, _) in enumerate(outcome.log):
            self._positions.setdefault(unit.path, []).append(at)
        self._things = things_in(outcome.log, is_over)
        self._turns = turns_by_primitive(outcome.log)
        self._involved = Involved(outcome, self._things, is_over)
        self._said: set[str] = set()
        #: By name of an attribute, the first object that was mentioned with it.
        self._called: dict[str, Any] = {}
        #: By thing, the accesses of the lines that failed.
        self._concerned: dict[Thing, list[Access]] = {}
        for position in failing_positions(outcome, end):
            for thing, access in self._things[position]:
                self._concerned.setdefault(thing, []).append(access)

    # -- effects of a switch ---------------------------------------------------------------------------------

    def of_switch(self, point: ChoicePoint) -> _Sentence | None:
        """Return a sentence on the effect of running another thread than usual; None if nothing can be said."""
        given = gave_way(point, self._log)
        # If the thread that ran could not continue, the thread that usually runs next is the one that was left.
        left = point.stand[0] if point.preempts else point.enabled[0]
        sentence = self._of_window(self._window(left, point.step), delayed=not given)
        if sentence is None or sentence[0] in self._said:
            return None
        self._said.add(sentence[0])
        return (f"{self.of_turn(point)[0]} {sentence[0]}", sentence[1]) if given else sentence

    def of_turn(self, point: ChoicePoint) -> _Sentence:
        """Return a sentence that says that a thread gave way, and why."""
        other = self._names[self._log[point.step][0].index]
        return f"{why_gave_way(point, self._log, self._names)}, so the scheduler let {other} run.", ()

    def _of_window(self, window: _Window, *, delayed: bool) -> _Sentence | None:
        """Return a sentence on the effect of a window: a step between two accesses, else a step that was too early.

        `delayed` says whether the thread was left to delay what it does next.
        """
        found = self._torn([window]) or self._torn(self._next_windows(window))
        if found is not None:
            return self._of_torn(found)
        early = min(self._early(window), key=lambda pair: pair[1].position, default=None)
        outdated = max(self._outdated(window), key=lambda pair: pair[0].position, default=None)
        if early is not None:
            # A value that was read too early may not fit one that was read too late.
            apart = outdated is not None and early[0].writes and not early[1].writes
            return _joined([*([self._unseen(*outdated)] if outdated and apart else ()), self._before(*early)])
        missed = next((pair for turns in self._turns for pair in signal_before_wait(turns, *window)), None)
        if outdated is not None or missed is not None:
            sentences = [self._unseen(*outdated)] if outdated is not None else []
            sentences += [self._came_before(*missed)] if missed is not None else []
            return _joined(sentences)
        turns = [turn for each in self._turns for turn in taken_between(each, *window)]
        if turns:
            return self._of_turns(*min(turns, key=lambda turn: turn[2].position - turn[0].position))
        return self._handed_on(window, delayed=delayed)

    def _window(self, left: Path, switch: int) -> _Window:
        own = self._positions.get(left, [])
        at = bisect_left(own, switch)
        return _Window(left, switch, min(own[at] if at < len(own) else len(self._log), self._end))

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
                if explains and self._involved.has(thing, between):
                    yield between, later

    def _outdated(self, window: _Window) -> Iterator[tuple[Access, Access]]:
        """Yield what the thread that was left had read before another one changed it, if it has continued with that."""
        if window.until < self._end:
            for thing in self._touched_in(window):
                yield from (pair for pair in stale(thing, *window) if self._involved.has(thing, pair[1]))

    def _handed_on(self, window: _Window, *, delayed: bool) -> _Sentence | None:
        """Return a sentence on what the thread had written when it was left, and another one found meanwhile.

        If `delayed`, it also says what the thread did only after that.
        """
        sources = self._sources
        found = [
            ((self._concerns(access, thing), access.position), written, access)
            for position in range(window.switch, window.until)
            for thing, access in self._things[position]
            if access.thread != window.thread
            and (written := sources.get((position, thing))) is not None
            and (written.thread, written.position < window.switch) == (window.thread, True)
            and self._involved.has(thing, access)
            and self._involved.has_line(access.place)
        ]
        if not found:
            return None
        _, written, access = max(found, key=lambda each: each[0])
        return self._found(written, access, self._next_place(window) if delayed else None)

    @cached_property
    def _sources(self) -> dict[tuple[int, Thing], Access]:
        return sources_of(self._things)

    def _touched_in(self, window: _Window) -> Iterable[Thing]:
        """Return the things that any thread has accessed in a window."""
        steps = self._things[window.switch : window.until]
        return dict.fromkeys(thing for found in steps for thing, _ in found)

    def _torn(self, windows: Iterable[_Window]) -> Torn | None:
        """Return the torn accesses in the windows that have most to do with the failure, or None."""
        ranked = [
            ((found.last.position >= self._end, not self._concerns(found.between, thing), found.kind), found)
            for window in windows
            for thing in self._touched_in(window)
            for found in torn(thing, *window)
            if self._involved.has(thing, found.between)
            # What a thread found, or overwrote, only after the failure explains nothing.
            and (found.last.position < self._end or not found.between.writes)
        ]
        # Of equals, the accesses that are closest together: they have most to do with each other.
        return min(ranked, key=lambda each: (each[0], _length(each[1])))[1] if ranked else None

    def _concerns(self, access: Access, thing: Thing) -> bool:
        return any(access.overlaps(other) for other in self._concerned.get(thing, ()))

    # -- sentences -------------------------------------------------------------------------------------------

    def _of_torn(self, found: Torn) -> _Sentence:
        first, between, last, looked = found
        thread, other = self._thread(first), self._thread(between)
        it = self._it(first, between)
        text = f"{thread} {self._did(first)} {self._what(first)}{self._value(first)} at {short_place(first.place)}; "
        text += f"then {other} {self._did(between)} {it}{self._value(between)} at {short_place(between.place)}"
        if found.loses_update and self._did(last) == "wrote" and it == self._it(between, last) == "it":
            text += f", and {thread} overwrote that at {short_place(last.place)}{self._value(last)}."
        else:
            that = self._it(between, last)
            again = " again" if that == it == "it" and first.writes == last.writes and not looked else ""
            there = f"{short_place(last.place)}{self._value(last)}"
            text += f", before {thread} {self._did(last)} {that}{again} at {there}."
        return text, (first.position, between.position, last.position)

    def _before(self, first: Access, second: Access) -> _Sentence:
        return (
            f"{self._thread(first)} {self._did(first)} {self._what(first)}{self._value(first)} at "
            f"{short_place(first.place)} before {self._thread(second)} {self._did(second)} {self._it(first, second)}"
            f"{self._value(second)} at {short_place(second.place)}.",
            (first.position, second.position),
        )

    def _unseen(self, seen: Access, change: Access) -> _Sentence:
        thread = self._thread(seen)
        return (
            f"{thread} {self._did(seen)} {self._what(seen)}{self._value(seen)} at {short_place(seen.place)}; then "
            f"{self._thread(change)} {self._did(change)} {self._it(seen, change)}{self._value(change)} at "
            f"{short_place(change.place)}, which {thread} did not see.",
            (seen.position, change.position),
        )

    def _found(self, written: Access, found: Access, next_place: Place | None) -> _Sentence:
        text = (
            f"{self._thread(written)} {self._did(written)} {self._what(written)}{self._value(written)} at "
            f"{short_place(written.place)}; then {self._thread(found)} {self._did(found)} {self._it(written, found)}"
            f"{self._value(found)} at {short_place(found.place)}"
        )
        if next_place is not None and next_place != written.place:
            text += f", before {self._thread(written)} reached {short_place(next_place)} (`{next_place.text}`)"
        return f"{text}.", (written.position, found.position)

    def _next_place(self, window: _Window) -> Place | None:
        """Return the place where the thread that was left continued, if it is in the program's own code."""
        steps = (operation for unit, operation, _ in self._log[window.until :] if unit.path == window.thread)
        operation = next(steps, None)
        if operation is None:
            return None
        place = operation.where()
        return None if is_ours(place.filename) or is_stdlib(place.filename) else place

    def _of_turns(self, first: Turn, between: Turn, last: Turn) -> _Sentence:
        thread = self._thread(first)
        return (
            f"{thread} had been at {_line(first)} when {self._thread(between)} came to {_line(between)}; only then did "
            f"{thread} come to {_line(last)}.",
            (first.position, between.position, last.position),
        )

    def _came_before(self, first: Turn, second: Turn) -> _Sentence:
        return (
            f"{self._thread(first)} came to {_line(first)} before {self._thread(second)} came to {_line(second)}.",
            (first.position, second.position),
        )

    # -- words -----------------------------------------------------------------------------------------------

    def _thread(self, step: Access | Turn) -> str:
        return self._names[self._log[step.position][0].index]

    def _what(self, access: Access) -> str:
        _, operation, touches = self._log[access.position]
        name = name_of_access(operation, touches)
        owner, _, attribute = name.rpartition(".")
        if not owner or not touches or access.part != attribute:
            return name
        # Two objects of a class have the same name.
        first = self._called.setdefault(name, touches[-1][0])
        return name if first == touches[-1][0] else f"{name} of another object"

    def _it(self, known: Access, access: Access) -> str:
        """Return the name of what is accessed, or a pronoun if it was named before."""
        return "it" if known.part == access.part is not UNKNOWN else self._what(access)

    def _did(self, access: Access) -> str:
        operation = self._log[access.position][1]
        if operation.name.startswith(".") and operation.is_where_it_shows:
            return f"called {operation.name} of"
        if operation.name == "next" and access.part != "next":
            return "called next() of"
        if access.writes and operation.kind == kinds.READ:
            return "changed"
        return kinds.TABLE[operation.kind].past or kinds.TABLE[kinds.READ].past

    def _value(self, access: Access) -> str:
        text = "" if self._recorder is None else self._recorder.text_at(access.position)
        return f" ({text})" if text else ""


def _joined(sentences: Sequence[_Sentence]) -> _Sentence:
    return " ".join(text for text, _ in sentences), tuple(at for _, places in sentences for at in places)


def _length(found: Torn) -> int:
    return found.last.position - found.first.position


def _line(turn: Turn) -> str:
    return f"{short_place(turn.place)} (`{turn.place.text}`)"

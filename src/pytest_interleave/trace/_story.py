"""What happened, in a sentence or two: which thread did what before which other, or who waits for whom."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..control import Outcome, Path, Place, Recorder, Step, Stuck, touches_of
from ..control._touches import WRITES
from ..detect import name_of_access
from ..explore import ChoicePoint

#: So many switches are told of.
_TOLD = 3


class Story(NamedTuple):
    """A text, and the positions in the log of the steps that it is about."""

    text: str
    positions: tuple[int, ...] = ()


def story_of(
    outcome: Outcome, points: Sequence[ChoicePoint], end: int, recorder: Recorder | None = None
) -> Story:
    """A sentence for each of the first switches, or what the threads wait for; empty where nothing can be said.

    After `end` steps the execution has failed.
    """
    if outcome.stuck is not None and outcome.stuck.kind == "deadlock":
        return Story(_of_deadlock(outcome.stuck))
    switches = [point for point in points if point.is_switch]
    if not switches:
        return Story(
            "It needs no switch: each thread runs until it blocks or ends, those that were started first first."
        )
    teller = _Teller(outcome.log, end, recorder)
    sentences = filter(None, map(teller.of_switch, switches))
    told = list(itertools.islice(sentences, _TOLD))
    return Story(" ".join(text for text, _ in told), tuple(sorted({at for _, places in told for at in places})))


def _of_deadlock(stuck: Stuck) -> str:
    texts = []
    for wait in stuck.waits:
        if not wait.waits_for:
            continue
        held = ""
        if wait.holder is not None:
            since = "" if wait.acquired is None else f" since {_short(wait.acquired)}"
            held = f", which {wait.holder} holds{since}"
        at = "" if wait.where is None else f" at {_short(wait.where)}"
        texts.append(f"{wait.thread} waits for {wait.waits_for}{at}{held}")
    return f"{'; '.join(texts)}." if texts else ""


def _short(place: Place) -> str:
    """Without its directories: the table has them."""
    return f"{os.path.basename(place.filename)}:{place.lineno}"


class _Access(NamedTuple):
    """An access to one thing, at a position in the log."""

    position: int
    thread: Path
    writes: bool


#: With the positions of the steps that it is about.
_Sentence = tuple[str, tuple[int, ...]]


class _Teller:
    def __init__(self, log: Sequence[Step], end: int, recorder: Recorder | None) -> None:
        self._log = log
        #: With the step before it the execution has failed. What a thread has not done by then, it does later on.
        self._end = end
        self._recorder = recorder
        #: By object and part: the accesses.
        self._accesses: dict[Any, list[_Access]] = {}
        alone = True
        for position, (task, operation, touches) in enumerate(log):
            # What is done while there is only one thread is no part of it.
            alone = alone and operation.kind != "start"
            if operation.is_access and not alone:
                for key, part, how in touches_of(operation, touches):
                    access = _Access(position, task.path, bool(how & WRITES))
                    self._accesses.setdefault((key, part), []).append(access)

    # -- what a switch has done ------------------------------------------------------------------------------

    def of_switch(self, point: ChoicePoint) -> _Sentence | None:
        """Between two accesses of the thread that was left, what another one did there; else what came too early."""
        # Where nobody was left who could go on, it is another thread than usual that went on.
        left = point.stand[0] if point.preempts else point.enabled[0]
        resumed = next(
            (at for at in range(point.step, len(self._log)) if self._log[at][0].path == left), len(self._log)
        )
        until = min(resumed, self._end)
        torn = [found for accesses in self._accesses.values() for found in _torn(accesses, left, point.step, until)]
        if torn:
            return self._of_torn(*min(torn, key=self._rank))
        swapped = [
            found for accesses in self._accesses.values() for found in _swapped(accesses, left, point.step, until)
        ]
        return self._before(*min(swapped, key=lambda found: found[1].position)) if swapped else None

    def _rank(self, found: tuple[_Access, _Access, _Access]) -> tuple[bool, int, int]:
        """First what was done before the failure; a lost update, then what was seen to change, then half a change.

        Of these what is closest together: it has most to do with each other.
        """
        first, _, last = found
        how = 0 if not first.writes and last.writes else 1 if not last.writes else 2
        return last.position >= self._end, how, last.position - first.position

    def _of_torn(self, first: _Access, between: _Access, last: _Access) -> _Sentence:
        thread, other = self._thread(first), self._thread(between)
        what = self._what(first)
        did, place = self._did(first), self._place(first)
        then, there = self._did(between), self._place(between)
        text = f"{thread} {did} {what}{self._value(first)} at {place}; "
        text += f"then {other} {then} it{self._value(between)} at {there}"
        if not first.writes and between.writes and self._did(last) == "wrote":
            text += f", and {thread} overwrote that at {self._place(last)}{self._value(last)}."
        else:
            again = "again " if first.writes == last.writes else ""
            text += f", before {thread} {self._did(last)} it {again}at {self._place(last)}{self._value(last)}."
        return text, (first.position, between.position, last.position)

    def _before(self, first: _Access, second: _Access) -> _Sentence:
        return (
            f"{self._thread(first)} {self._did(first)} {self._what(first)}{self._value(first)} at {self._place(first)} "
            f"before {self._thread(second)} {self._did(second)} it{self._value(second)} at {self._place(second)}.",
            (first.position, second.position),
        )

    # -- words -----------------------------------------------------------------------------------------------

    def _thread(self, access: _Access) -> str:
        return self._log[access.position][0].name

    def _what(self, access: _Access) -> str:
        _, operation, touches = self._log[access.position]
        return name_of_access(operation, touches)

    def _did(self, access: _Access) -> str:
        operation = self._log[access.position][1]
        if operation.name.startswith("."):
            return f"called {operation.name} of"
        if access.writes and operation.kind == "read":
            return "changed"
        return _DID.get(operation.kind, "read")

    def _place(self, access: _Access) -> str:
        return _short(self._log[access.position][1].where())

    def _value(self, access: _Access) -> str:
        text = "" if self._recorder is None else self._recorder.text_at(access.position)
        return f" ({text})" if text else ""


_DID = {"write": "wrote", "delete": "deleted", "iterate": "looped over"}


def _torn(
    accesses: Sequence[_Access], left: Path, switch: int, resumed: int
) -> Iterator[tuple[_Access, _Access, _Access]]:
    """An access before the switch, another thread's until it went on, the first one then: not as if in one piece."""
    before = [access for access in accesses if access.thread == left and access.position < switch]
    after = [access for access in accesses if access.thread == left and access.position >= switch]
    if not before or not after:
        return
    first, last = before[-1], after[0]
    for between in accesses:
        if switch <= between.position < resumed and (
            between.writes if not (first.writes and last.writes) else not between.writes
        ):
            yield first, between, last


def _swapped(accesses: Sequence[_Access], left: Path, switch: int, resumed: int) -> Iterator[tuple[_Access, _Access]]:
    """What another thread did meanwhile, and the thread that was left only thereafter."""
    after = next((access for access in accesses if access.thread == left and access.position >= switch), None)
    if after is None:
        return
    for between in accesses:
        if switch <= between.position < resumed and (between.writes or after.writes):
            yield between, after

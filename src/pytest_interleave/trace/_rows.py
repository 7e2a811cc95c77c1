"""The rows of a table: successive steps of a thread at one line, and which of them are shown."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._texts import listed
from ..control.execution import short_name
from ..control.steps import kinds
from ._events import Event
from ._shortened import cut_name, with_lists
from ._timeline import Timeline

#: The mark of a row before which the schedule preempted a thread.
SWITCHED = ">"
#: The mark of a row before which the scheduler switched by itself.
GAVE_WAY = "~"
_WIDEST_PLACE = 30
#: The end of the text for a wait whose time limit expired. A wait that has several steps ends with `EXPIRED`.
TIMED_OUT = "(timed out)"
EXPIRED = "timed out"


@dataclass
class Row:
    """Successive steps of one thread at one line."""

    thread: int
    place: str
    source: str
    #: The mark before it; empty if there is none.
    mark: str
    #: The number of the evidence; 0 if it is none.
    number: int = 0
    #: Whether it takes precedence over ordinary rows; and whether it takes precedence over these, too.
    important: bool = False
    reported: bool = False
    #: Whether it is a heading for the rows after it.
    heading: bool = False
    events: list[Event] = field(default_factory=list)
    text: str = ""
    #: The number of steps that are left out in its place; 0 if it is a row of steps.
    gap: int = 0

    @property
    def steps(self) -> int:
        """The number of steps in it."""
        return self.gap or sum(not event.uses for event in self.events)

    @property
    def only_manages(self) -> bool:
        """Whether it only starts threads, and waits for their ends."""
        return all(event.kind.partition(" (")[0] in OF_OTHERS for event in self.events)

    @property
    def only_joins(self) -> bool:
        """Whether it only joins threads that have ended."""
        joins = all(event.kind == kinds.JOIN and not event.waits for event in self.events)
        return joins and not self.heading and not self.gap

    def does(self) -> str:
        """Return what is done in it."""
        counts: dict[str, int] = {}
        asserts = re.match(r"assert\b", self.source) is not None
        written = {event.value.partition(" -> ")[0] for event in self.events if event.kind == kinds.WRITE}
        for event in self.events:
            if event.kind == kinds.READ and event.value and event.value in written:
                # The row says "OLD -> NEW".
                continue
            text = _done(event)
            # What a library does in a call is one thing for people. An assertion reads a value as often as it needs it.
            is_one = event.within or (asserts and event.kind == kinds.READ and event.value)
            counts[text] = 1 if is_one else counts.get(text, 0) + 1
        for event in self.events:
            if any(text.startswith(f"{event.within}: ") for text in counts):
                counts.pop(event.within, None)
        _end_waits(counts)
        counts = with_lists(_with_chain(counts), OF_OTHERS)
        return ", ".join(text if count == 1 else f"{text} ×{count}" for text, count in counts.items())

    def manages(self, who: str, names: Mapping[str, str]) -> str:
        """Return a sentence for a row that only starts threads or waits for their ends; `names` are shortened ones."""
        late = {event.what: event.kind.endswith(TIMED_OUT) for event in self.events}
        lists = []
        for is_late in (False, True):
            others = [what.removeprefix("thread ") for what in late if late[what] == is_late]
            if others:
                many = listed_names([names.get(name) or cut_name(name) for name in others])
                lists.append(f"{many} {TIMED_OUT}" if is_late else many)
        kind = self.events[0].kind
        verb = "waits for" if self.events[-1].waits else OF_OTHERS[kind.partition(" (")[0]]
        return f"{who} {verb} {', and '.join(lists)} ({short(self.place)})"


def _end_waits(counts: dict[str, int]) -> None:
    """Let one text stand for the beginning and the end of a wait that timed out: "wait (timed out)"."""
    for text, count in list(counts.items()):
        method, within, end = text.rpartition(": ")
        if end == EXPIRED:
            begin = f"{method}{within}{kinds.WAIT}"
            if counts.get(begin, 0) > count:
                counts[begin] -= count
            else:
                counts.pop(begin, None)
            if not within:
                counts[f"{kinds.WAIT} {TIMED_OUT}"] = counts.pop(text)


def _with_chain(counts: dict[str, int]) -> dict[str, int]:
    """Return texts in which writes of one value after the other are one: "0 -> 1", "1 -> 2", "2 -> 3" is "0 -> 3"."""
    chain = [text.partition(" -> ")[::2] for text in counts if " -> " in text and ": " not in text]
    if len(chain) < 3 or any(before[1] != after[0] for before, after in itertools.pairwise(chain)):
        return counts
    whole = f"{chain[0][0]} -> {chain[-1][1]} ({len(chain)} writes)"
    single = {" -> ".join(each) for each in chain}
    # It has the place of the first one.
    return {(whole if text in single else text): 1 if text in single else count for text, count in counts.items()}


#: Kinds of steps that concern the lives of other threads, and the verbs for them.
OF_OTHERS: dict[str, str] = {kinds.START: "starts", kinds.JOIN: "joins"}


def listed_names(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{names[0]} to {names[-1]}"
    return listed(names)


def rows_of(timeline: Timeline) -> list[Row]:
    rows: list[Row] = []
    numbers = {each.position + 1: number for number, each in enumerate(timeline.evidence, 1)}
    about = frozenset((*timeline.reported, *timeline.expired))
    line: object = None
    loop: object = None
    for event in timeline.events:
        if event.skipped:
            rows.append(Row(event.thread, "", "", "", gap=event.skipped))
            line = None
        here = (event.thread, event.place, event.source, event.waits)
        gave_way = event.gave_way and (not rows or rows[-1].thread != event.thread)
        mark = SWITCHED if event.switch else GAVE_WAY if gave_way else ""
        if event.repeats and (event.thread, event.repeats) != loop:
            rows.append(Row(event.thread, "", "", "", heading=True, text=f"{event.repeats}:"))
            line = None
        loop = (event.thread, event.repeats)
        number = 0 if event.uses else numbers.get(event.step, 0)
        if here != line or mark or (number and rows[-1].number):
            rows.append(Row(event.thread, event.place, event.source, mark))
            line = here
        row = rows[-1]
        row.events.append(event)
        row.number = row.number or number
        row.reported = row.reported or event.waits or bool(event.repeats) or event.step in about
        row.important = row.important or bool(mark)
    return rows


def _done(event: Event) -> str:
    name = short_name(event.what).removeprefix("thread ")
    if event.waits:
        row = kinds.TABLE.get(event.kind)
        if event.within and event.kind in (kinds.WAIT, kinds.WOKEN):
            return f"{event.within}: waiting"
        return (row.waiting if row is not None else "blocked").format(name).replace("blocked on Lock ", "blocked on ")
    if event.within:
        if event.kind == EXPIRED or event.kind.endswith(TIMED_OUT):
            return f"{event.within}: {EXPIRED}"
        return f"{event.within}: {event.kind}" if event.kind in (kinds.WAIT, kinds.WOKEN) else event.within
    owner = event.what.rpartition(".")[0] if event.kind in kinds.DATA else ""
    owner = f"{owner}: " if " #" in owner else ""
    if event.does:
        return f"{owner}{event.does}"
    if event.call:
        return f"{owner}{event.call}"
    if event.kind == kinds.WRITE and event.value and " -> " not in event.value:
        return f"{owner}write (was {event.value})"
    if event.kind == kinds.WRITE and event.value.startswith("? -> "):
        return f"{owner}write {event.value.removeprefix('? -> ')}"
    if event.kind == kinds.WRITE and event.value.startswith("unset -> "):
        return f"{owner}set {event.value.removeprefix('unset -> ')}"
    if event.kind == kinds.WRITE and " -> " in event.value:
        return f"{owner}{event.value}"
    kind = event.kind.removesuffix(f" {TIMED_OUT}")
    what = kind.removesuffix("?")
    if kind in kinds.OF_THREADS or (not event.source and event.what):
        what = f"{what} {name}".rstrip()
    elif " " in name and kind in kinds.OF_A_LOCK:  # "Lock #1", "file lock a": the line does not say which one it is.
        what = f"{what} {name}"
    if kind != event.kind:
        what = f"{what} {TIMED_OUT}"
    return f"{owner}{what} {event.value}" if event.value else f"{owner}{what}"


def without_repeated(rows: list[Row], most: int) -> list[Row]:
    """Return the rows with gaps in place of those before the bug that a thread repeats later, as in a loop.

    The last ones are kept. If the steps of the bug are not known, all rows stay unless there are more than `most`.
    """
    first = next((at for at, row in enumerate(rows) if row.number), len(rows) if len(rows) > most else 0)
    known: set[object] = set()
    repeated: set[int] = set()
    for at in range(first - 1, -1, -1):
        row = rows[at]
        if row.gap:
            repeated.add(at)
        elif not (row.important or row.reported or row.heading or row.only_manages):
            what = row.thread, row.place, row.source, frozenset(event.kind for event in row.events)
            if what in known:
                repeated.add(at)
            known.add(what)
    shown: list[Row] = []
    for is_repeated, group in itertools.groupby(enumerate(rows), lambda each: each[0] in repeated):
        several = [row for _, row in group]
        # A line for what is left out takes the place of one row.
        if is_repeated and len(several) > 1:
            several = [replace(several[0], gap=sum(row.steps for row in several), events=[])]
        shown += several
    return shown


def most_telling(rows: list[Row], most: int) -> list[Row | str]:
    """Return the most important rows that fit, with texts that say how many steps are left out between them."""
    steps = {number for number, row in enumerate(rows) if not row.gap}
    if len(rows) <= most:
        return _elided(rows, steps)
    headings = [number for number, row in enumerate(rows) if row.heading]
    reported = [number for number, row in enumerate(rows) if row.reported]
    marked = [number for number, row in enumerate(rows) if row.important]
    if len(marked) > most // 2 and reported:
        # The schedule was not shrunk: most of its switches have nothing to do with the failure.
        marked.clear()
    important = [*headings, *reported, len(rows) - 1, *marked]
    kept: set[int] = set()
    # One line is for what is left out.
    lines = 1
    for distance in range(len(rows)):
        before = len(kept)
        for number in important:
            for near in {number - distance - 1, number + distance}:
                if near in steps and near not in kept:
                    # The row ends one gap, and may begin a gap on each side.
                    left_out = sum(0 <= beside < len(rows) and beside not in kept for beside in (near - 1, near + 1))
                    if lines + left_out <= most:
                        lines += left_out
                        kept.add(near)
        if lines >= most or (distance and len(kept) == before):
            break
    return _elided(rows, kept)


def _elided(rows: Sequence[Row], kept: set[int]) -> list[Row | str]:
    shown: list[Row | str] = []
    left_out = 0
    for number, row in enumerate(rows):
        if number in kept:
            if left_out:
                shown.append(_left_out(left_out))
                left_out = 0
            shown.append(row)
        else:
            left_out += 0 if row.heading else row.steps
    if left_out:
        shown.append(_left_out(left_out))
    return shown


def _left_out(steps: int) -> str:
    return f"     … {steps:,} step{'' if steps == 1 else 's'} not shown (--interleave-trace prints all)"


def short(place: str) -> str:
    """Shorten a place that is too wide: without its directories, and then cut at its beginning."""
    if len(place) > _WIDEST_PLACE:
        place = os.path.basename(place)
        if len(place) > _WIDEST_PLACE:
            place = f"…{place[1 - _WIDEST_PLACE :]}"
    return place

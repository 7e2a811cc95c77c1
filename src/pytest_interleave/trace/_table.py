"""A timeline as a table: a column for each thread, and a row for a step or for several at one line."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._texts import listed
from ..control.execution import short_name
from ..control.steps import kinds
from ._events import Event
from ._shortened import cut_name, cut_names, with_lists
from ._timeline import Timeline

#: At most this many lines, which can be taken in at a glance; the rows that matter less are left out.
MAX_LINES = 25
#: The mark of a row before which the schedule preempted a thread.
SWITCHED = ">"
LEGEND = f"{SWITCHED} preemption: the previous thread could have continued"
#: The mark of a row before which the scheduler switched by itself.
GAVE_WAY = "~"
GAVE_WAY_LEGEND = f"{GAVE_WAY} the scheduler switched: the previous thread had run for long"
#: The characters before the first column: the mark, and the number of the evidence.
_MARGIN = 5
_GAP = 2
_WIDEST_COLUMN = 24
#: The columns have at most this many characters if all threads share one, or if only one thread has a column.
_WIDEST_SHARED = 30
_WIDEST_ALONE = 48
_NARROWEST_SOURCE = 22
_NARROWEST_ALONE = 12
_NARROWEST_EVIDENCE = 10
_WIDEST_PLACE = 30


def interleaving_table(timeline: Timeline, width: int = 100, max_lines: int = MAX_LINES) -> str:
    """Return a table of at most `max_lines` lines, each at most `width` characters wide.

    A row has what a thread does, with the values, the place in the source, and the line's text. Successive steps of a
    thread at one line are one row. The numbers in the margin are those of the evidence. If there are more rows than
    fit, those next to preemptions, those of the evidence, and those at the end are shown. The test's own thread has no
    column if it only starts and joins the others. Without room for a column for each thread, there is one for all.
    """
    rows = _rows(timeline)
    if not rows:
        return "No shared accesses were recorded."
    legend = _legend(rows, timeline)
    head = [text for text in (_functions(timeline),) if text]
    most = max_lines - len(head) - len(legend) - 2
    if len(rows) > most:
        # That a thread is joined says little.
        rows = [row for row in rows if not row.only_joins] or rows
    shown = _most_telling(rows, most)
    layout = _Layout(timeline.threads, [row for row in shown if isinstance(row, _Row)], width)
    lines = [*head, *layout.heading()]
    lines.extend(layout.row(row) if isinstance(row, _Row) else row for row in shown)
    lines.extend(legend)
    return "\n".join(_fit(line.rstrip(), width) for line in lines)


def evidence_lines(timeline: Timeline, width: int) -> list[str]:
    """Return a numbered line for each step that the bug consists of: the thread and what it does, where, and the text.

    Each is at most `width` characters wide.
    """
    texts = [f"  {number}. {each.text}" for number, each in enumerate(timeline.evidence, 1)]
    places = [_short(each.place) for each in timeline.evidence]
    place = max(map(len, places), default=0)
    longest = max(map(len, texts), default=0)
    # The source is cut first.
    does = min(longest, max(width - place - 2 * _GAP - _NARROWEST_EVIDENCE, width // 2))
    lines = []
    for text, where, each in zip(texts, places, timeline.evidence, strict=True):
        lines.append(_fit(f"{_fit(text, does):<{does}}  {where:<{place}}  {each.source}".rstrip(), width))
    return lines


def _legend(rows: Sequence[_Row], timeline: Timeline) -> list[str]:
    legend = []
    if timeline.private:
        one = timeline.private == 1
        legend.append(
            f"     {timeline.private:,} step{'' if one else 's'} that affect{'s' if one else ''} no other thread "
            f"{'is' if one else 'are'} not shown"
        )
    steps = [row for row in rows if not row.gap]
    preempted = {timeline.threads[before.thread] for before, row in itertools.pairwise(steps) if row.mark == SWITCHED}
    if len(preempted) == 1:
        legend.append(LEGEND.replace("the previous thread", preempted.pop()))
    elif any(row.mark == SWITCHED for row in rows):
        legend.append(LEGEND)
    if any(row.mark == GAVE_WAY for row in rows):
        legend.append(GAVE_WAY_LEGEND)
    return legend


def _functions(timeline: Timeline) -> str:
    """Return a line that says which functions threads run that have no names of their own."""
    by_function: dict[str, list[str]] = {}
    for name, function in timeline.functions:
        by_function.setdefault(function, []).append(name)
    texts = []
    for function, names in by_function.items():
        many = names if len(names) < 4 else [f"{names[0]} to {names[-1]}"]
        texts.append(f"{_listed(many)} {'runs' if len(names) == 1 else 'run'} {function}")
    return f"     {'; '.join(texts)}" if texts else ""


@dataclass
class _Row:
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
        return all(event.kind.partition(" (")[0] in _OF_OTHERS for event in self.events)

    @property
    def only_joins(self) -> bool:
        """Whether it only joins threads that have ended."""
        joins = all(event.kind == kinds.JOIN and not event.waits for event in self.events)
        return joins and not self.heading and not self.gap

    def does(self) -> str:
        """Return what is done in it."""
        counts: dict[str, int] = {}
        written = {event.value.partition(" -> ")[0] for event in self.events if event.kind == kinds.WRITE}
        for event in self.events:
            if event.kind == kinds.READ and event.value and event.value in written:
                # The row says "OLD -> NEW".
                continue
            text = _done(event)
            # What a library does in a call is one thing for people.
            counts[text] = 1 if event.within else counts.get(text, 0) + 1
        for event in self.events:
            if any(text.startswith(f"{event.within}: ") for text in counts):
                counts.pop(event.within, None)
        counts = with_lists(counts, _OF_OTHERS)
        return ", ".join(text if count == 1 else f"{text} ×{count}" for text, count in counts.items())

    def manages(self, who: str, names: Mapping[str, str]) -> str:
        """Return a sentence for a row that only starts threads or waits for their ends; `names` are shortened ones."""
        others = list(dict.fromkeys(event.what.removeprefix("thread ") for event in self.events))
        many = _listed([names.get(name) or cut_name(name) for name in others])
        kind = self.events[0].kind
        verb = "waits for" if self.events[-1].waits else _OF_OTHERS[kind.partition(" (")[0]]
        timed_out = " (timed out)" if kind.endswith(" (timed out)") else ""
        return f"{who} {verb} {many}{timed_out} ({_short(self.place)})"


#: Kinds of steps that concern the lives of other threads, and the verbs for them.
_OF_OTHERS: dict[str, str] = {kinds.START: "starts", kinds.JOIN: "joins"}


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{names[0]} to {names[-1]}"
    return listed(names)


def _rows(timeline: Timeline) -> list[_Row]:
    rows: list[_Row] = []
    numbers = {each.position + 1: number for number, each in enumerate(timeline.evidence, 1)}
    about = frozenset(timeline.reported)
    line: object = None
    loop: object = None
    for event in timeline.events:
        if event.skipped:
            rows.append(_Row(event.thread, "", "", "", gap=event.skipped))
            line = None
        here = (event.thread, event.place, event.source, event.waits)
        gave_way = event.gave_way and (not rows or rows[-1].thread != event.thread)
        mark = SWITCHED if event.switch else GAVE_WAY if gave_way else ""
        if event.repeats and (event.thread, event.repeats) != loop:
            rows.append(_Row(event.thread, "", "", "", heading=True, text=f"{event.repeats}:"))
            line = None
        loop = (event.thread, event.repeats)
        number = 0 if event.uses else numbers.get(event.step, 0)
        if here != line or mark or (number and rows[-1].number):
            rows.append(_Row(event.thread, event.place, event.source, mark))
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
        halfway = event.kind.partition(" (")[0] in (kinds.WAIT, kinds.WOKEN)
        return f"{event.within}: {event.kind}" if halfway else event.within
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
    what = event.kind.removesuffix("?")
    if event.kind in kinds.OF_THREADS or (not event.source and event.what):
        what = f"{what} {name}".rstrip()
    elif "#" in event.what and event.kind in kinds.OF_A_LOCK:  # The line does not say which of several locks it is.
        what = f"{what} {name}"
    return f"{owner}{what} {event.value}" if event.value else f"{owner}{what}"


def _most_telling(rows: list[_Row], most: int) -> list[_Row | str]:
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


def _elided(rows: Sequence[_Row], kept: set[int]) -> list[_Row | str]:
    shown: list[_Row | str] = []
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
    return f"     … {steps} step{'' if steps == 1 else 's'} not shown (--interleave-trace prints all)"


def _short(place: str) -> str:
    """Shorten a place that is too wide: without its directories, and then cut at its beginning."""
    if len(place) > _WIDEST_PLACE:
        place = os.path.basename(place)
        if len(place) > _WIDEST_PLACE:
            place = f"…{place[1 - _WIDEST_PLACE :]}"
    return place


class _Layout:
    """The columns of a table with the given rows."""

    def __init__(self, names: Sequence[str], rows: Sequence[_Row], width: int) -> None:
        self._names = cut_names(names)
        self._shortened = dict(zip(names, self._names, strict=True))
        self._width = width
        self._beside = _is_beside(rows)
        listed = [row for row in rows if not (self._beside and row.thread == 0)]
        self._where = _short
        self._fill(listed)
        if self._widths is None:
            # Without directories there may be room.
            self._where = lambda place: _short(os.path.basename(place))
            self._fill(listed)

    def _fill(self, listed: Sequence[_Row]) -> None:
        """Determine the widths of the columns for the rows that are listed in them."""
        width = self._width
        self._place = max((len(self._where(row.place)) for row in listed), default=0)
        cells: dict[int, list[str]] = {}
        for row in listed:
            # A heading may be longer than its column.
            cells.setdefault(row.thread, []).append("" if row.heading else row.does())
        widest, least = _WIDEST_COLUMN, _NARROWEST_SOURCE
        if len(cells) == 1:
            least = _NARROWEST_ALONE
            widest = max(widest, min(_WIDEST_ALONE, width - _MARGIN - self._place - 2 * _GAP - least))
        widths = {
            thread: min(widest, max(len(self._names[thread]), *map(len, texts)))
            for thread, texts in sorted(cells.items())
        }
        used = _MARGIN + sum(each + _GAP for each in widths.values()) + self._place + _GAP
        self._widths: dict[int, int] | None = widths if used + least <= width else None
        self._thread = max((len(self._names[thread]) for thread in widths), default=0)
        longest = max((len(text) for texts in cells.values() for text in texts), default=0)
        room = width - _MARGIN - self._thread - self._place - 3 * _GAP - _NARROWEST_SOURCE
        self._does = min(longest, max(len("does"), min(_WIDEST_SHARED, room)))

    def heading(self) -> list[str]:
        """Return the heads of the columns, and rules under them."""
        if self._widths is None:
            self._thread = max(self._thread, len("thread"))
            self._does = max(self._does, len("does"))
            heads = [("thread", self._thread), ("does", self._does)]
        else:
            heads = [(self._names[thread], width) for thread, width in self._widths.items()]
        self._place = max(self._place, len("where"))
        heads.append(("where", self._place))
        start = " " * _MARGIN
        used = _MARGIN + sum(width + _GAP for _, width in heads)
        rest = max(len("source"), self._width - used)
        names = start + "".join(f"{name:<{width + _GAP}}" for name, width in heads) + "source"
        rules = start + "".join("-" * width + " " * _GAP for _, width in heads) + "-" * rest
        return [names, rules]

    def row(self, row: _Row) -> str:
        """Return the line of a row."""
        margin = f"{row.mark:<1}{row.number or '':>3} "
        if row.heading:
            return margin + self._before(row.thread) + row.text
        if self._beside and row.thread == 0:
            if row.only_manages:
                return margin + row.manages(self._names[0], self._shortened)
            return f"{margin}{self._names[0]}: {row.does()} ({_short(row.place)})  {row.source}"
        does, place = row.does(), self._where(row.place)
        if self._widths is None:
            line = f"{margin}{self._names[row.thread]:<{self._thread}}  {_fit(does, self._does):<{self._does}}  "
        else:
            line = margin
            for thread, width in self._widths.items():
                line += f"{_fit(does, width) if thread == row.thread else '':<{width + _GAP}}"
        return f"{line}{place:<{self._place}}  {row.source}"

    def _before(self, thread: int) -> str:
        """Return what is in front of what a thread does: its name if it has no column."""
        if self._beside and thread == 0:
            return f"{self._names[0]}: "
        if self._widths is None:
            return f"{self._names[thread]:<{self._thread}}  "
        return " " * sum(width + _GAP for other, width in self._widths.items() if other < thread)


def _is_beside(rows: Sequence[_Row]) -> bool:
    """Whether the test's own thread needs no column: it does nothing to shared data while others run."""
    others = [number for number, row in enumerate(rows) if row.thread != 0]
    if not others:
        return False
    busy = [number for number, row in enumerate(rows) if row.thread == 0 and not row.only_manages]
    return all(number < others[0] or number > others[-1] for number in busy)


def _fit(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 1 else ""

"""A timeline as a table: a column for each thread, and a row for a step or for several at one line."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence

from ..control.steps import kinds
from ._rows import (
    EXPIRED,
    GAVE_WAY,
    SWITCHED,
    TIMED_OUT,
    Row,
    listed_names,
    most_telling,
    rows_of,
    short,
    without_repeated,
)
from ._shortened import cut_names
from ._timeline import Timeline

#: At most this many lines, which can be taken in at a glance; the rows that matter less are left out.
MAX_LINES = 25
LEGEND = f"{SWITCHED} preemption: the previous thread could have continued"
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
#: In the lines of the evidence, if these are narrow: there the values say more.
_NARROWEST_EVIDENCE = 10


def interleaving_table(timeline: Timeline, width: int = 100, max_lines: int = MAX_LINES) -> str:
    """Return a table of at most `max_lines` lines, each at most `width` characters wide.

    A row has what a thread does, with the values, the place in the source, and the line's text. Successive steps of a
    thread at one line are one row. The numbers in the margin are those of the evidence. If there are more rows than
    fit, those next to preemptions, those of the evidence, and those at the end are shown. The test's own thread has no
    column if it only starts and joins the others. Without room for a column for each thread, there is one for all.
    """
    rows = rows_of(timeline)
    if not rows:
        return "No shared accesses were recorded."
    legend = _legend(rows, timeline)
    head = [text for text in (_functions(timeline),) if text]
    most = max_lines - len(head) - len(legend) - 2
    if len(rows) > most:
        # That a thread is joined says little.
        rows = [row for row in rows if not row.only_joins] or rows
    rows = without_repeated(rows, most)
    shown = most_telling(rows, most)
    layout = _Layout(timeline.threads, [row for row in shown if isinstance(row, Row)], width)
    lines = [*head, *layout.heading()]
    lines.extend(layout.row(row) if isinstance(row, Row) else row for row in shown)
    lines.extend(legend)
    return "\n".join(_fit(line.rstrip(), width) for line in lines)


def evidence_lines(timeline: Timeline, width: int) -> list[str]:
    """Return a numbered line for each step that the bug consists of: the thread and what it does, where, and the text.

    Each is at most `width` characters wide.
    """
    texts = [f"  {number}. {each.text}" for number, each in enumerate(timeline.evidence, 1)]
    places = [short(each.place) for each in timeline.evidence]
    place = max(map(len, places), default=0)
    longest = max(map(len, texts), default=0)
    source = min(_NARROWEST_SOURCE, max(_NARROWEST_EVIDENCE, width - 90))
    does = min(longest, max(width - place - 2 * _GAP - source, width // 2))
    lines = []
    for text, where, each in zip(texts, places, timeline.evidence, strict=True):
        lines.append(_fit(f"{_fit(text, does):<{does}}  {where:<{place}}  {each.source}".rstrip(), width))
    return lines


def _legend(rows: Sequence[Row], timeline: Timeline) -> list[str]:
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
        texts.append(f"{listed_names(many)} {'runs' if len(names) == 1 else 'run'} {function}")
    return f"     {'; '.join(texts)}" if texts else ""


class _Layout:
    """The columns of a table with the given rows."""

    def __init__(self, names: Sequence[str], rows: Sequence[Row], width: int) -> None:
        self._names = cut_names(names)
        self._shortened = dict(zip(names, self._names, strict=True))
        self._width = width
        self._beside = _is_beside(rows)
        listed = [row for row in rows if not (self._beside and row.thread == 0)]
        self._where = short
        self._fill(listed)
        if self._widths is None:
            # Without directories there may be room.
            self._where = lambda place: short(os.path.basename(place))
            self._fill(listed)

    def _fill(self, listed: Sequence[Row]) -> None:
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

    def row(self, row: Row) -> str:
        """Return the line of a row."""
        margin = f"{row.mark:<1}{row.number or '':>3} "
        if row.heading:
            return margin + self._before(row.thread) + row.text
        if self._beside and row.thread == 0:
            if row.only_manages:
                return margin + row.manages(self._names[0], self._shortened)
            return f"{margin}{self._names[0]}: {row.does()} ({short(row.place)})  {row.source}"
        does, place = row.does(), self._where(row.place)
        if self._widths is None:
            line = f"{margin}{self._names[row.thread]:<{self._thread}}  {_fit_cell(does, self._does):<{self._does}}  "
        else:
            line = margin
            for thread, width in self._widths.items():
                line += f"{_fit_cell(does, width) if thread == row.thread else '':<{width + _GAP}}"
        return f"{line}{place:<{self._place}}  {row.source}"

    def _before(self, thread: int) -> str:
        """Return what is in front of what a thread does: its name if it has no column."""
        if self._beside and thread == 0:
            return f"{self._names[0]}: "
        if self._widths is None:
            return f"{self._names[thread]:<{self._thread}}  "
        return " " * sum(width + _GAP for other, width in self._widths.items() if other < thread)


def _is_beside(rows: Sequence[Row]) -> bool:
    """Whether the test's own thread needs no column: it does nothing to shared data while others run."""
    others = [number for number, row in enumerate(rows) if row.thread != 0]
    if not others:
        return False
    busy = [number for number, row in enumerate(rows) if row.thread == 0 and not row.only_manages]
    return all(number < others[0] or number > others[-1] for number in busy)


def _fit_cell(text: str, width: int) -> str:
    """Cut what a thread does, but not that it was a wait whose time limit expired."""
    if len(text) > width and text.endswith((TIMED_OUT, f": {EXPIRED}")):
        last = text.rpartition(", ")[2]
        # It is not only the last one of several names.
        is_whole = ":" in last or last.partition(" ")[0] in kinds.TABLE
        for end in (f", {last}" if is_whole else TIMED_OUT, TIMED_OUT):
            if len(end) + len("wait…") <= width and text.endswith(end):
                return _fit(text[: -len(end)], width - len(end)) + end
    return _fit(text, width)


def _fit(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 1 else ""

"""A timeline as a table: a column for each thread, and a row for a step or for several at one line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..control.steps import kinds
from ._timeline import Event, Timeline

#: At most this many lines, which can be taken in at a glance; the rows that matter less are left out.
MAX_LINES = 25
#: The mark of a row before which the schedule switched.
SWITCHED = ">"
LEGEND = f"{SWITCHED} the schedule switches here: the thread before could have gone on"
#: The mark of a row before which the scheduler switched by itself.
GAVE_WAY = "~"
GAVE_WAY_LEGEND = f"{GAVE_WAY} the scheduler switches here: the thread before had run for long"
#: Characters reserved for the text in the rightmost column.
_LAST_COLUMN = 36
_WIDEST_COLUMN = 40
_WIDEST_PLACE = 30


def interleaving_table(timeline: Timeline, width: int = 100, max_lines: int = MAX_LINES) -> str:
    """Return a table of at most `max_lines` lines, each at most `width` characters wide.

    A row has the place in the source, what is done there, with the values, and the line's text. It begins in the column
    of its thread and may extend to the right. Successive steps of a thread at one line are one row. If there are more
    rows than fit, those next to switches, those that the story is about, and those at the end are shown.
    """
    rows = _rows(timeline.events, timeline.reported)
    if not rows:
        return "(no operation that threads share)"
    legend = [text for mark, text in _LEGENDS.items() if any(row.mark == mark for row in rows)]
    around = 2 + len(legend)
    shown = _most_telling(rows, max_lines - around)
    kept = [row for row in shown if isinstance(row, _Row)]
    layout = _Layout(timeline.threads, kept, width)
    lines = layout.heading()
    lines.extend(layout.row(row) if isinstance(row, _Row) else row for row in shown)
    lines.extend(_fit(text, width) for text in legend)
    return "\n".join(line.rstrip() for line in lines)


_LEGENDS = {SWITCHED: LEGEND, GAVE_WAY: GAVE_WAY_LEGEND}


@dataclass
class _Row:
    """Successive steps of one thread at one line."""

    thread: int
    place: str
    source: str
    #: The mark before it; empty if there is none.
    mark: str
    #: Whether it takes precedence over ordinary rows; and whether it takes precedence over these, too.
    important: bool = False
    reported: bool = False
    #: Whether it is a heading for the rows after it.
    heading: bool = False
    #: What was done, with its value, and how often, in the order of the first time.
    done: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        done = ", ".join(what if count == 1 else f"{what} ×{count}" for what, count in self.done.items())
        return f"{done}: {self.source}" if self.source else done


def _rows(events: Sequence[Event], reported: Sequence[int]) -> list[_Row]:
    rows: list[_Row] = []
    about = frozenset(reported)
    line: object = None
    loop: object = None
    for event in events:
        here = (event.thread, event.place, event.source, event.waits)
        mark = SWITCHED if event.switch else GAVE_WAY if event.gave_way else ""
        if event.repeats and (event.thread, event.repeats) != loop:
            rows.append(_Row(event.thread, "", "", "", heading=True, done={f"{event.repeats}:": 1}))
            line = None
        loop = (event.thread, event.repeats)
        if here != line or mark:
            rows.append(_Row(event.thread, event.place, event.source, mark))
            line = here
        done = rows[-1].done
        what = _done(event)
        done[what] = done.get(what, 0) + 1
        rows[-1].reported = rows[-1].reported or event.waits or bool(event.repeats) or event.step in about
        rows[-1].important = rows[-1].important or bool(mark)
    return rows


def _waiting(kind: str) -> str:
    row = kinds.TABLE.get(kind)
    return kind if row is None else row.waiting or kind


def _done(event: Event) -> str:
    # At the end of a wait at a condition its lock is taken again, which is a step of its own.
    what = f"waits to {_waiting(event.kind)}" if event.waits else event.kind
    if not event.source:
        what = f"{what} {event.what}".rstrip()
    elif "#" in event.what and event.kind in kinds.OF_A_LOCK:
        # The line does not say which of several locks it is.
        what = f"{what} {event.what.partition(' (')[0]}"
    return f"{what} {event.value}" if event.value else what


def _most_telling(rows: list[_Row], most: int) -> list[_Row | str]:
    """Return the most important rows that fit, with texts that say how many steps are left out between them."""
    if len(rows) <= most:
        return list(rows)
    headings = [number for number, row in enumerate(rows) if row.heading]
    reported = [number for number, row in enumerate(rows) if row.reported]
    important = [*headings, *reported, len(rows) - 1, *(number for number, row in enumerate(rows) if row.important)]
    kept: set[int] = set()
    # One line is for what is left out.
    lines = 1
    for distance in range(len(rows)):
        before = len(kept)
        for number in important:
            for near in {number - distance - 1, number + distance}:
                if 0 <= near < len(rows) and near not in kept:
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
            left_out += 0 if row.heading else sum(row.done.values())
    if left_out:
        shown.append(_left_out(left_out))
    return shown


def _left_out(steps: int) -> str:
    return f"  … {steps} step{'' if steps == 1 else 's'}"


def _short(place: str) -> str:
    """Shorten a place that is too wide: without its directories, and then cut at its beginning."""
    if len(place) > _WIDEST_PLACE:
        place = os.path.basename(place)
    return place if len(place) <= _WIDEST_PLACE else "…" + place[1 - _WIDEST_PLACE :]


class _Layout:
    """The columns of a table: where that of each thread begins."""

    def __init__(self, names: Sequence[str], rows: Sequence[_Row], width: int) -> None:
        self._threads = sorted({row.thread for row in rows})
        self._names = [names[thread] for thread in self._threads]
        self._position = {thread: position for position, thread in enumerate(self._threads)}
        self._width = width
        self._gutter = len(SWITCHED) + 1 + max(len(_short(row.place)) for row in rows) + 2
        room = width - self._gutter - _LAST_COLUMN
        others = len(self._threads) - 1
        self._column = max(1, min(_WIDEST_COLUMN, room // others)) if others else 0

    def heading(self) -> list[str]:
        """Return the threads' names, and a rule under them."""
        texts = ["".ljust(self._gutter)]
        for name in self._names[:-1]:
            # Names differ at their end.
            room = self._column - 1
            shown = name if len(name) <= room else "…"[:room] + name[len(name) - room + 1 :]
            texts.append(shown.ljust(self._column))
        texts.append(self._names[-1])
        rule = min(self._width, self._start(len(self._threads) - 1) + _LAST_COLUMN)
        return [_fit("".join(texts), self._width), "-" * rule]

    def row(self, row: _Row) -> str:
        """Return the line of a row."""
        start = self._start(self._position[row.thread])
        return f"{row.mark:{len(SWITCHED)}} {_short(row.place)}".ljust(start) + _fit(row.text, self._width - start)

    def _start(self, position: int) -> int:
        return self._gutter + self._column * position


def _fit(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 1 else ""

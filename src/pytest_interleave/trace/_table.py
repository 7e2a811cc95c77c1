"""The interleaving as a table: one column a thread, one row a step."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..control import Operation, Place, Step, Task, is_ours, is_stdlib

Steps = Sequence[Step]

#: Rows that fit a screen.
MAX_ROWS = 40
#: Columns kept for the text of the thread furthest to the right.
_LAST_COLUMN = 36
_WIDEST_COLUMN = 40
_WIDEST_PLACE = 30
_RUNNER = f"{os.sep}_pytest{os.sep}"


def interleaving_table(steps: Steps, width: int = 100, max_rows: int = MAX_ROWS, pending: Steps = ()) -> str:
    """The last steps of an execution, at most `max_rows` lines in all, each at most `width` columns wide.

    `pending` are operations that were announced and never granted: what threads in a deadlock wait to do.

    Shown are operations on primitives and threads, and accesses to what more than one thread accesses and at least
    one changes; not what the standard library's own threads do, such as a pool's workers between their tasks. A row
    names the place in the source, what is done there, and the line's text; it begins in the column of its thread and
    may run on to the right. Successive steps of a thread at one line are one row.
    """
    shared = _shared_names(steps)
    rows = _rows((task, operation) for task, operation, _ in steps if _matters(operation, shared))
    rows += [_Row(task, operation.where(), Counter([f"waits to {operation.kind}"])) for task, operation, _ in pending]
    if not rows:
        return "(no operation that threads share)"
    heading = 2
    cut = len(rows) > max_rows - heading
    shown = rows[-(max_rows - heading - 1) :] if cut else rows
    layout = _Layout([row.task for row in shown], [_short(row.place) for row in shown], width)
    lines = layout.heading()
    if cut:
        lines.append(f"… {sum(row.kinds.total() for row in rows[: -len(shown)])} earlier steps")
    lines.extend(layout.row(row.task, _short(row.place), row.text) for row in shown)
    return "\n".join(line.rstrip() for line in lines)


@dataclass
class _Row:
    """Successive steps of one thread at one line."""

    task: Task
    place: Place
    #: What was done and how often, in the order of the first time.
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def text(self) -> str:
        kinds = ", ".join(kind if count == 1 else f"{kind} ×{count}" for kind, count in self.kinds.items())
        source = self.place.text
        return f"{kinds}: {source}" if source else kinds


def _rows(steps: Iterator[tuple[Task, Operation]]) -> list[_Row]:
    rows: list[_Row] = []
    for task, operation in steps:
        place = operation.where()
        if not rows or rows[-1].task is not task or rows[-1].place[:2] != place[:2]:
            rows.append(_Row(task, place))
        kind = operation.kind if place.text else f"{operation.kind} {operation.name}".strip()
        rows[-1].kinds[kind] += 1
    return rows


def _shared_names(steps: Steps) -> frozenset[str]:
    threads: dict[str, set[int]] = {}
    changed: set[str] = set()
    for task, operation, _ in steps:
        if operation.is_access:
            name = _name(operation)
            threads.setdefault(name, set()).add(task.index)
            if operation.mutates:
                changed.add(name)
    return frozenset(name for name, users in threads.items() if len(users) > 1 and name in changed)


def _name(operation: Operation) -> str:
    # Calls and subscripts, whatever they are made on, can be of the same container.
    return "[]" if operation.name.startswith((".", "[")) or not operation.name else operation.name


def _matters(operation: Operation, shared: frozenset[str]) -> bool:
    if operation.is_access:
        return operation.announced and _name(operation) in shared
    filename = operation.where().filename
    # What only has a test runner's line to show says nothing: the threads that run the test's body.
    elsewhere = is_ours(filename) or is_stdlib(filename) or _RUNNER in filename
    return operation.kind not in ("poll", "begin", "enter", "leave", "acted", "broken") and not elsewhere


def _short(place: Place) -> str:
    text = str(place)
    return text if len(text) <= _WIDEST_PLACE else "…" + text[1 - _WIDEST_PLACE :]


class _Layout:
    """Where each thread's column begins."""

    def __init__(self, tasks: Sequence[Task], places: Sequence[str], width: int) -> None:
        threads = {task.index: task for task in tasks}
        self._threads = [threads[index] for index in sorted(threads)]
        self._position = {task.index: position for position, task in enumerate(self._threads)}
        self._width = width
        self._gutter = max(len(place) for place in places) + 2
        room = width - self._gutter - _LAST_COLUMN
        others = len(self._threads) - 1
        self._column = max(1, min(_WIDEST_COLUMN, room // others)) if others else 0

    def heading(self) -> list[str]:
        """The threads' names; a rule under them."""
        names = ["".ljust(self._gutter)]
        for task in self._threads[:-1]:
            # The end of a name is what distinguishes it.
            room = self._column - 1
            name = task.name if len(task.name) <= room else "…"[:room] + task.name[len(task.name) - room + 1 :]
            names.append(name.ljust(self._column))
        names.append(self._threads[-1].name)
        return [_fit("".join(names), self._width), "-" * min(self._width, self._start(-1) + _LAST_COLUMN)]

    def row(self, task: Task, place: str, text: str) -> str:
        """One step."""
        start = self._start(self._position[task.index])
        return place.ljust(start) + _fit(text, self._width - start)

    def _start(self, position: int) -> int:
        return self._gutter + self._column * (position % len(self._threads))


def _fit(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 1 else ""

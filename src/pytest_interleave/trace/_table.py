"""The interleaving as a table: one column a thread, one row a step."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..control import Operation, Task, is_ours

Steps = Sequence[tuple[Task, Operation]]

#: Rows that fit a screen.
MAX_ROWS = 40
#: Columns kept for the text of the thread furthest to the right.
_LAST_COLUMN = 36
_WIDEST_COLUMN = 40
_WIDEST_PLACE = 30
_RUNNERS = (os.path.join("_pytest", "python.py"), os.path.join("unittest", "case.py"))


def interleaving_table(steps: Steps, width: int = 100, max_rows: int = MAX_ROWS, pending: Steps = ()) -> str:
    """The last steps of an execution, at most `max_rows` lines in all, each at most `width` columns wide.

    `pending` are operations that were announced and never granted: what threads in a deadlock wait to do.

    Shown are operations on primitives and threads, and accesses to what more than one thread accesses and at least
    one changes. A row names the place in the source, what is done, and the line's text; it begins in the column of
    its thread and may run on to the right.
    """
    shared = _shared_names(steps)
    rows = [(task, operation, "") for task, operation in steps if _matters(operation, shared)]
    rows += [(task, operation, "waits to ") for task, operation in pending if _matters(operation, shared)]
    if not rows:
        return "(no operation that threads share)"
    heading = 2
    cut = len(rows) > max_rows - heading
    shown = rows[-(max_rows - heading - 1) :] if cut else rows
    layout = _Layout([task for task, _, _ in shown], [_place(operation) for _, operation, _ in shown], width)
    lines = layout.heading()
    if cut:
        lines.append(f"… {len(rows) - len(shown)} earlier steps")
    lines.extend(layout.row(task, _place(operation), prefix + _text(operation)) for task, operation, prefix in shown)
    return "\n".join(line.rstrip() for line in lines)


def _shared_names(steps: Steps) -> frozenset[str]:
    threads: dict[str, set[int]] = {}
    changed: set[str] = set()
    for task, operation in steps:
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
        return _name(operation) in shared
    filename = operation.where().filename
    # What only has a test runner's line to show says nothing: the threads that run the test's body.
    return operation.kind not in ("poll", "begin") and not is_ours(filename) and not filename.endswith(_RUNNERS)


def _place(operation: Operation) -> str:
    place = str(operation.where())
    return place if len(place) <= _WIDEST_PLACE else "…" + place[1 - _WIDEST_PLACE :]


def _text(operation: Operation) -> str:
    source = operation.where().text
    return f"{operation.kind}: {source}" if source else f"{operation.kind} {operation.name}".strip()


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
            names.append(_fit(task.name, self._column - 1).ljust(self._column))
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

"""The windows of an execution: the times during which a thread did not run, between two of its steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...control import Path, Step, is_ours, is_stdlib
from ...control.steps import kinds
from ..causes._overlaps import Access, Thing


class Window(NamedTuple):
    """A time during which a thread did not run: it was left at one step, and continued at another one."""

    thread: Path
    switch: int
    until: int


class Windows:
    """The windows of the threads of one execution, which has failed after `end` steps."""

    def __init__(self, log: Sequence[Step], end: int) -> None:
        self._log = log
        #: A thread that has not continued by then counts as continuing here.
        self._end = end
        #: By thread, the positions of its steps.
        self._positions: dict[Path, list[int]] = {}
        for at, (unit, _, _) in enumerate(log):
            self._positions.setdefault(unit.path, []).append(at)

    def of(self, left: Path, switch: int) -> Window:
        """Return the window of a thread that was left at a step."""
        own = self._positions.get(left, [])
        at = bisect_left(own, switch)
        return Window(left, switch, min(own[at] if at < len(own) else len(self._log), self._end))

    def of_blocking(self) -> Iterator[Window]:
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
                    yield Window(thread, before + 1, min(at, self._end))
                before = at

    def after(self, window: Window) -> Iterator[Window]:
        """Yield the windows of the threads that ran meanwhile, each of which is left when the first one continues."""
        others = {unit.path for unit, _, _ in self._log[window.switch : window.until]} - {window.thread}
        return (self.of(other, window.until) for other in sorted(others))

    def is_first(self, window: Window) -> bool:
        """Whether the thread had not begun."""
        return window.until == self._positions[window.thread][0]

    def step_before(self, window: Window) -> int | None:
        """Return the step after which the thread was left; None if it had not begun."""
        own = self._positions.get(window.thread, [])
        at = bisect_left(own, window.switch)
        return own[at - 1] if at else None

    def next_step(self, window: Window) -> int | None:
        """Return the step with which the thread continued, if it is in the program's own code."""
        own = self._positions.get(window.thread, [])
        at = bisect_left(own, window.until)
        if at == len(own):
            return None
        filename = self._log[own[at]][1].where().filename
        return None if is_ours(filename) or is_stdlib(filename) else own[at]


def touched_in(things: Sequence[Sequence[tuple[Thing, Access]]], window: Window) -> Iterable[Thing]:
    """Return the things that any thread has accessed in a window; `things` has them by step."""
    return dict.fromkeys(thing for found in things[window.switch : window.until] for thing, _ in found)

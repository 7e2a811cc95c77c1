"""Runs every schedule of a program, without any reduction: what exhaustive search is checked against."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_interleave.control import ThreadView, Trace


class Enumeration:
    """Depth first through all choices; `finished` when there is none left.

    With `preemptions`, only schedules with at most this many preemptions.
    """

    name = "enumeration"

    def __init__(self, preemptions: int | None = None) -> None:
        self._bound = preemptions
        #: Of each choice, the positions left to try; the first is the one taken.
        self._left: list[list[int]] = []
        self._depth = 0
        self._used = 0
        self.finished = False

    def begin(self, number: int) -> None:
        self._depth = self._used = 0

    def spawned(self, thread: ThreadView) -> None:
        pass

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        positions = list(range(len(enabled)))
        own = None if running is None else enabled.index(running)
        if own is not None:
            positions.remove(own)
            positions.insert(0, own)
        if self._depth == len(self._left):
            may_switch = own is None or self._bound is None or self._used < self._bound
            self._left.append(positions if may_switch else positions[:1])
        taken = self._left[self._depth][0]
        self._depth += 1
        if own is not None and taken != own:
            self._used += 1
        return taken

    def yielded(self, index: int) -> None:
        raise AssertionError("the program spins, and cannot be enumerated")

    def end(self, trace: Trace) -> None:
        while self._left:
            self._left[-1].pop(0)
            if self._left[-1]:
                return
            self._left.pop()
        self.finished = True

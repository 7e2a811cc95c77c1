"""The default: what needs no decision from the user."""

from __future__ import annotations

from collections.abc import Sequence

from ..control import Strategy, ThreadView
from ._nonpreemptive import NonPreemptive
from ._pct import PCT
from ._random_walk import RandomWalk


class Auto:
    """The schedule without preemptions first, then random walk and PCT in turn.

    Random walk finds what many small preemptions show, PCT what needs a few at the right steps.
    """

    name = "auto"

    def __init__(self, seed: int) -> None:
        self._first = NonPreemptive()
        self._random = RandomWalk(seed)
        self._pct = PCT(seed)
        self._current: Strategy = self._first

    @property
    def current(self) -> Strategy:
        """The strategy of this execution."""
        return self._current

    def begin(self, number: int) -> None:
        """Choose the strategy for this execution."""
        if number == 1:
            self._current = self._first
        else:
            self._current = self._pct if number % 2 else self._random
        self._current.begin(number)
        # The scheduler asks the strategy at every step: let it ask the right one directly.
        self.choose = self._current.choose  # type: ignore[method-assign]
        self.yielded = self._current.yielded  # type: ignore[method-assign]

    def spawned(self, index: int) -> None:
        """Pass on."""
        self._current.spawned(index)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Pass on."""
        return self._current.choose(enabled, running)

    def yielded(self, index: int) -> None:
        """Pass on."""
        self._current.yielded(index)

    def end(self, steps: int) -> None:
        """Everyone learns how long executions are."""
        self._current.end(steps)
        if self._current is not self._pct:
            self._pct.end(steps)

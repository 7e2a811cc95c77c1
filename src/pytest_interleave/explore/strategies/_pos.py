"""POS: partial order sampling."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace, conflicts, touches_of
from ._drawing import Drawing


class PartialOrderSampling(Drawing):
    """A random priority for each announced operation, drawn anew only when a conflicting one has run.

    The highest goes first. Operations that do not conflict keep the order that they drew, so that what is sampled
    are partial orders rather than orders of independent steps. No parameters, nothing to learn.

    Source: X. Yuan, J. Yang, R. Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
    """

    name = "pos"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        #: By thread index, of the announced operation.
        self._priorities: dict[int, float] = {}

    def begin(self, number: int) -> None:
        """All anew."""
        super().begin(number)
        self._priorities.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Its first operation draws as all others do."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """The operation of the highest priority; those that conflict with it draw again."""
        priorities = self._priorities
        best, highest = 0, -1.0
        for position, thread in enumerate(enabled):
            priority = priorities.get(thread.index)
            if priority is None:
                priority = priorities[thread.index] = self._random()
            if priority > highest:
                best, highest = position, priority
        chosen = enabled[best]
        del priorities[chosen.index]
        touched = touches_of(chosen.operation, chosen.touches)
        if touched:
            for thread in enabled:
                if thread is not chosen and conflicts(touched, touches_of(thread.operation, thread.touches)):
                    priorities[thread.index] = self._random()
        return best

    def yielded(self, index: int) -> None:
        """Behind all others, until it has done something again."""
        self._priorities[index] = -self._random()

    def end(self, trace: Trace) -> None:
        """Nothing to learn."""

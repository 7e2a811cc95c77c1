"""POS: partial order sampling."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace, conflicts, touches_of
from ._drawing import Drawing


class PartialOrderSampling(Drawing):
    """A strategy with a random priority for each operation, drawn again only when a conflicting operation has run.

    The operation of the highest priority runs. Operations that do not conflict keep the order that they drew, so that
    partial orders are sampled rather than orders of independent steps. There are no parameters, and there is nothing to
    learn.

    Source: X. Yuan, J. Yang, R. Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
    """

    name = "pos"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        #: By thread index, the priority of the announced operation.
        self._priorities: dict[int, float] = {}

    def begin(self, number: int) -> None:
        """Forget all priorities."""
        super().begin(number)
        self._priorities.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: its first operation draws as all others do."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Return the thread of the highest priority; the operations that conflict with its own draw again."""
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
        """Put a thread behind all others until it has done something again."""
        self._priorities[index] = -self._random()

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing to learn."""

"""Swarm: a random weight for each thread."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing

#: Weights are drawn from 1 to this.
HEAVIEST = 50


class Swarm(Drawing):
    """A strategy with a random weight for each thread: it runs with a probability in proportion to that.

    So one thread races ahead in one execution and lags behind in another one; there are no parameters.

    Source: M. Walker, "Revealing Concurrency Bugs in Haskell", PhD thesis, University of York 2020, which calls it
    swarm scheduling.
    """

    name = "swarm"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._weights: dict[int, float] = {}

    def begin(self, number: int) -> None:
        """Forget the weights of the execution before."""
        super().begin(number)
        self._weights.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Draw the weight of a new thread."""
        self._weights[thread.index] = 1 + int(self._random() * HEAVIEST)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Return a thread drawn by weight."""
        weights = self._weights
        return weighted(self._random(), [weights[thread.index] for thread in enabled])

    def yielded(self, index: int) -> None:
        """Give a thread the lowest weight from now on."""
        self._weights[index] = 1

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing to learn."""


def weighted(fraction: float, weights: Sequence[float]) -> int:
    """Return the position that `fraction` of the total weight falls on."""
    rest = fraction * sum(weights)
    for position, weight in enumerate(weights):
        rest -= weight
        if rest < 0:
            return position
    return len(weights) - 1

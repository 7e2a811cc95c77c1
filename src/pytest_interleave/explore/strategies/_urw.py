"""URW: a random walk in which all interleavings are about equally likely."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing
from ._profile import Learning, Profile
from ._swarm import weighted
from ._weights import Weights


class UniformRandomWalk(Drawing):
    """A strategy that runs threads with a probability in proportion to the steps they, and those they start, have left.

    With exact counts and without blocking, all interleavings are equally likely. The counts are those of an earlier
    execution; the first execution has none.

    Source: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025.
    """

    name = "urw"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._weights = Weights({})
        self._learning = Learning()

    def begin(self, number: int) -> None:
        """Reset the weights: all steps are left."""
        super().begin(number)
        self._weights.reset()

    def spawned(self, thread: ThreadView) -> None:
        """Move the steps of a new thread from its parent to itself."""
        self._weights.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Return a thread drawn by the steps that are left."""
        weights = self._weights
        chosen = weighted(self._random(), [weights.of(thread) for thread in enabled])
        weights.made_step(enabled[chosen])
        return chosen

    def yielded(self, index: int) -> None:
        """Do nothing: steps without effect count as any others."""

    def learn(self, profile: Profile) -> None:
        """Take the counts of `profile`."""
        self._weights = Weights(profile.steps)

    def end(self, trace: Trace) -> None:
        """Learn the number of steps of each thread."""
        self._learning.end(trace, self)

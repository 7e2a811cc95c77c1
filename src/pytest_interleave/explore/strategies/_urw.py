"""URW: a random walk in which every interleaving is about as likely as any other."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing
from ._profile import Learning, Profile
from ._swarm import weighted
from ._weights import Weights


class UniformRandomWalk(Drawing):
    """Threads go on with a probability in proportion to the steps that they, and those they will start, have left.

    With exact counts and without blocking, every interleaving is equally likely. The counts are those of an
    earlier execution; the first one is walked without.

    Source: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025.
    """

    name = "urw"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._weights = Weights({})
        self._learning = Learning()

    def begin(self, number: int) -> None:
        """All steps are left."""
        super().begin(number)
        self._weights.reset()

    def spawned(self, thread: ThreadView) -> None:
        """What it will do is no longer its parent's."""
        self._weights.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """By what is left."""
        weights = self._weights
        chosen = weighted(self._random(), [weights.of(thread) for thread in enabled])
        weights.made_step(enabled[chosen])
        return chosen

    def yielded(self, index: int) -> None:
        """Its steps that have no effect count as any others."""

    def learn(self, profile: Profile) -> None:
        """Take the counts of `profile`."""
        self._weights = Weights(profile.steps)

    def end(self, trace: Trace) -> None:
        """Count the steps of each thread."""
        self._learning.end(trace, self)

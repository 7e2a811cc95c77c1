"""Random walk: every enabled thread is as likely as any other, at every step."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ..control import ThreadView


class RandomWalk:
    """Chooses uniformly among the enabled threads (the "random scheduler" of Shuttle, "RW" in the literature).

    `seed` fixes the choices of every execution; they do not depend on how many executions went before.
    """

    name = "random"

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._generator = Random(seed)
        self._random = self._generator.random

    def begin(self, number: int) -> None:
        """Execution `number` has a stream of random numbers of its own."""
        self._generator.seed(self._seed * 1_000_003 + number)

    def spawned(self, index: int) -> None:
        """Every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Any of them."""
        return int(self._random() * len(enabled))

    def yielded(self, index: int) -> None:
        """A spinning thread is not chosen more often than another anyhow."""

    def end(self, steps: int) -> None:
        """Nothing to learn."""

"""The base of strategies that draw random numbers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


class Drawing:
    """A strategy with a random generator of its own, which `seed` fixes, and which continues over all executions.

    The generator is made when the strategy first has an execution: it is large, and most tests are over before all
    members of a portfolio have had their turn.
    """

    _generator: Random
    _random: Callable[[], float]

    def __init__(self, seed: int) -> None:
        self._seed: int | None = seed

    def begin(self, number: int) -> None:  # noqa: ARG002
        """Make the generator if this is the first execution."""
        if self._seed is not None:
            self._generator = Random(self._seed)
            self._random = self._generator.random
            self._seed = None

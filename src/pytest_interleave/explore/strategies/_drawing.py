"""What strategies have in common that draw random numbers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


class Drawing:
    """Draws from a generator of its own, which `seed` fixes; it goes on from one execution to the next.

    The generator is made when the strategy first has an execution: it is large, and most tests are over before all
    members of a portfolio have had their turn.
    """

    _generator: Random
    _random: Callable[[], float]

    def __init__(self, seed: int) -> None:
        self._seed: int | None = seed

    def begin(self, number: int) -> None:  # noqa: ARG002
        """Have the generator at hand."""
        if self._seed is not None:
            self._generator = Random(self._seed)
            self._random = self._generator.random
            self._seed = None

"""The default where time passes as a choice: there is no end to what could be chosen, so it is sampled."""

from __future__ import annotations

from typing import Any

from ...control import Trace
from ..strategies._delegating import Delegating
from ..strategies._portfolio import Portfolio


class Sampling(Delegating):
    """The portfolio's strategies, half of the time one that holds a thread up while time passes."""

    name = "auto"

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._portfolio = Portfolio(seed, time_choices=True)

    def pick(self, number: int) -> Any:  # noqa: ARG002
        """Whose turn it is."""
        return self._portfolio.next()

    def end(self, trace: Trace) -> None:
        """All learn from it."""
        super().end(trace)
        self._portfolio.learn(trace)

"""The default strategy if time passes as a choice: there is no end to what could be chosen, so it is sampled."""

from __future__ import annotations

from typing import Any

from ...control import Trace
from ..strategies._delegating import Delegating
from ..strategies._portfolio import Portfolio


class Sampling(Delegating):
    """A strategy that samples with the portfolio; in half of the turns a thread is held up while time passes."""

    name = "auto"

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._portfolio = Portfolio(seed, time_choices=True)

    def pick(self, number: int) -> Any:  # noqa: ARG002
        """Return the strategy whose turn it is."""
        return self._portfolio.next()

    def end(self, trace: Trace) -> None:
        """Let the portfolio learn from the execution."""
        super().end(trace)
        self._portfolio.learn(trace)

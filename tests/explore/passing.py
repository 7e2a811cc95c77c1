"""A strategy that lets time pass whenever it can; out of scope, so that its own accesses are no steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_interleave.control import CLOCK
from pytest_interleave.explore import NonPreemptive


class Passing(NonPreemptive):
    """Without switches, but chooses the clock whenever it is on offer; with `never`, only notes whether it is."""

    def __init__(self, *, never: bool = False) -> None:
        self._never = never
        #: At each choice, whether the clock could have been chosen.
        self.offered: list[bool] = []

    def choose(self, enabled: Sequence[Any], running: Any) -> int:
        clock = enabled[-1].index >= CLOCK
        self.offered.append(clock)
        assert len(enabled) > 1
        if clock and not self._never:
            return len(enabled) - 1
        return super().choose(enabled, running)

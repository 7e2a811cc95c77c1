"""Decides which strategy chooses in each schedule of a search, and whether it may let time pass."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ...explore import Auto, Exhaustive, make_strategy
from ..settings._settings import Settings
from .observations._predictions import Predictions

#: Positions in `LEAPS`, used cyclically by the schedules in which time passes: long leaps are more frequent. Their
#: number has no factor in common with that of the portfolio's turns.
_LEAPS_IN_TURN = (0, 4, 3, 4, 1, 0, 2, 4, 5)
#: The strategy lets no time pass in this many schedules; after these, it may in every second one.
_FIRST_LATE = 20


class Turn(NamedTuple):
    """The strategy of one schedule."""

    strategy: Any
    #: A position in `LEAPS`, or None if no time passes as a choice.
    leap: int | None = None


class Turns:
    """The strategies of one search.

    With `timeouts="explore"`, some schedules are of a strategy that may let timeouts expire early; once the other
    strategy has no more schedules, all are.
    """

    def __init__(self, settings: Settings, seed: int, until: float = math.inf) -> None:
        name, schedules = settings.strategy, settings.for_search
        #: The strategy of schedules in which no time passes as a choice.
        self.late = make_strategy(name, seed, schedules, until=until)
        self._early = make_strategy(name, seed, schedules, time_choices=True) if settings.time_choices else None
        # Exhaustive search needs no predictions to find a deadlock.
        self.predictions = None if name == "exhaustive" else Predictions(settings)
        #: The number of schedules so far in which the strategy could let time pass.
        self.early = 0
        self._late_is_over = False

    def next(self, turn: int, *, time_matters: bool) -> Turn:
        """Return the strategy of the next schedule; `turn` counts from 1."""
        is_early = self._late_is_over or (turn > _FIRST_LATE and turn % 2 == 1)
        if self._early is not None and time_matters and is_early:
            self.early += 1
            return Turn(self._early, _LEAPS_IN_TURN[self.early % len(_LEAPS_IN_TURN)])
        steered = None if self.predictions is None else self.predictions.next()
        return Turn(self.late if steered is None else steered)

    @property
    def finished(self) -> bool:
        """Whether the strategy that lets no time pass has no more schedules."""
        return getattr(self.late, "finished", False)

    def doubt(self) -> None:
        """Note that something was not under control: then a search that seems exhaustive must not end early."""
        if isinstance(self.late, (Auto, Exhaustive)):
            self.late.doubt()

    def goes_on(self, *, time_matters: bool) -> bool:
        """Whether other schedules are left when the strategy that lets no time pass has no more."""
        self._late_is_over = True
        return self._early is not None and time_matters

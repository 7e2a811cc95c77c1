"""Which strategy chooses in which schedule of a search, and whether time passes as a choice in it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ...explore import Auto, Exhaustive, make_strategy
from ..settings._settings import Settings
from .observations._predictions import Predictions

#: The positions in `LEAPS` of schedules in which time passes, in turn: long ones more often. Their number has no factor
#: in common with that of the portfolio's turns.
_LEAPS_IN_TURN = (0, 4, 3, 4, 1, 0, 2, 4, 5)
#: The first schedules in which it does not; after these, every second one is of either kind.
_FIRST_LATE = 20


class Turn(NamedTuple):
    """Who chooses in a schedule."""

    strategy: Any
    #: A position in `LEAPS`, or None if no time passes as a choice.
    leap: int | None = None


class Turns:
    """The strategies of one search.

    With `timeouts="explore"` schedules in which timeouts expire early come besides the others. They have all turns once
    the others are over.
    """

    def __init__(self, settings: Settings, seed: int, until: float = math.inf) -> None:
        name, schedules = settings.strategy, settings.for_search
        #: The strategy of schedules in which no time passes as a choice.
        self.late = make_strategy(name, seed, schedules, until=until)
        self._early = make_strategy(name, seed, schedules, time_choices=True) if settings.time_choices else None
        # Exhaustive search itself tells whether there is a deadlock.
        self.predictions = None if name == "exhaustive" else Predictions(settings)
        #: How many schedules there have been in which time could pass.
        self.early = 0
        self._late_is_over = False

    def next(self, turn: int, *, time_matters: bool) -> Turn:
        """Whose turn it is; `turn` counts from 1."""
        is_early = self._late_is_over or (turn > _FIRST_LATE and turn % 2 == 1)
        if self._early is not None and time_matters and is_early:
            self.early += 1
            return Turn(self._early, _LEAPS_IN_TURN[self.early % len(_LEAPS_IN_TURN)])
        steered = None if self.predictions is None else self.predictions.next()
        return Turn(self.late if steered is None else steered)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to run in which no time passes as a choice."""
        return getattr(self.late, "finished", False)

    def doubt(self) -> None:
        """Not everything was under control: what searches does not end before the schedules do."""
        if isinstance(self.late, (Auto, Exhaustive)):
            self.late.doubt()

    def goes_on(self, *, time_matters: bool) -> bool:
        """There is nothing more to run in which no time passes as a choice: whether there is anything else."""
        self._late_is_over = True
        return self._early is not None and time_matters

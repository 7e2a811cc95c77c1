"""The budget of a search: how many schedules it may run, and until when."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...control.interpreter import real_seconds


def never() -> bool:
    """Return False: time is never over."""
    return False


class Limits(NamedTuple):
    """The limits of a search: a number of schedules, and a moment in real time."""

    schedules: int | None = None
    #: In seconds, as `real_seconds` counts them.
    until: float = math.inf

    def schedules_after(self, number: int) -> float:
        """Return how many schedules there may be after the one with this number, which counts from 1."""
        return math.inf if self.schedules is None else self.schedules - number

    def is_time_over(self) -> bool:
        """Whether the moment `until` has come."""
        return self.until != math.inf and real_seconds() >= self.until


NO_LIMITS = Limits()

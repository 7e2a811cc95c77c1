"""The time limits of a test: for its search, and for the report of a finding."""

from __future__ import annotations

from ....control.interpreter import real_seconds

#: Seconds after the limit of the search to run a finding again, shrink it and describe it; the rest is left out.
AFTER_THE_SEARCH = 2.0


class TimeLimit:
    """The time limits of one test in real time; its search has `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = 0.0

    def begin(self) -> None:
        """Start the clock: the test begins now."""
        self.started = real_seconds()

    @property
    def of_search(self) -> float:
        """The time when the search ends, in real seconds."""
        return self.started + self.seconds

    @property
    def of_report(self) -> float:
        """The time when the report must be ready, in real seconds."""
        return self.of_search + AFTER_THE_SEARCH

    def has(self, seconds: float) -> bool:
        """Whether this many seconds are left until the report must be ready."""
        return real_seconds() + seconds <= self.of_report

    def is_over(self) -> bool:
        """Whether the time for the report is over."""
        return real_seconds() >= self.of_report

    def part(self, share: float) -> PartOfTime:
        """Return a share of the time that is left for the report."""
        now = real_seconds()
        return PartOfTime(now + share * max(0.0, self.of_report - now))


class PartOfTime:
    """A part of the time of a test, up to a moment."""

    def __init__(self, until: float) -> None:
        #: The moment, in real seconds.
        self.until = until

    def is_over(self) -> bool:
        """Whether the moment has come."""
        return real_seconds() >= self.until

"""When the time of a test is over: that of its search, and that of what is done about a finding."""

from __future__ import annotations

from ....control.interpreter import real_seconds

#: Seconds that a finding may take after the search must have ended: to run it again, shrink it and describe it.
AFTER_THE_SEARCH = 2.0


class TimeLimit:
    """The limits of one test, which has `seconds` for its search; all of it is real time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = 0.0

    def begin(self) -> None:
        """The test begins now."""
        self.started = real_seconds()

    @property
    def of_search(self) -> float:
        """When the search ends."""
        return self.started + self.seconds

    @property
    def of_report(self) -> float:
        """When the report is to be ready."""
        return self.of_search + AFTER_THE_SEARCH

    def has(self, seconds: float) -> bool:
        """Whether there are so many seconds left until the report is to be ready."""
        return real_seconds() + seconds <= self.of_report

    def is_over(self) -> bool:
        """Whether nothing more is to be done for the report."""
        return real_seconds() >= self.of_report

    def part(self, share: float) -> PartOfTime:
        """A share of the time that is left for the report."""
        now = real_seconds()
        return PartOfTime(now + share * max(0.0, self.of_report - now))


class PartOfTime:
    """A moment to be asked for."""

    def __init__(self, until: float) -> None:
        #: In seconds of real time.
        self.until = until

    def is_over(self) -> bool:
        """Whether it has come."""
        return real_seconds() >= self.until

"""Totals of a run: how many tests ran and failed, as reports begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..stress import has_missed, outcomes_of_tests

#: The outcomes, in the order in which they are counted.
OUTCOMES = ("failed", "xpassed", "xfailed", "skipped", "passed")

Rows = Sequence[Mapping[str, Any]]


class Totals(NamedTuple):
    """The outcomes of all tests of a run and of those under control, and the numbers of stress runs and speed-ups."""

    outcomes: Counter[str]
    controlled: Counter[str]
    #: The number of stress runs (a test may have several), and of those that missed a threshold.
    runs: int
    missed: int
    speedups: int

    @classmethod
    def of(cls, tests: Rows, stress: Rows, speedups: Rows) -> Totals:
        """Return the totals of the rows of the JSON report."""
        controlled = Counter(str(row["outcome"]) for row in tests)
        return cls(
            controlled + Counter(outcomes_of_tests(stress)),
            controlled,
            len(stress),
            sum(map(has_missed, stress)),
            len(speedups),
        )

    @property
    def headline(self) -> str:
        """One line for all tests."""
        total, failed = self.outcomes.total(), self.outcomes["failed"]
        if not total:
            return "No concurrency test ran" if not self.speedups else f"{_many(self.speedups, 'speed-up')} measured"
        tests = "concurrency test" if total == 1 else "concurrency tests"
        return f"{failed} of {total} {tests} failed" if failed else f"{total} {tests}, none failed"

    @property
    def missed_text(self) -> str:
        """How many stress runs missed a threshold."""
        return f"{self.missed or 'none'} missed {'their' if self.missed > 1 else 'its'} thresholds"

    @property
    def counts(self) -> list[str]:
        """Further figures, such as "2 failed"."""
        reported = [f"{self.outcomes[outcome]} {outcome}" for outcome in OUTCOMES if self.outcomes[outcome]]
        if self.runs:
            reported.append(f"{_many(self.runs, 'stress run')}, {self.missed_text}")
        if self.speedups:
            reported.append(_many(self.speedups, "speed-up"))
        return reported


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"

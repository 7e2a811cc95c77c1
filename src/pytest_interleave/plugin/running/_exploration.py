"""What exploring a test came to."""

from __future__ import annotations

from typing import NamedTuple

from ...explore import Coverage
from ..known._known_schedules import Given
from ..settings._settings import Settings
from .explanations._explanation import Explanation


class Exploration(NamedTuple):
    """The figures of one test, and its finding."""

    settings: Settings
    schedules: int
    coverage: Coverage
    #: How often each class was run.
    classes: dict[int, int]
    seconds: float
    #: "schedules", "seconds", "exhausted", "nothing to interleave", "finding", "skip", "expected failure", "pinned",
    #: "interrupted", "fixtures" (one of them failed) or "replay": why it ended.
    ended_by: str
    threads: int
    found_at: int | None = None
    explanation: Explanation | None = None
    strategy: str = ""
    #: Schedules that were known before, and were tried first.
    given: tuple[Given, ...] = ()
    #: The first step that differs where the same schedule is run twice.
    unrepeatable: str | None = None
    #: Why the schedule of a token no longer fits.
    lost: str | None = None
    warnings: tuple[str, ...] = ()
    #: Every step of a token's execution, where that was asked for.
    steps: tuple[str, ...] = ()

    @property
    def planned(self) -> int:
        """How many schedules there are at most: those that were known before come besides."""
        return self.settings.schedules + len(self.given)

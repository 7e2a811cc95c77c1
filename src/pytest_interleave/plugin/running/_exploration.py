"""The result of exploring one test."""

from __future__ import annotations

from typing import NamedTuple

from ...explore import Coverage
from ..known._known_schedules import KnownSchedule
from ..settings._settings import Settings
from ._ended_by import EndedBy
from .explanations._explanation import Explanation


class Exploration(NamedTuple):
    """The figures of one test, and its finding."""

    settings: Settings
    schedules: int
    coverage: Coverage
    #: The number of executions of each class of equivalent schedules.
    classes: dict[int, int]
    seconds: float
    ended_by: EndedBy
    threads: int
    found_at: int | None = None
    explanation: Explanation | None = None
    strategy: str = ""
    #: Known schedules, which were run first.
    known: tuple[KnownSchedule, ...] = ()
    #: Why the test is nondeterministic, in words; None if it seems deterministic.
    unrepeatable: str | None = None
    #: Why the schedule of a token no longer fits, in words.
    lost: str | None = None
    warnings: tuple[str, ...] = ()
    #: The steps of a token's execution, with `--interleave-trace`.
    steps: tuple[str, ...] = ()

    @property
    def planned(self) -> int:
        """The most schedules that are run: known ones are added to those of the search."""
        return self.settings.schedules + len(self.known)

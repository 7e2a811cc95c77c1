"""The stress runs of one test, for its reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ._shards import nodeid_of

if TYPE_CHECKING:
    from ..stress import Figures


class StressRuns:
    """What a test has run by real threads: its body, or by the fixture `run_stress`."""

    def __init__(self) -> None:
        self._runs: list[tuple[Figures, str | None, float | None, list[str]]] = []
        self._outcome = "passed"

    def add(
        self, figures: Figures, missed: list[str], *, marker: str | None = None, min_success_rate: float | None = None
    ) -> None:
        """One run more; `missed` are texts."""
        self._runs.append((figures, marker, min_success_rate, missed))

    def note_report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """The rows are on the report of the teardown: the last one, also where a plugin has run the test again."""
        if not self._runs:
            return
        from ._report import mend, outcome_of

        mend(report)
        if report.when == "teardown":
            if report.failed:
                self._outcome = "failed"
            report.interleave_stress = self._rows(nodeid_of(item))  # type: ignore[attr-defined]
        elif report.when == "call" or not report.passed:
            self._outcome = outcome_of(report)

    def _rows(self, nodeid: str) -> list[dict[str, Any]]:
        return [
            {
                "nodeid": nodeid,
                "name": figures.name,
                "marker": marker,
                "outcome": self._outcome,
                "min_success_rate": min_success_rate,
                "missed": missed,
                **figures.as_json(),
            }
            for figures, marker, min_success_rate, missed in self._runs
        ]


_runs_key = pytest.StashKey[StressRuns]()


def begin_runs(item: pytest.Item) -> None:
    """Before the test is set up, perhaps once more."""
    item.stash[_runs_key] = StressRuns()


def runs_of(item: pytest.Item) -> StressRuns | None:
    """Of a test for which `begin_runs` was called."""
    return item.stash.get(_runs_key, None)

"""The stress runs of one test, which go with its reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..items._test_reports import correct_without_traceback, outcome_of
from ..settings._reported_tests import include_in_reports
from ..settings._shards import nodeid_of

if TYPE_CHECKING:
    from ...stress import Figures


class _Run(NamedTuple):
    figures: Figures
    missed: Sequence[str]
    #: Requirements that an `assert_…` method of its result has found missed, in words.
    asserted: Sequence[str]
    marker: str | None
    min_success_rate: float | None


class StressRuns:
    """The runs in real threads of one test: of its body, or by the fixture `run_stress`."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._outcome = "passed"

    def add(
        self,
        figures: Figures,
        missed: list[str],
        *,
        asserted: Sequence[str] = (),
        marker: str | None = None,
        min_success_rate: float | None = None,
    ) -> None:
        """Add a run; `missed` and `asserted` are texts, and the test may still add to `asserted` until it ends."""
        self._runs.append(_Run(figures, missed, asserted, marker, min_success_rate))

    def note_report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Put the rows on the report of the teardown: the last report, even if a plugin runs the test again."""
        if not self._runs:
            return
        from ...pages import printable

        correct_without_traceback(report)
        if report.when == "teardown":
            if report.failed:
                self._outcome = "failed"
            # pytest-xdist cannot send every text that an exception may have.
            report.interleave_stress = printable(self._rows(nodeid_of(item)))  # type: ignore[attr-defined]
        elif report.when == "call" or not report.passed:
            self._outcome = outcome_of(report)

    def _rows(self, nodeid: str) -> list[dict[str, Any]]:
        return [
            {
                "nodeid": nodeid,
                "name": run.figures.name,
                "marker": run.marker,
                "outcome": self._outcome,
                "min_success_rate": run.min_success_rate,
                # A test that passes has expected its assertions to fail.
                "missed": list(dict.fromkeys([*(run.asserted if self._outcome == "failed" else ()), *run.missed])),
                **run.figures.as_json(),
            }
            for run in self._runs
        ]


_runs_key = pytest.StashKey[StressRuns]()


def begin_runs(item: pytest.Item) -> None:
    """Begin with no runs, before the test is set up for the first time or again."""
    item.stash[_runs_key] = StressRuns()
    include_in_reports(item)


def runs_of(item: pytest.Item) -> StressRuns | None:
    """Return the runs of a test; None if `begin_runs` was not called for it."""
    return item.stash.get(_runs_key, None)

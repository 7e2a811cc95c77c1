"""Runs one test with the marker `stress`: real threads repeat its body, in one test item."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from ...control import without_ours
from ...stress import Figures, missed, missed_rate, run_stress, whole_text
from ..items._worker_fixtures import WorkerFixtures
from ..items._workers import quiet_types
from ..settings._shards import nodeid_of
from ..settings._stress_settings import StressSettings
from ._stress_runs import runs_of


class StressRunner:
    """Repeats the body of one item in real threads."""

    __test__ = False

    def __init__(self, item: pytest.Function, settings: StressSettings, own_fixtures: WorkerFixtures) -> None:
        self.item = item
        self.settings = settings
        self._own_fixtures = own_fixtures
        self._runtest = item.runtest
        self._calls: list[Callable[[], object]] = []

    def run(self) -> None:
        """Run the test, in the place of `item.runtest`; raise `AssertionError` with all figures if it fails."""
        __tracebackhide__ = True
        item = self.item
        function = item.obj
        item.obj = self._in_threads(function)
        try:
            # pytest makes the call, and unittest sets its test up before it.
            self._runtest()
        finally:
            item.obj = function

    def _in_threads(self, function: Callable[..., object]) -> Callable[..., None]:
        @functools.wraps(function)
        def body(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            self._calls = self._own_fixtures.calls(function, args, kwargs)
            name = nodeid_of(self.item).rpartition("::")[2]
            self._judge(run_stress(self._call_for, self.settings.plan, name=name, ends=ending_types()))

        return body

    def _call_for(self, index: int) -> Callable[[], object]:
        """Return the call that thread `index` repeats."""
        return self._calls[index]

    def _judge(self, figures: Figures) -> None:
        __tracebackhide__ = True
        wrong = missed(figures)
        required = self.settings.min_success_rate
        # A test that is skipped at once has no rate.
        if figures.success_rate < required and (figures.failed or figures.ended_by is None):
            wrong.append(missed_rate(figures, required))
        runs = runs_of(self.item)
        if runs is not None:
            runs.add(figures, wrong, marker="stress", min_success_rate=required)
        if isinstance(figures.ended_by, pytest.exit.Exception):
            raise figures.ended_by
        if wrong:
            text = "\n".join(wrong) + "\n\n" + whole_text(figures)
            if hasattr(self.item, "_addexcinfo"):
                # Otherwise pytest would show nothing but frames of unittest.
                pytest.fail(text, pytrace=False)
            raise AssertionError(text)
        raise_end(figures)


def ending_types() -> tuple[type[BaseException], ...]:
    """Return the exceptions that end a run early: a skip, an expected failure, and requests to stop pytest."""
    return (pytest.exit.Exception, *quiet_types())


def raise_end(figures: Figures) -> None:
    """Raise again the exception that has ended the run early, if one has."""
    __tracebackhide__ = True
    error = figures.ended_by
    if error is not None:
        raise error.with_traceback(without_ours(error.__traceback__))

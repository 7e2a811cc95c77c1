"""The figures of all tests, out of their reports."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .._test_hooks import register_test_hooks
from ..settings._stash import options_of, reported_key, results_key
from ._results import Results, Rows


def will_report(item: pytest.Item) -> None:
    """Something of ours may go with the reports of this test."""
    item.stash[reported_key] = True
    register_test_hooks(item.config.pluginmanager)
    results_of(item.config)


def results_of(config: pytest.Config) -> Results:
    """What the run has come to; from the first call on, it is gathered. Most runs have nothing to gather."""
    results = config.stash.get(results_key, None)
    if results is None:
        options = options_of(config)
        results = config.stash[results_key] = Results(options.seed, options.suite)
        config.pluginmanager.register(Gatherer(config, results), "interleave-gatherer")
    return results


#: What reports have of ours.
_OURS = frozenset(f"interleave{kind}" for kind in ("", "_exempt", "_left_out", "_speedups", "_steps", "_stress"))


class Gatherer:
    """Gathers the figures of all reports; with pytest-xdist, in the controller."""

    def __init__(self, config: pytest.Config, results: Results) -> None:
        self._config = config
        self._results = results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and _OURS.isdisjoint(vars(report)):
            return
        results = self._results
        outcome: str = report.outcome
        #: Else a plugin runs the test again, and there is more to come.
        last = outcome != "rerun"
        reason = getattr(report, "interleave_left_out", None)
        if reason is not None:
            results.left_out.append((report.nodeid, reason))
        reason = getattr(report, "interleave_exempt", None)
        if reason is not None:
            results.exempt.append((report.nodeid, reason))
        results.stress.extend(getattr(report, "interleave_stress", ()))
        if last:
            results.speedups.extend(getattr(report, "interleave_speedups", ()))
        row = getattr(report, "interleave", None)
        if row is None and report.failed and report.when != "teardown":
            from ._merging import row_without_figures

            row = row_without_figures(report.nodeid)
        if row is None:
            return
        if report.when == "teardown":
            # In the place of the row of the call, which had found nothing.
            _remove_last_of_same(results.tests, row)
        if last:
            results.tests.append(row)
        steps = getattr(report, "interleave_steps", ())
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if steps and terminal is not None:
            terminal.ensure_newline()
            writer = self._config.get_terminal_writer()
            if writer.width_of_current_line:
                # With -q, pytest does not see that the line is not empty.
                writer.line()
            for line in (f"{report.nodeid}: every step of the schedule", *steps):
                terminal.write_line(line)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
        """Around what pytest shows of the failures."""
        if not self._results.tests:
            return (yield)
        from ._colours import coloured

        with coloured(terminalreporter):
            return (yield)


def _remove_last_of_same(rows: Rows, row: dict[str, object]) -> None:
    for number in reversed(range(len(rows))):
        if all(rows[number].get(key) == row.get(key) for key in ("nodeid", "_shard")):
            del rows[number]
            return

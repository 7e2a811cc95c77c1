"""Gathers the figures of all tests from their reports."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from ..known._memory import memory_trouble
from ..settings._options import options_of
from ._results import Results, Rows

#: Attributes of test reports in which the figures of a test come.
_OURS = frozenset(f"interleave{kind}" for kind in ("", "_exempt", "_left_out", "_rows", "_steps", "_stress"))


class Gatherer:
    """Gathers the figures of all reports of a run; with pytest-xdist, in the controller."""

    def __init__(self, config: pytest.Config) -> None:
        options = options_of(config)
        self._config = config
        self.results = Results(options.seed, options.suite)
        #: Messages about reports that could not be written to their files.
        self.unwritten: list[str] = []

    def write_summary(self, terminal: pytest.TerminalReporter) -> None:
        """Write the section of the plugin, and what went wrong with the files that the run reads and writes."""
        if self.results:
            from ._summary import write_section

            write_section(terminal, self.results)
        trouble = memory_trouble(self._config)
        if trouble is not None:
            terminal.write_line(f"WARNING: {trouble}", yellow=True)
        for unwritten in self.unwritten:
            terminal.write_line(f"ERROR: {unwritten}", red=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and _OURS.isdisjoint(vars(report)):
            return
        results = self.results
        outcome: str = report.outcome
        # Otherwise a plugin runs the test again, and other reports follow.
        last = outcome != "rerun"
        reason = getattr(report, "interleave_left_out", None)
        if reason is not None:
            results.left_out.append((report.nodeid, reason))
        reason = getattr(report, "interleave_exempt", None)
        if reason is not None:
            results.exempt.append((report.nodeid, reason))
        results.stress.extend(getattr(report, "interleave_stress", ()))
        if last:
            for kind, rows in getattr(report, "interleave_rows", {}).items():
                results.rows.setdefault(kind, []).extend(rows)
        row = getattr(report, "interleave", None)
        if row is None and report.failed and report.when != "teardown":
            from ._merging import row_without_figures

            row = row_without_figures(report.nodeid)
        if row is None:
            return
        if report.when == "teardown":
            # It replaces the row of the call, which had found nothing.
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
        """Color the sections of findings while pytest shows the failures."""
        if not self.results.tests:
            return (yield)
        from ._colors import colored

        with colored(terminalreporter):
            return (yield)


def _remove_last_of_same(rows: Rows, row: dict[str, object]) -> None:
    for number in reversed(range(len(rows))):
        if all(rows[number].get(key) == row.get(key) for key in ("nodeid", "_shard")):
            del rows[number]
            return

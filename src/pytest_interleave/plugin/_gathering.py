"""The figures of all tests, out of their reports."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from ._merging import row_without_figures
from ._speedup_rows import gather, speedups_key

#: A row for each report that has figures; from the end of the session on, for each test.
rows_key = pytest.StashKey[list[dict[str, Any]]]()


class Gatherer:
    """Gathers the figures of all reports; with pytest-xdist, in the controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        config.stash[rows_key] = []
        config.stash[speedups_key] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        gather(self._config, report)
        row = getattr(report, "interleave", None)
        rows = self._config.stash[rows_key]
        if row is None and report.failed and report.when != "teardown":
            row = row_without_figures(report.nodeid)
        if row is None:
            return
        if report.when == "teardown":
            # In the place of the row of the call, which had found nothing.
            _remove_last_of_same(rows, row)
        outcome: str = report.outcome
        if outcome != "rerun":
            # Else a plugin runs the test again, and there is another row to come.
            rows.append(row)
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
        if not self._config.stash[rows_key]:
            return (yield)
        from ._colours import coloured

        with coloured(terminalreporter):
            return (yield)


def _remove_last_of_same(rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    for number in reversed(range(len(rows))):
        if all(rows[number].get(key) == row.get(key) for key in ("nodeid", "_shard")):
            del rows[number]
            return

"""The end of a run: what is remembered for the next one, and the reports in files."""

from __future__ import annotations

import pytest

from ._marked_test import memory_of
from .reporting._gathering import results_of
from .reporting._merging import merged
from .reporting._report_files import write_reports
from .settings._stash import options_of, unwritten_key


def finish(session: pytest.Session) -> None:
    """Remember failures and write the reports in files."""
    config = session.config
    options, results = options_of(config), results_of(config)
    # From here on, for all reports, there is one row for each test.
    results.tests[:] = merged(results.tests)
    if results.tests or options.forget:
        memory_of(config).keep(results.tests)
    if any(path is not None for path in options.reports.values()):
        unwritten = config.stash[unwritten_key] = write_reports(options.reports, results)
        if unwritten and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

"""The end of a run: failing schedules are saved for the next one, and reports are written to files."""

from __future__ import annotations

import pytest

from ._lazy_gatherer import make_gatherer
from .known._memory import memory_of
from .reporting._merging import merged
from .reporting._report_files import write_reports
from .settings._options import options_of


def finish(session: pytest.Session) -> None:
    """Save the failing schedules, and write the reports that go to files."""
    config = session.config
    options, gatherer = options_of(config), make_gatherer(config)
    results = gatherer.results
    # From here on, for all reports, there is one row for each test.
    results.tests[:] = merged(results.tests)
    if results.tests or options.forget:
        memory_of(config).keep(results.tests)
    if any(path is not None for path in options.reports.values()):
        gatherer.unwritten = write_reports(options.reports, results)
        if gatherer.unwritten and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

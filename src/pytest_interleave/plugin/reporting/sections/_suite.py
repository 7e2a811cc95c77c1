"""The tests that `--interleave-suite` ran and those that it skipped, with the reasons."""

from __future__ import annotations

import pytest

from .._results import Results


def write_suite(terminal: pytest.TerminalReporter, results: Results, verbosity: int) -> None:
    """Write the figures of the suite."""
    audit = results.audit
    if audit is not None:
        for line in audit.lines(verbose=verbosity > 0):
            terminal.write_line(line)

"""Measured speed-ups, one line each."""

from __future__ import annotations

import pytest

from .._results import Results


def write_speedups(terminal: pytest.TerminalReporter, results: Results, _verbosity: int) -> None:
    """Write a line for each speed-up."""
    for row in results.speedups:
        terminal.write_line(f"{row['nodeid']}: {row['_text']}")

"""The tests that are run once, without control, because they are marked `thread_unsafe`."""

from __future__ import annotations

import pytest

from .._results import Results


def write_exempt(terminal: pytest.TerminalReporter, results: Results, verbosity: int) -> None:
    """Write how many tests are exempt; with `-v`, which ones, and why."""
    if not results.exempt:
        return
    verbose = verbosity > 0
    tests = dict(results.exempt)
    count = f"{len(tests)} test{'' if len(tests) == 1 else 's'}"
    hint = "" if verbose else " (-v lists them)"
    terminal.write_line(f"{count} marked thread_unsafe: run once, without control{hint}")
    if verbose:
        for nodeid, reason in tests.items():
            terminal.write_line(f"  {nodeid}{reason.removeprefix('thread_unsafe')}")

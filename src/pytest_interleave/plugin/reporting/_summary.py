"""Writes the section `interleave` of the terminal summary."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ._results import Results
from .sections._exempt import write_exempt
from .sections._speedups import write_speedups
from .sections._stress_table import write_stress
from .sections._suite import write_suite
from .sections._tests import write_tests

#: The parts of the section, from top to bottom. Each writes nothing if there is nothing to report.
SECTIONS: tuple[Callable[[pytest.TerminalReporter, Results, int], None], ...] = (
    write_tests,
    write_suite,
    write_stress,
    write_exempt,
    write_speedups,
)


def write_section(terminal: pytest.TerminalReporter, results: Results) -> None:
    """Write the section; with `-q`, write nothing."""
    verbosity = terminal.verbosity
    if verbosity < 0:
        return
    terminal.ensure_newline()
    terminal.section("interleave")
    for write in SECTIONS:
        write(terminal, results, verbosity)

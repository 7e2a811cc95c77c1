"""The table of stress runs in the terminal summary."""

from __future__ import annotations

from typing import Any

import pytest

from ....stress import Row, cells, error_line, hung_lines, is_wrong, label, place_of, worst_first
from .._results import Results

_HEADS = ("test", "threads", "ops", "ok %", "ops/s", "p50", "p99", "max", "fair", "errors")
#: Shorter heads, for narrow terminals.
_SHORT = ("test", "thr", *_HEADS[2:])
#: Marks a run that has failed.
_WRONG = "! "


def write_stress(terminal: pytest.TerminalReporter, results: Results, _verbosity: int) -> None:
    """Write the table of stress runs; those that failed are red."""
    for line, wrong in stress_lines(results.stress, terminal.config.get_terminal_writer().fullwidth):
        terminal.write_line(line, red=wrong)


def stress_lines(rows: list[dict[str, Any]], width: int) -> list[tuple[str, bool]]:
    """Return the lines of the table, the worst runs first, then lines on their exceptions; True marks failures.

    If names are too long for the table, each has a line of its own above its figures.
    """
    ordered = worst_first(rows)
    if not ordered:
        return []
    for names, heads in ((label, _HEADS), (label, _SHORT), (_short_name, _SHORT)):
        table = [(names(row), f"{row['threads']}", *cells(row)) for row in ordered]
        widths = [max(len(line[column]) for line in (heads, *table)) for column in range(len(heads))]
        apart = sum(widths) + 2 * (len(heads) - 1) + len(_WRONG) >= width
        if not apart:
            break
    else:
        table = [(label(row), f"{row['threads']}", *cells(row)) for row in ordered]
        widths[0] = len(_SHORT[0])
    lines = [(f"  {_line(heads, widths)}", False)]
    for row, line in zip(ordered, table, strict=True):
        wrong = is_wrong(row)
        sign = _WRONG if wrong else "  "
        if apart:
            lines += [(sign + line[0], wrong), ("  " + _line(("", *line[1:]), widths), wrong)]
        else:
            lines.append((sign + _line(line, widths), wrong))
    for row in ordered:
        lines += [(f"{_short_name(row)}: {text}", is_wrong(row)) for text in _details(row)]
    return lines


def _short_name(row: Row) -> str:
    return label(row).rpartition("::")[2]


def _details(row: Row) -> list[str]:
    """Return what the run has missed, its exceptions, and its threads that hung, a line for each."""
    from ....pages import EXPECTED

    expected = f"{EXPECTED}: " if row["outcome"] == "xfailed" else ""
    lines = [f"{expected}{text}" for text in row["missed"]]
    lines += [error_line(group, place_of(group)) for group in row["errors"]]
    return lines + hung_lines(row)


def _line(texts: tuple[str, ...], widths: list[int]) -> str:
    rest = (text.rjust(wide) for text, wide in zip(texts[1:], widths[1:], strict=True))
    return "  ".join((texts[0].ljust(widths[0]), *rest))

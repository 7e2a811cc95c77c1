"""The stress runs of all tests in the terminal summary."""

from __future__ import annotations

from typing import Any

from ..stress._rows import Row, hung_line, is_wrong, label, place_of, worst_first
from ..stress._table import error_line, percent_text, rate_text, seconds_text

_HEADS = ("test", "threads", "ops", "ok %", "ops/s", "p50", "p99", "max", "fair", "errors")
#: The same where there is little room.
_SHORT = ("test", "thr", *_HEADS[2:])
#: The first column has so many characters at least.
_LEAST = 12
#: In front of what has failed.
_WRONG = "! "


def stress_lines(rows: list[dict[str, Any]], width: int) -> list[tuple[str, bool]]:
    """A table, those first that missed something; then their exceptions, a line for each group. True: it is wrong."""
    ordered = worst_first(rows)
    if not ordered:
        return []
    cells = [_cells(row) for row in ordered]
    for heads in (_HEADS, _SHORT):
        widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(len(heads))]
        room = width - 1 - len(_WRONG) - sum(widths[1:]) - 2 * (len(heads) - 1)
        if room >= min(widths[0], 2 * _LEAST):
            break
    widths[0] = min(widths[0], max(room, _LEAST))
    lines = [(f"  {_line(heads, widths)}", False)]
    for row, line in zip(ordered, cells, strict=True):
        wrong = is_wrong(row)
        lines.append(((_WRONG if wrong else "  ") + _line(line, widths), wrong))
    for row in ordered:
        lines += [(f"{_short_name(row)}: {text}", is_wrong(row)) for text in _told(row)]
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    latency = row["latency"]
    return (
        label(row),
        f"{row['threads']}",
        f"{row['operations']:,}",
        percent_text(row["success_rate"]),
        rate_text(row["throughput"]),
        *(seconds_text(latency[name]) for name in ("p50", "p99", "max")),
        f"{row['fairness']:.2f}",
        f"{row['failed']:,}",
    )


def _short_name(row: Row) -> str:
    return label(row).rpartition("::")[2]


def _told(row: Row) -> list[str]:
    lines = list(row["missed"])
    lines += [error_line(group, place_of(group)) for group in row["errors"]]
    return lines + [hung_line(thread) for thread in row["hung"]]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first = cells[0]
    if len(first) > widths[0]:
        first = f"…{first[len(first) - widths[0] + 1 :]}"
    rest = (cell.rjust(wide) for cell, wide in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((first.ljust(widths[0]), *rest))

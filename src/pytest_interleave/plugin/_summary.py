"""The section of the terminal summary, and the reports in files."""

from __future__ import annotations

import json
import platform
from typing import Any

import pytest

from .._version import __version__
from ._speedup_rows import lines_of

#: Figures of all marked tests of this run, in the order in which their reports came.
Rows = list[dict[str, Any]]


def write_section(
    terminal: pytest.TerminalReporter, rows: Rows, seed: int, verbosity: int, speedups: Rows
) -> None:
    """With `-v` a line for each marked test, with `-q` nothing, else one for each that wants a look.

    Below them one for each of the `speedups`.
    """
    if verbosity < 0:
        return
    told = rows if verbosity > 0 else [row for row in rows if _wants_a_look(row)]
    terminal.ensure_newline()
    terminal.section("interleave")
    if rows and terminal.config.pluginmanager.has_plugin("dsession"):
        # With pytest-xdist nothing is collected here, so that the header could not show it.
        terminal.write_line(f"seed {seed}")
    for row in told:
        terminal.write_line(line_of(row))
    if len(told) < len(rows):
        terminal.write_line(_rest_of(rows, told))
    for line in lines_of(speedups):
        terminal.write_line(line)


def _wants_a_look(row: dict[str, Any]) -> bool:
    """Something was found, or nothing could be interleaved, or it did not come to its end."""
    ended = row["_ended_by"] in ("schedules", "seconds", "exhausted", "skip", "expected failure", "pinned")
    complete = row.get("shards_run") == row.get("shards")
    return any((row["finding"] is not None, row["lost"] is not None, not row["repeatable"], not ended, not complete))


def _rest_of(rows: Rows, told: Rows) -> str:
    rest = [row for row in rows if not any(row is other for other in told)]
    exhausted = sum(row["exhausted"] for row in rest)
    count = f"{len(rest)} {'other ' if told else ''}test{'' if len(rest) == 1 else 's'}"
    schedules = sum(row["schedules"] for row in rest)
    return (
        f"{count}: {schedules} schedule{'' if schedules == 1 else 's'}, nothing found; {exhausted} of {len(rest)} "
        "exhausted (-v has each of them)"
    )


def line_of(row: dict[str, Any]) -> str:
    """What is said of one test: how many schedules, how many of them distinct, how long, and what ended it."""
    schedules = row["schedules"]
    text = (
        f"{row['nodeid']}: {schedules} schedule{'' if schedules == 1 else 's'}{_shards_of(row)}, "
        f"{row['distinct']} distinct, {row['seconds']:.2f} s"
    )
    if "shards" in row:
        text += " in all"
    finding = row["finding"]
    if not row["repeatable"]:
        text += ", not repeatable"
    if finding is not None:
        return f"{text}: {finding['kind']}"
    ended_by = row["_ended_by"]
    if row["lost"] is not None:
        whose = "the token's schedule" if ended_by == "replay" else "a pinned schedule"
        return f"{text} ({whose} no longer fits)"
    if ended_by == "pinned":
        return f"{text} (pinned, and no others)"
    if ended_by == "seconds":
        return f"{text} (time was up, of {row['_planned']}); {row['coverage']['text']}"
    if ended_by == "nothing to interleave":
        return f"{text} (nothing could be interleaved)"
    if ended_by == "interrupted":
        return f"{text} (interrupted, of {row['_planned']})"
    if ended_by == "fixtures":
        return f"{text} (a fixture failed, of {row['_planned']})"
    if ended_by == "replay":
        return f"{text} (the token's schedule; nothing found)"
    return f"{text}; {row['coverage']['text']}"


def _shards_of(row: dict[str, Any]) -> str:
    if "shards" not in row:
        return ""
    ran, shards = row["shards_run"], row["shards"]
    return f" in {shards} shards" if ran == shards else f" in {ran} of {shards} shards"


def write_json(path: str, rows: Rows, seed: int, *, speedups: Rows) -> None:
    """Write the machine-readable report.

    Raises `OSError` where that cannot be done.
    """
    report = {
        "version": 1,
        "plugin": __version__,
        "python": platform.python_version(),
        "seed": seed,
        "tests": _public(rows),
        "speedups": _public(speedups),
    }
    _write(path, json.dumps(report, indent=1) + "\n")


def _public(rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


def write_html(path: str, rows: Rows, seed: int) -> None:
    """Write the page.

    Raises `OSError` where that cannot be done.
    """
    from ..trace._html import render

    _write(path, render(rows, plugin=__version__, python=platform.python_version(), seed=seed))


def _write(path: str, text: str) -> None:
    # In place: PATH may be a link, a pipe or a device.
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)

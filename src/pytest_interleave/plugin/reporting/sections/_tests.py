"""A line for each test that needs attention, and one for the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ...running._ended_by import (
    EXHAUSTED,
    EXPECTED_FAILURE,
    FIXTURES,
    INTERRUPTED,
    NOTHING_TO_INTERLEAVE,
    PINNED_ONLY,
    REPLAY,
    SCHEDULES,
    SECONDS,
    SKIP,
    TOO_LONG,
)
from .._results import Results, Rows


def write_tests(terminal: pytest.TerminalReporter, results: Results, verbosity: int) -> None:
    """Write a line for each test that needs attention; with `-v`, one for each test."""
    rows = results.tests
    if not rows:
        return
    shown = rows if verbosity > 0 else [row for row in rows if _needs_attention(row)]
    if terminal.config.pluginmanager.has_plugin("dsession"):
        # With pytest-xdist nothing is collected here, so that the header could not show it.
        terminal.write_line(f"seed {results.seed}")
    for row in shown:
        terminal.write_line(line_of(row))
    if len(shown) < len(rows):
        terminal.write_line(_rest_of(rows, shown))


#: Endings of a search that need no attention. Tests that are too long for a suite are reported with the suite.
_ENDED = (SCHEDULES, SECONDS, EXHAUSTED, SKIP, EXPECTED_FAILURE, PINNED_ONLY, TOO_LONG)


def _needs_attention(row: dict[str, Any]) -> bool:
    """Whether the test needs attention: it has a finding, is nondeterministic, or its search was cut short."""
    ended = row["_ended_by"] in _ENDED
    complete = row.get("shards_run") == row.get("shards")
    return any((row["finding"] is not None, row["lost"] is not None, not row["repeatable"], not ended, not complete))


def _rest_of(rows: Rows, shown: Rows) -> str:
    """Return one line on all tests that have no line of their own."""
    rest = [row for row in rows if not any(row is other for other in shown)]
    exhausted = sum(row["exhausted"] for row in rest)
    count = f"{len(rest)} {'other ' if shown else ''}test{'' if len(rest) == 1 else 's'}"
    schedules = sum(row["schedules"] for row in rest)
    return (
        f"{count}: {schedules} schedule{'' if schedules == 1 else 's'}, nothing found; {exhausted} of {len(rest)} "
        "exhausted (-v has each of them)"
    )


def line_of(row: Mapping[str, Any]) -> str:
    """Return the line on one test: its schedules, how many are distinct, the time they took, and what ended it."""
    schedules = row["schedules"]
    text = (
        f"{row['nodeid']}: {schedules} schedule{'' if schedules == 1 else 's'}{_shards_of(row)}, "
        f"{row['distinct']} distinct, {row['seconds']:.2f} s"
    )
    if "shards" in row:
        text += " in all"
    finding = row["finding"]
    if not row["repeatable"]:
        text += ", nondeterministic"
    if finding is not None:
        return f"{text}: {finding['kind']}"
    ended_by = row["_ended_by"]
    if row["lost"] is not None:
        whose = "the token's schedule" if ended_by == REPLAY else "a pinned schedule"
        return f"{text} ({whose} no longer fits)"
    if ended_by == PINNED_ONLY:
        return f"{text} (pinned, and no others)"
    if ended_by == SECONDS:
        counted = f"{schedules} of {row['_planned']} schedules"
        return f"{text} (stopped after {row['_limit']:g} s, {counted}); {row['coverage']['text']}"
    if ended_by == NOTHING_TO_INTERLEAVE:
        return f"{text} ({row['coverage']['text']})"
    if ended_by == TOO_LONG:
        return f"{text} (too long to be explored)"
    if ended_by == INTERRUPTED:
        return f"{text} (interrupted, of {row['_planned']})"
    if ended_by == FIXTURES:
        return f"{text} (a fixture failed, of {row['_planned']})"
    if ended_by == REPLAY:
        return f"{text} (the token's schedule; nothing found)"
    return f"{text}; {row['coverage']['text']}"


def _shards_of(row: Mapping[str, Any]) -> str:
    if "shards" not in row:
        return ""
    ran, shards = row["shards_run"], row["shards"]
    return f" in {shards} shards" if ran == shards else f" in {ran} of {shards} shards"

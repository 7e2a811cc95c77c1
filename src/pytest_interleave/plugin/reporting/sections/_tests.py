"""A line for each test that needs attention, and one for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ...running._ended_by import (
    EXHAUSTED,
    EXPECTED_FAILURE,
    FIXTURES,
    INTERRUPTED,
    PINNED_ONLY,
    REPLAY,
    SCHEDULES,
    SECONDS,
    SKIP,
    TOO_LONG,
)
from ...settings._options import STEPS_OF_SUITE
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
    # Otherwise the section below the traceback has the command; with "line", old versions of pytest do not show it.
    commands = terminal.config.option.tbstyle in ("no", "line")
    for row in shown:
        terminal.write_line(line_of(row))
        if commands and row["outcome"] == "failed" and row["_command"] is not None:
            terminal.write_line(f"  {row['_command']}")
    if len(shown) < len(rows):
        terminal.write_line(_rest_of(rows, shown))


#: Endings of a search that need no attention. Tests that are too long for a suite are reported with the suite.
_ENDED = (SCHEDULES, SECONDS, EXHAUSTED, SKIP, EXPECTED_FAILURE, PINNED_ONLY, TOO_LONG)
#: Endings that the figures name, as the search was cut short.
_CUT_SHORT = {INTERRUPTED: "interrupted", FIXTURES: "fixture error"}


def _needs_attention(row: Mapping[str, Any]) -> bool:
    """Whether the test failed, has a finding, is nondeterministic, or its search was cut short."""
    failed = row["outcome"] == "failed" or row["finding"] is not None or row["lost"] is not None
    complete = row.get("shards_run") == row.get("shards")
    return failed or not row["repeatable"] or row["_ended_by"] not in _ENDED or not complete


def _rest_of(rows: Rows, shown: Rows) -> str:
    """Return one line on all tests that have no line of their own."""
    rest = [row for row in rows if not any(row is other for other in shown)]
    outcomes = Counter(str(row["outcome"]) for row in rest)
    tests = _many(len(rest), "other test" if shown else "test")
    if len(outcomes) == 1:
        tests = f"{tests} {rest[0]['outcome']}"
    else:
        counted = sorted(outcomes.items(), key=lambda counted: (counted[0] != "passed", counted[0]))
        tests += f" ({', '.join(f'{count} {outcome}' for outcome, count in counted)})"
    schedules = _many(sum(row["schedules"] for row in rest), "schedule")
    exhaustive = sum(row["exhaustive"] for row in rest)
    return f"{tests}: {schedules}, {exhaustive} exhaustive (-v lists {'it' if len(rest) == 1 else 'them'})"


def line_of(row: Mapping[str, Any]) -> str:
    """Return the line on one test: its outcome, what was found or covered, and the figures in brackets."""
    return f"{row['outcome'].upper()} {row['nodeid']}  {text_of(row)}"


def text_of(row: Mapping[str, Any]) -> str:
    """Return the line without the outcome and the name of the test."""
    return f"{_what(row)} ({', '.join(_figures(row))})"


def _what(row: Mapping[str, Any]) -> str:
    """Return what was found in a test; if nothing was, how much of it was run."""
    from ....pages import EXPECTED, found_in

    ended_by, outcome = row["_ended_by"], row["outcome"]
    if row["finding"] is not None:
        return found_in(row)
    if row["lost"] is not None:
        which = "the token's schedule" if ended_by == REPLAY else "a pinned schedule"
        return f"{which} cannot be replayed: the code may have changed"
    if ended_by == REPLAY:
        if outcome == "passed":
            return "replayed: this schedule passes; run the test without the token to check the others"
        return f"replayed: {outcome}"
    what = str(row["coverage"]["text"])
    if ended_by == TOO_LONG:
        what = f"more than {STEPS_OF_SUITE:,} steps"
    elif ended_by == PINNED_ONLY:
        what = "pinned schedules only"
    if outcome == "xfailed":
        return f"{EXPECTED}; {what}"
    return f"no finding; {what}" if outcome == "failed" and ended_by not in _CUT_SHORT else what


def _figures(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the number of schedules, what cut them short, and the time they took."""
    ended_by = row["_ended_by"]
    schedules = row["schedules"]
    of_planned = f"{schedules:,} of {_many(row['_planned'], 'schedule')}"
    if row["finding"] is not None:
        yield _found_at(row)
    elif ended_by in _CUT_SHORT:
        yield f"{_CUT_SHORT[ended_by]} at {of_planned}"
    elif ended_by == SECONDS:
        yield f"stopped after {row['_limit']:g} s"
        yield of_planned
    else:
        yield _many(schedules, "schedule")
    yield from _shards_of(row)
    if row["finding"] is None:
        if row["coverage"]["status"] == "bounded":
            # Here the coverage does not say it.
            yield f"{row['distinct']:,} distinct"
        if ended_by != SECONDS and ended_by not in _CUT_SHORT:
            yield f"{row['seconds']:.2f} s"
    if not row["repeatable"]:
        yield "nondeterministic"


def _found_at(row: Mapping[str, Any]) -> str:
    """Return the schedule that failed, and how many there may be of them, if that is known."""
    if row["_ended_by"] == REPLAY:
        return "replayed"
    if "shards" in row:
        # Only the number of schedules of all shards together is known.
        return f"schedule {row['found_at']:,} of its shard"
    if row["marker"] == "interleaving":
        # There are pinned schedules only.
        return f"schedule {row['found_at']:,}"
    return f"schedule {row['found_at']:,} of up to {row['_planned']:,}"


def _shards_of(row: Mapping[str, Any]) -> Iterator[str]:
    if "shards" in row:
        ran, shards = row["shards_run"], row["shards"]
        yield f"{shards} shards" if ran == shards else f"{ran} of {shards} shards"


def _many(count: int, what: str) -> str:
    """Return a count with its unit, such as "1 schedule"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"

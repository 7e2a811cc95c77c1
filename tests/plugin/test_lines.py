"""The lines of the summary, and what JSON and JUnit have, of rows made by hand."""

from __future__ import annotations

import json

import pytest

from pytest_interleave.plugin.reporting._audit import Audit
from pytest_interleave.plugin.reporting._figures import properties
from pytest_interleave.plugin.reporting._report_files import write_json
from pytest_interleave.plugin.reporting._results import Results
from pytest_interleave.plugin.reporting.sections._stress_table import stress_lines
from pytest_interleave.plugin.reporting.sections._tests import _rest_of, line_of
from tests.pages import stress_rows

BUG = "Lost update on Account.balance"


def row(outcome="passed", ended_by="exhaustive", text="exhaustive: all 2 interleavings", **more):
    return {
        "nodeid": "t",
        "marker": "concurrency",
        "outcome": outcome,
        "schedules": 22,
        "distinct": 2,
        "exhaustive": ended_by == "exhaustive",
        "coverage": {"status": "exhaustive" if ended_by == "exhaustive" else "sampled", "text": text, "shares": True},
        "found_at": None,
        "seconds": 0.02,
        "repeatable": True,
        "finding": None,
        "lost": None,
        "_ended_by": ended_by,
        "_planned": 200,
        "_limit": 5.0,
        "_suite": False,
        **more,
    }


def found(outcome="failed", ended_by="finding", found_at=2, bug=BUG, **more):
    finding = {"kind": "test failure", "bug": bug, "token": "AQ"}
    return row(outcome, ended_by, found_at=found_at, finding=finding, **more)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (found(), "FAILED t  lost update on Account.balance (schedule 2 of up to 200)"),
        (found(bug=None), "FAILED t  test failure (schedule 2 of up to 200)"),
        (
            found(repeatable=False),
            "FAILED t  lost update on Account.balance (schedule 2 of up to 200, nondeterministic)",
        ),
        (found("xfailed"), "XFAILED t  expected failure: lost update on Account.balance (schedule 2 of up to 200)"),
        (found("xfailed", bug=None), "XFAILED t  expected failure: test failure (schedule 2 of up to 200)"),
        (found(ended_by="replay"), "FAILED t  lost update on Account.balance (replayed)"),
        (found(marker="interleaving"), "FAILED t  lost update on Account.balance (schedule 2)"),
        (
            found(shards=4, shards_run=3),
            "FAILED t  lost update on Account.balance (schedule 2 of its shard, 3 of 4 shards)",
        ),
        (row(), "PASSED t  exhaustive: all 2 interleavings (22 schedules, 0.02 s)"),
        (row(schedules=1), "PASSED t  exhaustive: all 2 interleavings (1 schedule, 0.02 s)"),
        (row(shards=4, shards_run=4), "PASSED t  exhaustive: all 2 interleavings (22 schedules, 4 shards, 0.02 s)"),
        (
            row(coverage={"status": "bounded", "text": "all schedules with up to 1 preemption"}),
            "PASSED t  all schedules with up to 1 preemption (22 schedules, 2 distinct, 0.02 s)",
        ),
        (
            row(ended_by="seconds", text="sampled: …", schedules=159),
            "PASSED t  sampled: … (stopped after 5 s, 159 of 200 schedules)",
        ),
        (
            row(ended_by="nothing to interleave", text="nothing to interleave", schedules=1),
            "PASSED t  nothing to interleave (1 schedule, 0.02 s)",
        ),
        (row("skipped", "too long", schedules=1), "SKIPPED t  more than 20,000 steps (1 schedule, 0.02 s)"),
        (
            row("interrupted", "interrupted", "sampled: …", schedules=12),
            "INTERRUPTED t  sampled: … (interrupted at 12 of 200 schedules)",
        ),
        (
            row("failed", "interrupted", "sampled: …", schedules=12),
            "FAILED t  sampled: … (interrupted at 12 of 200 schedules)",
        ),
        (
            row("failed", "fixtures", "sampled: …", schedules=12),
            "FAILED t  sampled: … (fixture error at 12 of 200 schedules)",
        ),
        (
            row("failed", "pinned", lost="the code has changed", schedules=1),
            "FAILED t  a pinned schedule cannot be replayed: the code may have changed (1 schedule, 0.02 s)",
        ),
        (
            row("failed", "replay", lost="the code has changed", schedules=1),
            "FAILED t  the token's schedule cannot be replayed: the code may have changed (1 schedule, 0.02 s)",
        ),
        (row(ended_by="pinned", schedules=2), "PASSED t  pinned schedules only (2 schedules, 0.02 s)"),
        (
            row(ended_by="replay", schedules=1),
            "PASSED t  replayed: this schedule passes; run the test without the token to check the others "
            "(1 schedule, 0.02 s)",
        ),
        (row("skipped", "replay", schedules=1), "SKIPPED t  replayed: skipped (1 schedule, 0.02 s)"),
        # Of a test that is marked `xfail(strict=True)` and passes, for example.
        (row("failed"), "FAILED t  no finding; exhaustive: all 2 interleavings (22 schedules, 0.02 s)"),
        (row("xpassed"), "XPASSED t  exhaustive: all 2 interleavings (22 schedules, 0.02 s)"),
        (
            row("xfailed", "expected failure", "sampled: …", schedules=1),
            "XFAILED t  expected failure; sampled: … (1 schedule, 0.02 s)",
        ),
    ],
)
def test_line(row, line):
    assert line_of(row) == line


@pytest.mark.parametrize(
    ("rest", "shown", "line"),
    [
        ([row()], [found()], "1 other test passed: 22 schedules, 1 exhaustive (-v lists it)"),
        ([row(), row()], [], "2 tests passed: 44 schedules, 2 exhaustive (-v lists them)"),
        ([row(schedules=1, exhaustive=False)], [], "1 test passed: 1 schedule, 0 exhaustive (-v lists it)"),
        ([row("skipped")], [], "1 test skipped: 22 schedules, 1 exhaustive (-v lists it)"),
        (
            [row("skipped"), row("xpassed"), row()],
            [found()],
            "3 other tests (1 passed, 1 skipped, 1 xpassed): 66 schedules, 3 exhaustive (-v lists them)",
        ),
    ],
)
def test_line_of_the_rest(rest, shown, line):
    assert _rest_of([*shown, *rest], shown) == line


def of_suite(simplest=None, **more):
    if simplest is None:
        return row("failed", _suite=True, **more)
    return found(_suite=True, **more) | {"finding": {"kind": "test failure", "simplest": simplest}}


@pytest.mark.parametrize("count", [1, 2])
def test_lines_of_a_suite(count):
    alike = row(coverage={"status": "exhaustive", "text": "", "shares": False}, _suite=True)
    rows = [
        of_suite("workers interleaved"),
        of_suite("workers one after another"),
        of_suite("one worker"),
        of_suite(),
        alike,
    ] * count
    audit = Audit.of(4, rows, [(f"t{number}", "asyncio") for number in range(count)])
    first, *others = audit.lines(verbose=False)
    assert first == f"suite with 4 workers per test: {5 * count} run, {4 * count} failed, {count} skipped"
    if count == 1:
        assert others == [
            "  1 race: fails only when workers interleave",
            "  1 shared-state failure: fails when run twice in a row",
            "  1 ordinary failure: fails with one worker",
            "  1 other failure: cause not narrowed down",
            "  1 passed without sharing data (says nothing about thread safety)",
            "  1 skipped: asyncio",
        ]
    else:
        assert others == [
            "  2 races: fail only when workers interleave",
            "  2 shared-state failures: fail when run twice in a row",
            "  2 ordinary failures: fail with one worker",
            "  2 other failures: cause not narrowed down",
            "  2 passed without sharing data (says nothing about thread safety)",
            "  2 skipped: asyncio",
        ]
    assert "    t0" in audit.lines(verbose=True)


@pytest.mark.parametrize(
    ("outcome", "line"),
    [("failed", "test_it: 2 of 2 threads hung"), ("xfailed", "test_it: expected failure: 2 of 2 threads hung")],
)
def test_what_a_stress_run_missed(outcome, line):
    lines = stress_lines([stress_rows.run("test_it", outcome=outcome, missed=["2 of 2 threads hung"])], 100)
    assert lines[-1] == (line, outcome == "failed")


def test_the_bug_is_in_the_json_report(tmp_path):
    path = tmp_path / "report.json"
    write_json(str(path), Results(0, tests=[found(), found(bug=None)]))
    known, unknown = json.loads(path.read_text("utf-8"))["tests"]
    assert known["finding"]["bug"] == BUG
    assert unknown["finding"]["bug"] is None
    assert not any(key.startswith("_") for key in known)


def test_the_bug_is_a_property_in_junit():
    assert properties(found("xfailed")) == [
        ("interleave_schedules", 22),
        ("interleave_coverage", "exhaustive: all 2 interleavings"),
        ("interleave_status", "sampled"),
        ("interleave_finding", "test failure"),
        ("interleave_bug", BUG),
        ("interleave_token", "AQ"),
    ]
    for unknown in (found(bug=None), found() | {"finding": {"kind": "test failure", "token": "AQ"}}):
        assert "interleave_bug" not in dict(properties(unknown))
    assert [name for name, _ in properties(row())] == [
        "interleave_schedules", "interleave_coverage", "interleave_status",
    ]  # fmt: skip

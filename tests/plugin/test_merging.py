"""The figures of a test's shards, put together."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_interleave.control import Uncontrolled, UncontrolledPart
from pytest_interleave.explore import Classes, Coverage
from pytest_interleave.plugin.reporting._merging import merged, row_without_figures


def part(shard, classes, *, of=3, nodeid="test_it.py::test_it", coverage=None, found_at=None, **more):
    """The row of a shard that has run these classes, each so often."""
    coverage = coverage or Coverage("sampled", len(classes))
    return {
        "nodeid": nodeid,
        "marker": "concurrency",
        "outcome": "passed" if found_at is None else "failed",
        "schedules": sum(classes.values()),
        "distinct": len(classes),
        "exhaustive": coverage.status == "exhaustive",
        "coverage": coverage.as_json(),
        "found_at": found_at,
        "strategy": "auto",
        "seconds": 0.5,
        "finding": None if found_at is None else {"kind": "deadlock", "token": f"of {shard}"},
        "repeatable": True,
        "lost": None,
        "_ended_by": "schedules",
        "_planned": 100,
        "_remembered": {},
        "_warnings": [],
        "_shard": shard,
        "_shards": of,
        "_classes": {f"{found:x}": count for found, count in classes.items()},
        **more,
    }


FILE = Uncontrolled("file", "file data.json", (UncontrolledPart("worker-0", "written", "shop.py:12"),))
THREAD = Uncontrolled("thread", "thread pool-0", (UncontrolledPart("", "started by a fixture", ""),))


def uncertain_as(*reasons):
    return Coverage("sampled", 1, uncontrolled=reasons)


def exhaustive(classes, **more):
    return part(1, classes, coverage=Coverage("exhaustive", len(classes)), _ended_by="exhaustive", **more)


def together(*parts):
    (row,) = merged(list(parts))
    return row


def test_rows_of_whole_tests_stay_as_they_are():
    rows = [{"nodeid": "a", "outcome": "passed"}, {"nodeid": "b"}, {"nodeid": "a", "outcome": "failed"}]
    assert merged(rows) == rows
    assert merged([]) == []


def test_figures_add_up_and_classes_are_united():
    row = together(part(2, {1: 2, 2: 1}), part(3, {2: 4}), part(1, {3: 1, 1: 1}))
    assert (row["schedules"], row["distinct"], row["seconds"], row["_planned"]) == (9, 3, 1.5, 300)
    assert (row["shards"], row["shards_run"], row["outcome"]) == (3, 3, "passed")
    left = {key for key in row if key.startswith("_")}
    assert left == {"_ended_by", "_planned", "_remembered", "_warnings"}
    json.dumps(row)


def test_tests_keep_their_order_and_stay_apart():
    rows = [
        part(1, {1: 1}, nodeid="b"),
        {"nodeid": "whole"},
        part(2, {1: 1}, nodeid="a"),
        part(2, {2: 1}, nodeid="b"),
    ]
    assert [(row["nodeid"], row.get("schedules")) for row in merged(rows)] == [("b", 2), ("whole", None), ("a", 1)]


def test_putting_together_twice_is_as_once():
    once = merged([part(1, {1: 1}), part(2, {2: 1})])
    assert merged(list(once)) == once


def test_the_finding_that_came_first_is_shown():
    row = together(part(1, {1: 30}), part(2, {1: 20}, found_at=20), part(3, {1: 7}, found_at=7, _extra="kept"))
    assert (row["outcome"], row["found_at"], row["finding"]["token"]) == ("failed", 7, "of 3")
    assert row["_extra"] == "kept"
    row = together(part(2, {1: 7}, found_at=7), part(1, {1: 7}, found_at=7))
    assert row["finding"]["token"] == "of 1"
    row = together(part(1, {1: 2}, found_at=2, outcome="xfailed"), part(2, {1: 7}, found_at=7))
    assert row["finding"]["token"] == "of 2"


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (["passed", "failed", "skipped"], "failed"),
        (["xpassed", "xfailed", "xpassed"], "xfailed"),
        (["passed", "skipped", "passed"], "skipped"),
        (["xpassed", "xpassed", "xpassed"], "xpassed"),
    ],
)
def test_outcomes(outcomes, outcome):
    parts = [part(number, {1: 1}, outcome=one) for number, one in enumerate(outcomes, 1)]
    assert together(*parts)["outcome"] == outcome


def test_exhaustive_where_one_shard_has_proved_it():
    row = together(part(2, {1: 40, 2: 60}), exhaustive({1: 3, 2: 1, 3: 1}), part(3, {2: 10}, _ended_by="seconds"))
    assert row["exhaustive"]
    assert row["coverage"]["text"] == "exhaustive: all 3 interleavings"
    assert row["_ended_by"] == "exhaustive"


def test_not_exhaustive_where_another_shard_knows_a_class_that_the_search_does_not():
    row = together(exhaustive({1: 3, 2: 1}), part(2, {1: 40, 3: 1}))
    assert not row["exhaustive"]
    assert row["coverage"]["status"] == "sampled"


def test_not_exhaustive_where_something_was_out_of_control():
    assert together(exhaustive({1: 12}), part(2, {1: 4}))["exhaustive"]
    uncertain = part(2, {1: 4}, coverage=Coverage("sampled", 1, uncontrolled=(FILE,)))
    row = together(exhaustive({1: 12}), uncertain, part(3, {1: 1}, coverage=uncertain_as(FILE, THREAD)))
    assert not row["exhaustive"]
    assert row["coverage"]["uncontrolled"] == [FILE.as_json(), THREAD.as_json()]
    assert row["coverage"]["text"] == f"sampled: 1 distinct interleaving seen; not controlled: {FILE}; {THREAD}"


def test_nothing_interleaved_where_that_is_so_in_all_shards():
    none = part(1, {1: 1}, coverage=Coverage("nothing_interleaved", 1))
    assert together(none, dict(none, _shard=2))["coverage"]["status"] == "nothing_interleaved"
    assert together(none, part(2, {2: 3}))["coverage"]["status"] == "sampled"


def test_two_halves_are_not_the_whole():
    halves = [exhaustive({1: 3}), part(2, {2: 3}, coverage=Coverage("exhaustive", 1))]
    assert not together(*halves)["exhaustive"]


def test_few_preemptions():
    bounded = part(1, {1: 1, 2: 1}, coverage=Coverage("bounded", 2, 1))
    row = together(bounded, part(2, {3: 1}))
    assert (row["coverage"]["status"], row["coverage"]["preemptions"]) == ("bounded", 1)
    assert row["coverage"]["text"] == "all schedules with up to 1 preemption"
    row = together(bounded, part(2, {3: 1}, coverage=Coverage("bounded", 1, 2)))
    assert row["coverage"]["preemptions"] == 2
    assert together(bounded, part(2, {3: 1}, coverage=uncertain_as(FILE)))["coverage"]["preemptions"] is None


def test_what_any_shard_says_is_said_of_the_test():
    row = together(
        part(1, {1: 3}, _remembered={"AA": True, "BB": False}, _warnings=["one", "two"]),
        part(2, {1: 3}, _remembered={}, _warnings=["two", "three"], repeatable=False),
    )
    assert row["_remembered"] == {"AA": True, "BB": False}
    assert row["_warnings"] == ["one", "two", "three"]
    assert not row["repeatable"]


def test_time_in_any_shard():
    row = together(exhaustive({1: 3}), part(2, {1: 3}, coverage=Coverage("sampled", 1, timed=True)))
    assert row["coverage"]["text"].startswith("exhaustive: 1 interleaving, since all conflicting steps have ")
    assert row["coverage"]["text"].endswith(", assuming no sleep or timeout ends early")


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        (["schedules", "seconds", "schedules"], "seconds"),
        (["schedules", "seconds", "interrupted"], "interrupted"),
        (["nothing to interleave"] * 3, "nothing to interleave"),
        (["fixtures", "seconds", "schedules"], "fixtures"),
        (["schedules", "finding", "schedules"], "schedules"),
    ],
)
def test_what_ended_them(ends, end):
    parts = [part(number, {1: 1}, _ended_by=one) for number, one in enumerate(ends, 1)]
    assert together(*parts)["_ended_by"] == end


def test_a_shard_without_figures_has_failed():
    lost = row_without_figures("test_it.py::test_it[1][shard-2-of-3]@group")
    row = together(part(1, {1: 2}, nodeid="test_it.py::test_it[1]"), lost)
    assert (row["outcome"], row["schedules"], row["shards"], row["shards_run"]) == ("failed", 2, 3, 1)
    assert merged([lost]) == []
    assert row_without_figures("test_it.py::test_it[1]") is None


def test_what_was_run_in_every_worker_is_not_taken_for_more_of_it():
    """With --dist=each: the same schedules again would look as if there were nothing new."""
    rows = merged([part(1, {1: 1, 2: 1}), part(1, {1: 1, 2: 1}), part(2, {3: 1}), part(2, {3: 1})])
    assert [(row["schedules"], row["distinct"]) for row in rows] == [(3, 3), (3, 3)]


class _Sampled:
    """Proves nothing."""


@settings(max_examples=200, database=None, deadline=None)
@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5), min_size=1, max_size=30), min_size=1))
def test_coverage_is_that_of_all_executions_one_after_the_other(executions):
    whole = Classes()
    parts = []
    for number, found in enumerate(executions, 1):
        one = Classes()
        for each in found:
            one.include({each & 0xFFFF_FFFF_FFFF_FFFF: 1})
            whole.include({each & 0xFFFF_FFFF_FFFF_FFFF: 1})
        parts.append(part(number, one.counts, of=len(executions)))
    said = whole.coverage(_Sampled(), timed=False)
    row = together(*parts)
    assert row["coverage"] == said.as_json()
    assert row["schedules"] == sum(map(len, executions))
    assert row["distinct"] == said.classes


def test_a_lost_pin_is_of_the_first_shard_and_reported_for_the_test():
    row = together(part(1, {1: 1}, lost="it no longer fits", outcome="failed"), part(2, {2: 1}, found_at=3))
    assert row["lost"] == "it no longer fits"
    assert row["finding"] is not None
    assert together(part(1, {1: 1}), part(2, {2: 1}))["lost"] is None

"""The machine-readable report."""

from __future__ import annotations

import platform
import re

import pytest

import pytest_interleave

from .conftest import XDIST
from .sources import DEADLOCK, LOST_UPDATE, OUTCOMES

SOURCE = (
    "pytestmark = pytest.mark.concurrency(schedules=40, seconds=None)\n"
    + LOST_UPDATE.replace("test_it", "test_fails")
    + OUTCOMES
    + DEADLOCK
)

UNMARKED = "\n@pytest.fixture\ndef unused():\n    pass\n"


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_report(run, report, options):
    done = run(SOURCE + UNMARKED, "--interleave-json=report.json", *options)
    done.result.assert_outcomes(failed=2, passed=1, xfailed=1, skipped=2)
    written = report()
    tests = {row["nodeid"].partition("::")[2]: row for row in written.pop("tests")}
    assert written.pop("speedups") == []
    assert written.pop("suite") is None
    assert written == {
        "version": 1,
        "plugin": pytest_interleave.__version__,
        "python": platform.python_version(),
        "seed": 1,
        "exempt": [],
        "stress": [],
    }
    # What pytest never ran has no figures.
    assert set(tests) == {"test_fails", "test_xfails", "test_passes", "test_skips", "test_deadlock"}
    for name, row in tests.items():
        assert list(row) == [
            "nodeid",
            "marker",
            "outcome",
            "schedules",
            "distinct",
            "exhaustive",
            "coverage",
            "found_at",
            "strategy",
            "seconds",
            "repeatable",
            "finding",
            "lost",
        ]
        assert row["nodeid"] == f"test_it.py::{name}"
        assert row["marker"] == "concurrency"
        coverage = row["coverage"]
        assert row["exhaustive"] is (coverage["status"] == "exhaustive") is (name in ("test_passes", "test_skips"))
        assert coverage["interleavings"] == row["distinct"]
        assert 1 <= row["distinct"] <= row["schedules"] <= 40
        assert 0 < row["seconds"] < 60
    outcomes = {name: row["outcome"] for name, row in tests.items()}
    assert outcomes == {
        "test_fails": "failed",
        "test_xfails": "xfailed",
        "test_passes": "passed",
        "test_skips": "skipped",
        "test_deadlock": "failed",
    }
    for name in ("test_passes", "test_skips"):
        assert (tests[name]["found_at"], tests[name]["finding"]) == (None, None)
        assert tests[name]["strategy"] == "auto"
    assert tests["test_passes"]["coverage"] == {
        "status": "exhaustive",
        "interleavings": 4,
        "preemptions": None,
        "chance_of_new": None,
        "estimated_interleavings": None,
        "timed": False,
        "shares": True,
        "explored_steps": None,
        "early_timeouts": False,
        "uncontrolled": [],
        "text": "exhaustive: all 4 interleavings",
    }
    for name, kind in (("test_fails", "test failure"), ("test_deadlock", "deadlock")):
        row = tests[name]
        assert 1 <= row["found_at"] == row["schedules"]
        finding = row["finding"]
        assert list(finding) == [
            "kind",
            "bug",
            "message",
            "help",
            "token",
            "preemptions",
            "shrunk_from",
            "shrink_seconds",
            "story",
            "repeatable",
            "needs",
        ]
        assert finding["kind"] == kind
        assert finding["token"] in done.text
        assert finding["preemptions"] == 1 <= finding["shrunk_from"]
        assert finding["repeatable"] is row["repeatable"] is True
        assert "worker-0" in done.text and "worker-1" in done.text
    assert tests["test_fails"]["finding"]["story"] == (
        "worker-0 reads 0 at test_it.py:14; worker-1 writes 0 -> 1 at test_it.py:15; "
        "worker-0 writes 1 -> 1 at test_it.py:15."
    )
    # The message has it all.
    assert tests["test_deadlock"]["finding"]["story"] is None
    assert tests["test_fails"]["finding"]["message"].startswith("AssertionError: assert 1 == 2")
    assert tests["test_deadlock"]["finding"]["message"].startswith("Deadlock: lock-order inversion between Lock #1 and")
    assert tests["test_xfails"]["finding"]["kind"] == "test failure"
    assert tests["test_fails"]["finding"]["help"] == (
        "make read and write one atomic step: hold one lock from test_it.py:14 to 15"
    )
    assert [tests[name]["finding"]["bug"] for name in ("test_fails", "test_xfails", "test_deadlock")] == [
        "Lost update on Counter.value",
        "Lost update on Counter.value",
        "Deadlock: lock-order inversion between Lock #1 and Lock #2",
    ]


def test_summary_lines_stand_in_the_controller(run):
    done = run(SOURCE, *XDIST)
    assert len(re.findall(r"^\w+ test_it\.py::\w+  ", done.text, re.MULTILINE)) == 5


def test_xpass_and_a_strict_one(run, report):
    run(
        """
pytestmark = pytest.mark.concurrency(schedules=3, seconds=None)

@pytest.mark.xfail
def test_xpasses(run_concurrent):
    run_concurrent(int)

@pytest.mark.xfail(strict=True)
def test_strict(run_concurrent):
    run_concurrent(int)
""",
        "--interleave-json=report.json",
    )
    assert [row["outcome"] for row in report()["tests"]] == ["xpassed", "failed"]


def test_a_run_without_marked_tests_writes_an_empty_report(run, report):
    run("def test_it():\n    pass\n", "--interleave-json=report.json").result.assert_outcomes(passed=1)
    assert report()["tests"] == []


def test_an_older_report_is_replaced(run, report, pytester):
    pytester.path.joinpath("report.json").write_text("{")
    run("def test_it():\n    pass\n", "--interleave-json=report.json")
    assert report()["version"] == 1
    assert sorted(path.name for path in pytester.path.glob("report*")) == ["report.json"]

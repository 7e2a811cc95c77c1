"""The tracker, tested as its reader tests it: the fixed version passes, and of the buggy one everything is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.thorough import some

from .test_examples import EXAMPLES, run

pytestmark = pytest.mark.usefixtures("forget_bytecode")

FOLDER = EXAMPLES / "tracker"

#: What is found in the buggy version of each part, and a text that is printed of it.
FINDINGS = {
    "test_archive.py::test_one_epic_goes_while_another_returns": (
        "thread exception",
        "Deadlock: circular wait on database archive.db and database tracker.db",
    ),
    "test_database.py::test_a_deleted_epic_leaves_no_task": ("test failure", "more thing"),
    "test_database.py::test_a_rollback_is_that_of_one_thread": (
        "thread exception",
        "Race condition on a connection to tracker.db",
    ),
    "test_database.py::test_a_thread_that_waits_too_long_gets_an_error": ("thread exception", "DID NOT RAISE"),
    "test_database.py::test_writers_wait_for_each_other": (
        "thread exception",
        "Database tracker.db is locked: worker-",
    ),
    "test_durations.py::test_a_new_definition_counts": (None, "durations.py"),
    "test_durations.py::test_parse": ("thread exception", "KeyError"),
    "test_journal.py::test_lines_are_whole": ("test failure", "Atomicity violation on lines.log"),
    "test_journal.py::test_no_line_is_lost": ("test failure", "Lost update on self._pending"),
    "test_projects.py::test_a_finished_epic_has_no_open_task": (
        "test failure",
        "Check-then-act race on table epic in tracker.db",
    ),
    "test_projects.py::test_finish_while_the_journal_is_archived": (
        "deadlock",
        "lock-order inversion between",
    ),
    "test_projects.py::test_no_time_is_lost": ("test failure", "Lost update on table task in tracker.db"),
    "test_projects.py::test_one_epic_a_name": ("test failure", "Check-then-act race on table epic in tracker.db"),
    "test_sessions.py::test_a_returning_user_keeps_the_session": (
        "test failure",
        "Lost update on table session in tracker.db",
    ),
}


def outcome(*options: str, report: Path) -> tuple[int, str, dict[str, Any]]:
    """Exit status, what was printed, and the report."""
    result = run(
        "-m", "pytest", "-p", "no:cacheprovider", f"--interleave-json={report}", "--tb=short", *options, folder=FOLDER
    )
    return result.returncode, result.stdout, json.loads(report.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", some([0, 1, 2], 1))
def test_fixed_version_passes_and_nothing_is_warned_of(seed: int, tmp_path: Path) -> None:
    status, printed, report = outcome(
        "-k", "fixed", f"--interleave-seed={seed}", "-W", "error", report=tmp_path / "report.json"
    )
    assert status == 0, printed
    assert {test["nodeid"].removesuffix("[fixed]") for test in report["tests"]} == set(FINDINGS)
    for test in report["tests"]:
        assert (test["outcome"], test["finding"], test["repeatable"]) == ("passed", None, True), test
        # Else it would have been run once: nothing could be interleaved.
        assert test["distinct"] >= 2
    assert {run["name"]: (run["success_rate"], run["operations"]) for run in report["stress"]} == {
        "busy day": (1, 200),
        "imports": (1, 80),
        "requests": (1, 1000),
    }


@pytest.mark.parametrize("seed", some([0, 1, 2], 1))
def test_everything_is_found_in_the_buggy_version(seed: int, tmp_path: Path) -> None:
    status, printed, report = outcome("-k", "buggy", f"--interleave-seed={seed}", report=tmp_path / "report.json")
    assert status == 1, printed
    found = {test["nodeid"].removesuffix("[buggy]"): test["finding"] for test in report["tests"]}
    assert set(found) == set(FINDINGS)
    for nodeid, (kind, text) in FINDINGS.items():
        finding = found[nodeid]
        assert finding is not None, nodeid
        assert kind in (None, finding["kind"]), nodeid
        assert finding["repeatable"], nodeid
        _, _, section = printed.partition(f"_ {nodeid.partition('::')[2]}[buggy] _")
        assert text in section.partition("Replay this schedule:")[0], nodeid


def test_what_real_threads_show_of_the_buggy_version(tmp_path: Path) -> None:
    status, printed, report = outcome("-k", "buggy", "test_load.py", report=tmp_path / "report.json")
    assert status == 1, printed
    runs = {run["name"]: run for run in report["stress"]}
    assert {run["outcome"] for run in runs.values()} == {"failed"}
    assert not any(run["hung"] for run in runs.values())

    assert runs["busy day"]["success_rate"] == 1
    assert "200 * 15" in json.dumps(runs["busy day"]["check_error"])

    for name, message in (("imports", "database is locked"), ("requests", "unable to open database file")):
        assert runs[name]["success_rate"] < 0.95
        assert {(group["type"], group["message"]) for group in runs[name]["errors"]} == {
            ("sqlite3.OperationalError", message)
        }


def test_a_finding_is_shown_again_by_its_token(tmp_path: Path) -> None:
    nodeid = "test_projects.py::test_finish_while_the_journal_is_archived[buggy]"
    report = tmp_path / "report.json"
    _, _, first = outcome(nodeid, "--interleave-seed=0", report=report)
    token = first["tests"][0]["finding"]["token"]
    status, printed, again = outcome(nodeid, f"--interleave-replay={token}", report=report)
    assert status == 1, printed
    assert (again["tests"][0]["schedules"], again["tests"][0]["finding"]["kind"]) == (1, "deadlock")

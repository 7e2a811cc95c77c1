"""Threads that fixtures start, and threads that outlive a test: found what is wrong, and quiet on what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.sessions import session_of
from tests.thorough import some

PROGRAMS = Path(__file__).parent / "threads_besides"
#: What is found in programs that are to fail, where it is not that the body of the test failed.
KINDS = {
    "test_end_of_a_fixture_bad": "teardown failure",
    "test_set_up_bad": "set-up failure",
    "test_end_that_never_ends_bad": "deadlock",
    "test_break_bad": "thread exception",
}


@pytest.fixture(scope="module", params=["of_functions", "of_wider_scopes"])
def session(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "test_it.py").write_text((PROGRAMS / f"{request.param}.py").read_text())
    rows, output = session_of(folder, folder / "report.json", "--interleave-seed=1")
    print(output)
    return {name.rpartition("::")[2]: row for name, row in rows.items()}, output


def test_every_verdict_is_right(session):
    rows, _ = session
    found = {name: row["finding"]["kind"] for name, row in rows.items() if row["finding"] is not None}
    assert found == {name: KINDS.get(name, "test failure") for name in rows if name.endswith("_bad")}
    assert {name for name, row in rows.items() if row["outcome"] != "passed"} == set(found)


def test_threads_are_under_control(session):
    rows, _ = session
    for name, row in rows.items():
        threads = {reason["text"] for reason in row["coverage"]["uncontrolled"] if reason["kind"] == "thread"}
        assert threads == set(), name


def test_nothing_is_warned_of(session):
    _, output = session
    assert "InterleaveWarning: " not in output


@pytest.mark.parametrize("seed", some(range(3), 1))
def test_a_lost_wake_up_between_a_fixture_and_its_test_is_found(tmp_path, seed):
    rows, output = session_of(
        PROGRAMS.parent / "trust" / "fixture_thread.py", tmp_path / "report.json", f"--interleave-seed={seed}"
    )
    print(output)
    (row,) = rows.values()
    assert row["finding"]["kind"] == "deadlock"
    assert row["finding"]["repeatable"]
    again, _ = session_of(
        PROGRAMS.parent / "trust" / "fixture_thread.py",
        tmp_path / "replayed.json",
        f"--interleave-replay={row['finding']['token']}",
    )
    (replayed,) = again.values()
    assert replayed["finding"]["kind"] == "deadlock"

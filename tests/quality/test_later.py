"""Methods written in C that are handed over, and that a thread calls later: each bug is found."""

from __future__ import annotations

from pathlib import Path

from .later_programs import LATER
from .sessions import rows_of

SOURCE = Path(__file__).with_name("later_programs.py")


def test_each_call_is_a_step(tmp_path):
    rows = rows_of(SOURCE, tmp_path / "report.json", "--tb=line", "--interleave-seed=1", "-Wignore")
    bugs = {name: row for name, row in rows.items() if name.startswith(("test_later[", "test_by_the"))}
    assert len(bugs) == len(LATER) + 6
    missed = {name: row["coverage"]["text"] for name, row in bugs.items() if row["finding"] is None}
    assert missed == {}
    assert {row["finding"]["kind"] for row in bugs.values()} == {"test failure"}
    # What only one thread uses is no reason for another schedule.
    others = [row for name, row in rows.items() if name.startswith("test_lists_of_their_own[")]
    assert len(others) == 3
    assert {(row["outcome"], row["schedules"]) for row in others} == {("passed", 1)}

"""Bugs in the use of files are found, in few schedules and with each seed; correct programs pass."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.thorough import some

from .sessions import rows_of

PROGRAMS = Path(__file__).with_name("racy_file_programs.py")
CORRECT = Path(__file__).with_name("correct_programs") / "test_files.py"

#: First lines of reports, for some of the programs.
HEADLINES = {
    "test_lost_mark": "Lost update on state.json",
    "test_torn_read": "Dirty read of state.json by Thread-2",
    "test_check_then_create": "Check-then-act race on cache",
    "test_lock_file_taken_twice": "Check-then-act race on lock",
    "test_flocks_in_opposite_order": "Deadlock: lock-order inversion between file lock a and file lock b",
    "test_announced_steps": "Lost update on store['n']",
}


@pytest.mark.parametrize("seeds", some(["some", "more"], 1))
def test_each_bug_is_found_within_20_schedules(tmp_path, seeds):
    rows = rows_of(PROGRAMS, tmp_path / "report.json", "--tb=no", "-k", f"{seeds}-")
    assert len(rows) >= 22 * (3 if seeds == "some" else 17)
    late = {name: row["found_at"] for name, row in rows.items() if not row["found_at"] or row["found_at"] > 20}
    assert late == {}
    for name, row in rows.items():
        # Nothing is left to chance, so that the token replays.
        assert (row["repeatable"], row["coverage"]["uncontrolled"]) == (True, []), name
        headline = HEADLINES.get(name.partition("[")[0])
        assert headline in (None, row["finding"]["bug"]), name


@pytest.mark.thorough
def test_correct_programs_pass_500_schedules(tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(CORRECT),
            "--interleave-schedules=500", f"--interleave-json={report}",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(report.read_text())["tests"]
    assert len(rows) >= 25
    assert all(row["exhaustive"] or row["schedules"] == 500 or row["seconds"] > 50 for row in rows)

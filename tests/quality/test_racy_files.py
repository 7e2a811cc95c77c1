"""The plugin finds bugs in the use of files, in few schedules and with each seed, and reports name the file."""

from __future__ import annotations

from pathlib import Path

from .sessions import rows_of

PROGRAMS = Path(__file__).with_name("racy_file_programs.py")

#: The first line of the report, or a part of it.
HEADLINES = {
    "test_lost_mark": "lost update on state.json",
}


def test_each_bug_is_found_with_20_seeds_of_20(tmp_path):
    rows = rows_of(PROGRAMS, tmp_path / "report.json", "--tb=no")
    assert len(rows) >= 20 * 20
    missed = {name: row["found_at"] for name, row in rows.items() if not row["found_at"] or row["found_at"] > 20}
    assert missed == {}
    for name, row in rows.items():
        # Nothing is left to chance, so that the token replays.
        assert not row["uncontrolled"], name

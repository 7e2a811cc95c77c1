"""Accesses by functions written in C are seen, whatever they are called by, and under a lock they are no race."""

from __future__ import annotations

from pathlib import Path

import pytest

from .accessor_programs import ACCESSORS
from .sessions import rows_of

SOURCE = Path(__file__).with_name("accessor_programs.py")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(SOURCE, tmp_path_factory.mktemp("accessors") / "report.json", "--tb=line")


def test_races_are_found_within_5_schedules(rows):
    found = {name: row for name, row in rows.items() if name.startswith("test_race[")}
    assert len(found) == len(ACCESSORS)
    assert {name for name, row in found.items() if row["outcome"] != "failed"} == set()
    assert max(row["found_at"] for row in found.values()) <= 5


def test_what_is_locked_is_searched_to_its_end(rows):
    found = {name: row for name, row in rows.items() if name.startswith("test_locked[")}
    assert len(found) == len(ACCESSORS)
    assert {name: row["finding"] for name, row in found.items() if row["outcome"] != "passed"} == {}
    assert {name for name, row in found.items() if not row["exhaustive"]} == set()

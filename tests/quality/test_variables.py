"""Which variable an access concerns: nothing is overlooked, and no method in scope is taken for an access itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from .sessions import rows_of
from .variable_programs import ORDERED, RACES

SOURCE = Path(__file__).with_name("variable_programs.py")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(SOURCE, tmp_path_factory.mktemp("variables") / "report.json", "--tb=line")


def test_methods_in_scope_that_lock_are_no_races(rows):
    found = {name: row for name, row in rows.items() if name.startswith("test_ordered[")}
    assert len(found) == len(ORDERED)
    assert {name: row["finding"] for name, row in found.items() if row["outcome"] != "passed"} == {}


def test_races_are_found_within_5_schedules(rows):
    found = {name: row for name, row in rows.items() if name.startswith("test_race[")}
    assert len(found) == len(RACES)
    assert {name for name, row in found.items() if row["finding"] is None} == set()
    assert {row["finding"]["kind"] for row in found.values()} == {"data race"}
    assert max(row["found_at"] for row in found.values()) <= 5


def test_exhaustive_search_sees_them(rows):
    outcomes = {name: row["outcome"] for name, row in rows.items() if name.endswith(("_is_shared", "_another_file"))}
    assert list(outcomes.values()) == ["failed", "failed"]


def test_classes_are_not_asked_for_equality(rows):
    assert rows["test_classes_that_will_not_be_asked"]["outcome"] == "passed"

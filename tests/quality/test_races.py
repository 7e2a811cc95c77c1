"""Data races: none in programs that are in order, one in each of the same programs without what orders them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .race_programs import PROGRAMS, SEEDS
from .sessions import rows_of

SOURCE = Path(__file__).with_name("race_programs.py")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(SOURCE, tmp_path_factory.mktemp("races") / "report.json", "--tb=line")


def kind(row):
    return None if row["finding"] is None else row["finding"]["kind"]


@pytest.mark.parametrize("how", ["everything", "watched"])
def test_nothing_is_found_where_all_is_in_order(rows, how):
    found = {name: row for name, row in rows.items() if name.startswith(f"test_ordered_{how}[")}
    assert len(found) == len(PROGRAMS)
    assert {name: kind(row) for name, row in found.items() if row["outcome"] != "passed"} == {}
    assert {row["schedules"] for row in found.values()} == {200}


@pytest.mark.parametrize("how", ["everything", "watched"])
def test_without_the_order_there_is_a_race_within_5_schedules(rows, how):
    found = {name: row for name, row in rows.items() if name.startswith(f"test_removed_{how}[")}
    assert len(found) == len(PROGRAMS) * len(SEEDS)
    assert {name: kind(row) for name, row in found.items() if kind(row) != "data race"} == {}
    assert all("Box.value" in row["finding"]["message"] for row in found.values())

"""The plugin finds what it should, in few schedules: every program of `racy_programs.py`, in one session."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from .sessions import rows_of

PROGRAMS = Path(__file__).with_name("racy_programs.py")

KINDS = {
    "race": {"test failure", "thread exception"},
    "exception": {"thread exception"},
    "deadlock": {"deadlock"},
    "livelock": {"livelock"},
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(PROGRAMS, tmp_path_factory.mktemp("finds") / "report.json", "--tb=no")


def schedules_to_find(rows, name):
    found = [row["found_at"] for nodeid, row in rows.items() if nodeid.startswith(f"{name}[")]
    assert len(found) == 20
    return found


def test_every_program_fails_with_its_kind_of_finding(rows):
    assert len(rows) >= 80
    wrong = {}
    for name, row in rows.items():
        kind = None if row["finding"] is None else row["finding"]["kind"]
        if kind not in KINDS[name.split("_")[1]] and not name.startswith("test_race_three"):
            wrong[name] = kind
    assert wrong == {}


def test_counter_within_10_schedules_on_20_seeds_of_20(rows):
    assert max(schedules_to_find(rows, "test_race_counter")) <= 10


def test_abba_within_10_schedules_on_20_seeds_of_20(rows):
    assert max(schedules_to_find(rows, "test_deadlock_abba")) <= 10


def test_three_ordered_preemptions_on_18_seeds_of_20(rows):
    found = [number for number in schedules_to_find(rows, "test_race_three_ordered_preemptions") if number]
    assert len(found) >= 18
    assert statistics.median(found) <= 100


def test_what_can_never_go_on_is_found_in_the_first_schedule(rows):
    for name in (
        "test_deadlock_event_never_set",
        "test_deadlock_pool_starved_by_itself",
        "test_deadlock_barrier_one_short",
        "test_deadlock_lock_taken_twice",
        "test_livelock_flag_that_nobody_sets",
    ):
        assert rows[name]["found_at"] == 1, name


def test_all_others_within_the_default_number_of_schedules(rows):
    numbers = {name: row["found_at"] for name, row in rows.items() if "three" not in name}
    assert all(number is not None and number <= 60 for number in numbers.values()), numbers

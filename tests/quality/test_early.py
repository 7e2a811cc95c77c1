"""Timeouts that expire early: what depends on them is found in few schedules, and what stands them is quiet."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from tests.thorough import some, thorough

from .sessions import rows_of

SOURCE = Path(__file__).with_name("early_programs.py")


@pytest.mark.parametrize("seed", some([1, 2], 1))
def test_bugs_that_need_time_are_found(tmp_path, seed):
    rows = rows_of(SOURCE, tmp_path / "report.json", "--tb=line", "-k", "bad", f"--interleave-seed={seed}")
    assert len(rows) > 20
    assert {name for name, row in rows.items() if row["finding"] is None} == set()
    assert {name for name, row in rows.items() if row["finding"]["needs"] != ["timeouts"]} == set()
    found_at = [row["found_at"] for row in rows.values()]
    assert statistics.median(found_at) <= 35
    assert max(found_at) <= 150


@thorough
def test_they_are_not_found_without(tmp_path):
    options = ("--interleave-schedules=50", "--tb=line", "-k", "bad or fails")
    path = tmp_path / "test_late.py"
    source = SOURCE.read_text().replace('timeouts="explore"', 'timeouts="late"')
    path.write_text(source + "\n\ndef test_fails():\n    raise ValueError\n")
    rows = rows_of(path, tmp_path / "report.json", *options)
    assert {name for name, row in rows.items() if row["outcome"] != "passed" and "bad" in name} == set()


@pytest.mark.parametrize("strategy", some(["auto", "random", "pct"], 1))
def test_what_stands_it_is_quiet(tmp_path, strategy):
    path = tmp_path / "test_good.py"
    path.write_text(SOURCE.read_text() + "\n\ndef test_fails():\n    raise ValueError\n")
    options = ("--tb=short", "-k", "not bad", "--interleave-seed=1", f"--interleave-strategy={strategy}")
    rows = rows_of(path, tmp_path / "report.json", *options)
    assert len(rows) > 9
    assert {name for name, row in rows.items() if row["outcome"] != "passed" and name != "test_fails"} == set()

"""Python code that C code runs in the middle of an operation: an exhaustive search sees what others do meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .sessions import rows_of
from .within_programs import CALLED, CALLERS, CHANGES, OF_LIBRARY, OPERATIONS

SOURCE = Path(__file__).with_name("within_programs.py")


def run(folder, monkeypatch, *, changes):
    monkeypatch.setenv("INTERLEAVE_ENDINGS", str(folder / "endings.json"))
    if changes > 1:
        monkeypatch.setenv("INTERLEAVE_ALL_CHANGES", "1")
    rows = rows_of(SOURCE, folder / "report.json", "--tb=line", "--interleave-seed=1")
    return rows, json.loads((folder / "endings.json").read_text())


@pytest.mark.parametrize("changes", [1, pytest.param(len(CHANGES), marks=pytest.mark.thorough)])
def test_all_endings_are_found(tmp_path, monkeypatch, changes):
    rows, endings = run(tmp_path, monkeypatch, changes=changes)
    searched = [row for name, row in rows.items() if name.startswith("test_exhaustive[")]
    assert len(searched) == len(OPERATIONS) * changes
    assert all(row["exhaustive"] for row in searched)
    missed = {
        name: sorted(set(found) - set(endings["exhaustive"][name]))
        for name, found in endings["random"].items()
        if not set(found) <= set(endings["exhaustive"][name])
    }
    assert missed == {}
    # The list changes while it is sorted.
    assert any("ValueError" in ending for ending in endings["exhaustive"]["sort | insert and pop"])
    # No code in scope calls `sort` itself, or code that is not in scope compares.
    others = {name: row["outcome"] for name, row in rows.items() if name.startswith(("test_no_", "test_co", "test_ca"))}
    assert len(others) == 2 * len(CALLERS) + len(OF_LIBRARY) + len(CALLED) + 1
    assert {name for name, outcome in others.items() if outcome != "failed"} == set()

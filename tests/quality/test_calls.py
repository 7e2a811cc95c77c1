"""Calls that read or write what threads share are seen, or count as not controlled: never as nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_interleave.control.interpreter._affinity import has_gil

from .call_programs import ACCESSES, READS, STATES, UNREAD
from .sessions import rows_of

SOURCE = Path(__file__).with_name("call_programs.py")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return rows_of(SOURCE, tmp_path_factory.mktemp("calls") / "report.json", "--tb=line")


def those(rows, *names):
    return {name: row for name, row in rows.items() if name.startswith(names)}


def test_both_orders_are_run(rows):
    found = those(rows, "test_either_order[", "test_state[")
    assert len(found) == 4 * len(ACCESSES) + 2 * len(STATES)
    if not has_gil():
        # An object dies when the thread that made it comes by, not where the last reference goes.
        found = {name: row for name, row in found.items() if "weak" not in name}
    assert {name for name, row in found.items() if row["outcome"] != "failed"} == set()
    # When what a weak reference refers to dies is known afterwards only, and then left to random schedules.
    assert max(row["found_at"] for name, row in found.items() if "weak" not in name) <= 4


def test_what_is_locked_is_searched_to_its_end(rows):
    found = those(rows, "test_locked[")
    # `Formatter` is written in Python, but under a lock that does not matter.
    assert len(found) == len(READS)
    assert {name: row["finding"] for name, row in found.items() if row["outcome"] != "passed"} == {}
    assert {name for name, row in found.items() if not row["exhaustive"]} == set()


def test_what_is_read_unseen_is_not_controlled(rows):
    found = those(rows, "test_unread[", "test_generated_init")
    assert len(found) == len(UNREAD) + 1
    assert {name for name, row in found.items() if row["exhaustive"]} == set()
    what = {name.partition("[")[2]: row["coverage"]["uncontrolled"][0]["what"] for name, row in found.items()}
    assert what == {
        "special method]": "__len__",
        "class]": "__class__",
        "defaults]": "__defaults__",
        "abstract base class]": "abc.ABCMeta.register",
        "dead object]": "weakref.ref",
        "weak values]": "weakref.WeakValueDictionary.get",
        "weak keys]": "weakref.WeakKeyDictionary.values",
        "weak set]": "_weakrefset.WeakSet",
        "": "tests.quality.call_programs.Wide.__init__",
    }


def test_correct_programs_are_searched_to_their_end(rows):
    found = those(rows, "test_correct_")
    assert len(found) == 5
    assert {name: row["finding"] for name, row in found.items() if row["outcome"] != "passed"} == {}
    assert {name: row["coverage"]["text"] for name, row in found.items() if not row["exhaustive"]} == {}

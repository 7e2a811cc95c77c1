"""What is found becomes as small as it can be, in one session over programs with one bug each.

The known minimum is that of the preemptions.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_interleave.explore import Token
from tests.thorough import thorough

from .sessions import session_of

PROGRAMS = Path(__file__).with_name("racy_programs.py")
NAMES = (
    "counter abba three_ordered_preemptions nonlocal item singleton check_then_act setattr wrong_locks "
    "changed_while_iterating closed_between_check_and_use lost_wakeup notify_reaches_one_of_two event_never_set "
    "barrier_one_short lock_taken_twice philosophers truth_then_pop"
).split()

#: Between a read and the write that belongs to it, or between a check and what follows, another thread comes.
ONE = (
    "race_nonlocal",
    "race_item",
    "race_singleton",
    "race_check_then_act",
    "race_setattr",
    "race_wrong_locks",
    "exception_changed_while_iterating",
    "exception_closed_between_check_and_use",
    "exception_truth_then_pop",
    "deadlock_lost_wakeup",
    # The others block of themselves.
    "deadlock_philosophers",
)
NONE = (
    "deadlock_event_never_set",
    "deadlock_barrier_one_short",
    "deadlock_lock_taken_twice",
    "deadlock_notify_reaches_one_of_two",
)
TABLE_LINES, TOKEN_LETTERS = 25, 120


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """By name, what the JSON report says of each test; and the output."""
    report = tmp_path_factory.mktemp("shrinks") / "report.json"
    # Time to shrink would otherwise depend on how busy the machine is.
    return session_of(PROGRAMS, report, "--tb=short", "-k", " or ".join(NAMES), "--interleave-shrink-seconds=60")


def switches(session, name):
    rows, _ = session
    found = [row["finding"] for nodeid, row in rows.items() if nodeid.partition("[")[0] == f"test_{name}"]
    return [finding["preemptions"] for finding in found if finding is not None]


def test_lost_update_by_one_switch_on_20_seeds_of_20(session):
    assert switches(session, "race_counter") == [1] * 20


def test_abba_by_one_switch_on_20_seeds_of_20(session):
    assert switches(session, "deadlock_abba") == [1] * 20


def test_three_ordered_preemptions_by_three_switches_wherever_it_is_found(session):
    found = switches(session, "race_three_ordered_preemptions")
    assert len(found) >= 18
    assert set(found) == {3}


@pytest.mark.parametrize("name", ONE)
def test_by_one_switch(session, name):
    assert switches(session, name) == [1]


@pytest.mark.parametrize("name", NONE)
def test_without_a_switch(session, name):
    assert switches(session, name) == [0]


def test_tokens_are_short_and_as_many_as_findings(session):
    rows, output = session
    tokens = [row["finding"]["token"] for row in rows.values() if row["finding"] is not None]
    assert len(tokens) >= 50
    assert max(map(len, tokens)) <= TOKEN_LETTERS
    for token in tokens:
        assert f"--interleave-replay={token}" in output
        assert Token.parse(token).choices is None


@thorough
def test_tables_are_taken_in_at_a_glance(session):
    _, output = session
    tables = tables_in(output)
    assert len(tables) >= 50
    for table in tables:
        assert 3 <= len(table) <= TABLE_LINES, "\n".join(table)


def test_each_finding_has_its_story(session):
    rows, _ = session
    found = {name: row["finding"] for name, row in rows.items() if row["finding"] is not None}
    # Of most deadlocks, the message says who waits for what.
    without = [name for name, finding in found.items() if not finding["story"] and finding["kind"] != "deadlock"]
    assert without == []
    assert [name for name, finding in found.items() if not finding["bug"]] == []


def tables_in(output):
    """The lines of each: from the names of the threads, which a rule follows, to the next empty line."""
    lines = output.splitlines()
    found = []
    for number, line in enumerate(lines):
        if re.fullmatch(r" {5}-+(  -+){2,}", line):
            end = lines.index("", number)
            found.append(lines[number - 1 : end])
    return found

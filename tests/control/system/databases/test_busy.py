"""Statements that find the database locked: they wait where SQLite itself waits, but in virtual time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control.interpreter import real_seconds
from pytest_interleave.control.steps import kinds
from tests.driving import execute, require_good_end

#: Seconds that SQLite itself waits in these tests, if it does.
SHORT = 0.05

WRITES = ("begin immediate", "update t set n = 9")
READS = ("begin", "select * from t")
EXCLUDES = ("begin exclusive",)
#: What another connection does before, what the connection itself does, and the statement that finds a lock.
CASES = {
    "begin immediate": (WRITES, (), "begin immediate"),
    "begin exclusive": (WRITES, (), "begin exclusive"),
    "autocommit": (WRITES, (), "update t set n = 3"),
    "autocommit with a reader": (READS, (), "update t set n = 3"),
    "begin exclusive with a reader": (READS, (), "begin exclusive"),
    "first statement": (WRITES, ("begin",), "update t set n = 3"),
    "no table read": (WRITES, ("begin", "select 1"), "update t set n = 3"),
    "upgrade": (WRITES, ("begin", "select * from t"), "update t set n = 3"),
    "open cursor": (WRITES, ("select * from t",), "update t set n = 3"),
    "open cursor, begin immediate": (WRITES, ("select * from t",), "begin immediate"),
    "open cursor, begin exclusive": (WRITES, ("select * from t",), "begin exclusive"),
    "open cursor, begin exclusive with a reader": (READS, ("select * from t",), "begin exclusive"),
    "open cursor, autocommit with a reader": (READS, ("select * from t",), "update t set n = 3"),
    "commit": (READS, WRITES, "commit"),
    "select": (EXCLUDES, (), "select * from t"),
    "first select": (EXCLUDES, ("begin",), "select * from t"),
    "savepoint": (WRITES, ("savepoint x",), "update t set n = 2"),
    "savepoint, upgrade": (WRITES, ("savepoint x", "select * from t"), "update t set n = 2"),
    "create table": (WRITES, (), "create table u (n)"),
    "create table, upgrade": (WRITES, ("begin", "select * from t"), "create table u (n)"),
    "drop table with a reader": (READS, (), "drop table t"),
    "vacuum": (WRITES, (), "vacuum"),
    "user_version": (WRITES, (), "pragma user_version = 3"),
    "synchronous": (EXCLUDES, (), "pragma synchronous = off"),
    "foreign_keys": (EXCLUDES, (), "pragma foreign_keys = on"),
    "journal_mode": (WRITES, (), "pragma journal_mode = wal"),
    "journal_mode with a reader": (READS, (), "pragma journal_mode = wal"),
    "journal_mode while excluded": (EXCLUDES, (), "pragma journal_mode = wal"),
    "begin with a write lock": (WRITES, (), "begin"),
    "select with a write lock": (WRITES, (), "select * from t"),
    "with ... update": (WRITES, (), "with u as (select 1) update t set n = 3"),
}


def made(path: Path, *, wal: bool) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (n)")
        connection.executemany("insert into t values (?)", [(1,), (2,)])
        connection.commit()
    return path


def outcome_of(path: Path, timeout: float, case: tuple[Any, Any, str]) -> tuple[str, float]:
    """What happens to the statement: the text of its error, if any; and how many seconds it takes."""
    held, before, statement = case
    first = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    second = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    with closing(first), closing(second):
        # The cursors stay open.
        cursors = [first.execute(each) for each in held] + [second.execute(each) for each in before]
        began = real_seconds()
        try:
            second.execute(statement)
            found = "done"
        except sqlite3.OperationalError as error:
            found = f"{error} {error.sqlite_errorname}"
        took = real_seconds() - began
        del cursors
        return f"{found} {second.in_transaction}", took


@pytest.mark.parametrize("wal", [False, True], ids=["rollback journal", "wal"])
@pytest.mark.parametrize("name", CASES)
def test_it_waits_where_sqlite_waits(tmp_path: Path, name: str, wal: bool) -> None:
    case = CASES[name]
    # A busy machine may take long, too.
    measured = [outcome_of(made(tmp_path / "app.db", wal=wal), SHORT, case) for _ in range(3)]
    waits = min(took for _, took in measured) > SHORT
    made(tmp_path / "app.db", wal=wal)
    found: list[tuple[str, float]] = []
    outcome = execute(lambda: found.append(outcome_of(tmp_path / "app.db", 3600, case)))
    require_good_end(outcome)
    assert found[0][0] == measured[0][0]
    acquired = [step for _, step, _ in outcome.log if step.kind == kinds.ACQUIRE]
    assert bool(acquired) is waits
    assert all(step.expired_at is not None for step in acquired)
    assert found[0][1] < 60

"""Statements that find the database locked: they wait where SQLite itself waits, but in virtual time."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control.interpreter import real_seconds
from pytest_interleave.control.steps import kinds
from pytest_interleave.control.system import refused_by
from tests.driving import execute, require_good_end, value_of

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
    "blob to read": (WRITES, (), "blob to read"),
    "blob to read while excluded": (EXCLUDES, (), "blob to read"),
    "blob to read while excluded, in a transaction": (EXCLUDES, ("begin",), "blob to read"),
    "blob to write": (WRITES, (), "blob to write"),
    "blob to write while excluded": (EXCLUDES, (), "blob to write"),
    "blob to write, upgrade": (WRITES, ("begin", "select * from t"), "blob to write"),
}


def made(path: Path, *, wal: bool) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (n)")
        connection.executemany("insert into t values (?)", [(1,), (2,)])
        connection.execute("create table b (data)")
        connection.execute("insert into b values (zeroblob(1))")
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
            if statement.startswith("blob"):
                second.blobopen("b", "data", 1, readonly=statement == "blob to read").close()
            else:
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


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Lock the database in another process."""
    code = (
        "import sqlite3, sys, time\n"
        f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "c.execute('begin immediate')\n"
        "print('held', flush=True)\n"
        f"time.sleep({seconds})\n"
        "c.execute('rollback')\n"
    )
    process = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("timeout", [0.3, 30])
def test_another_process_is_waited_for_in_real_time(tmp_path: Path, timeout: float) -> None:
    made(tmp_path / "app.db", wal=False)
    found: list[str] = []

    def body() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", timeout=timeout, isolation_level=None)) as connection:
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError as error:
                found.append(str(error))
            else:
                found.append("begun")
                connection.execute("rollback")

    process = hold(tmp_path / "app.db", 3)
    try:
        require_good_end(execute(body))
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert found == (["begun"] if timeout > 3 else ["database is locked"])


def test_the_note_says_who_holds_the_database(tmp_path: Path) -> None:
    path, other = made(tmp_path / "app.db", wal=False), made(tmp_path / "other.db", wal=False)
    errors: list[sqlite3.OperationalError] = []
    held = threading.Barrier(2)

    def transfer(first: Path, second: Path) -> None:
        one = sqlite3.connect(first, isolation_level=None)
        two = sqlite3.connect(second, isolation_level=None)
        with closing(one), closing(two):
            one.execute("begin immediate")
            held.wait()
            try:
                two.execute("begin immediate")
            except sqlite3.OperationalError as error:
                errors.append(error)

    def body() -> None:
        held.reset()
        threads = [threading.Thread(target=transfer, args=each) for each in ((path, other), (other, path))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    assert outcome.timed
    (waited, holds) = errors[0].__notes__
    assert re.fullmatch(r"Thread-\d has waited 5 s for database (app|other)\.db\.", waited)
    assert re.fullmatch(
        r"Thread-\d has held database (app|other)\.db since 'begin immediate' \(.*test_busy\.py:\d+\)\."
        r" It waits for database (app|other)\.db\.",
        holds,
    )
    refused = refused_by(errors[0])
    assert refused is not None
    assert refused.circle is not None
    assert refused.wait.expired_at is not None
    assert [(holder.statement, holder.waiting_statement) for holder in refused.holders] == [("begin immediate",) * 2]


def test_waits_of_a_day_are_deadlocks(tmp_path: Path) -> None:
    made(tmp_path / "app.db", wal=False)

    def work() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", timeout=86_400, isolation_level=None)) as connection:
            connection.execute("begin immediate")

    def body() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as connection:
            connection.execute("begin immediate")
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    outcome = execute(body)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"
    assert "database app.db" in [wait.waits_for for wait in outcome.stuck.waits]


def test_a_program_may_change_how_long_it_waits(tmp_path: Path) -> None:
    path = made(tmp_path / "app.db", wal=False)

    def body() -> list[Any]:
        seen: list[Any] = []
        with closing(sqlite3.connect(path, timeout=2.5)) as connection:
            seen.append(connection.execute("pragma busy_timeout").fetchall())
            seen.append(connection.execute("pragma busy_timeout = 70").fetchall())
            cursor = connection.execute("pragma main.busy_timeout(80)")
            seen += [cursor.description, cursor.fetchall()]
            connection.executescript("pragma busy_timeout = 90;")
            seen.append(connection.execute("pragma busy_timeout").fetchone())
        return seen

    assert value_of(body) == body()


@pytest.mark.parametrize(
    "sql",
    [
        "pragma busy_timeout = 100", "pragma busy_timeout(100)", "pragma /* soon */ busy_timeout=100;",
        "-- soon\npragma\nbusy_timeout\n=\n100", 'pragma "busy_timeout" = 100', "pragma [busy_timeout]=0x64",
        "pragma main.busy_timeout = 100.9",
    ],
)  # fmt: skip
def test_all_forms_of_a_timeout_count(tmp_path: Path, sql: str) -> None:
    path = made(tmp_path / "app.db", wal=False)

    def body() -> tuple[int, float]:
        with closing(sqlite3.connect(path, isolation_level=None)) as holder, closing(sqlite3.connect(path)) as other:
            holder.execute("begin immediate")
            other.execute(sql).fetchall()
            (timeout,) = other.execute("pragma busy_timeout").fetchone()
            before = time.monotonic()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("begin immediate")
            return timeout, time.monotonic() - before

    timeout, waited = value_of(body)
    assert timeout == 100
    assert waited == pytest.approx(0.1, abs=0.01)

"""Bugs that a database was locked: who had it, who waited, and what helps."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], Path]:
    """A new database for each schedule."""
    numbers: Iterator[int] = iter(range(10_000))

    def make(name: str) -> Path:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("create table t (n)")
            connection.execute("insert into t values (0)")
            connection.commit()
        return folder / name

    return make


def opened(path: Path, **options: Any) -> Any:
    return closing(sqlite3.connect(path, isolation_level=None, **options))


def test_two_databases_in_opposite_order(fresh: Callable[[str], Path]) -> None:
    def body() -> None:
        app, log = fresh("app.db"), fresh("log.db")

        def move(one: Path, other: Path) -> None:
            with opened(one) as first, opened(other) as second:
                first.execute("begin exclusive")  # first
                second.execute("begin exclusive")  # second

        in_threads(a=lambda: move(app, log), b=lambda: move(log, app))

    timeline = timeline_of(body)
    assert timeline.bug in (
        "Deadlock: circular wait on database app.db and database log.db",
        "Deadlock: circular wait on database log.db and database app.db",
    )
    assert sorted(steps(timeline)) == [
        ("a runs begin exclusive in app.db", "first"),
        ("a runs begin exclusive in log.db (waits)", "second"),
        ("b runs begin exclusive in app.db (waits)", "second"),
        ("b runs begin exclusive in log.db", "first"),
    ]
    assert timeline.help.startswith("begin transactions on these databases in the same order everywhere")


def test_a_transaction_that_has_read_is_refused_a_write(fresh: Callable[[str], Path]) -> None:
    def body() -> None:
        path = fresh("app.db")

        def add() -> None:
            with opened(path) as db:
                db.execute("begin")
                (n,) = db.execute("select n from t").fetchone()  # read
                db.execute("update t set n = ?", (n + 1,))  # write
                db.execute("commit")

        in_threads(a=add, b=add)

    timeline = timeline_of(body)
    assert timeline.bug == "Write refused on database app.db: the transaction has read before"
    assert [text for text, _ in steps(timeline)][-1].endswith(" runs update t set n = ?: database is locked")
    assert "BEGIN IMMEDIATE" in timeline.help


def test_a_transaction_that_lasts_longer_than_the_timeout(fresh: Callable[[str], Path]) -> None:
    def body() -> None:
        path = fresh("app.db")

        def slow() -> None:
            with opened(path) as db:
                db.execute("begin immediate")  # begin
                time.sleep(60)
                db.execute("commit")

        def write() -> None:
            time.sleep(1)
            with opened(path, timeout=5) as db:
                db.execute("update t set n = 1")  # update

        in_threads(slow=slow, writes=write)

    timeline = timeline_of(body)
    assert timeline.bug == "Database app.db is locked: slow sleeps in a transaction"
    assert steps(timeline)[0] == ("slow runs begin immediate in app.db", "begin")
    assert timeline.help == "commit before the thread waits or sleeps, or set a longer timeout"


def test_a_connection_that_is_not_to_wait(fresh: Callable[[str], Path]) -> None:
    def body() -> None:
        path = fresh("app.db")

        def write() -> None:
            with opened(path, timeout=0) as db:
                db.execute("begin immediate")  # begin it
                db.execute("update t set n = 1")
                db.execute("commit")

        in_threads(a=write, b=write)

    timeline = timeline_of(body)
    assert timeline.bug == "Database app.db is locked: a is in a transaction"
    assert steps(timeline) == [
        ("a runs begin immediate in app.db", "begin it"),
        ("b runs begin immediate in app.db: database is locked", "begin it"),
    ]
    assert timeline.help == "let the connection wait: sqlite3.connect(..., timeout=5)"


def test_a_transaction_that_waits_for_another_thread(fresh: Callable[[str], Path]) -> None:
    def body() -> None:
        path = fresh("app.db")

        def insert() -> None:
            with opened(path) as db:
                db.execute("insert into t values (1)")

        with opened(path) as db:
            db.execute("begin immediate")
            in_threads(insert=insert)

    timeline = timeline_of(body)
    assert timeline.bug == "Deadlock: circular wait on database app.db and the end of insert"
    assert timeline.help == "commit before the thread waits for another one"

"""Bugs in the use of SQLite databases, connections and cursors that threads share: their names, and what helps."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)

ALONE = "give each thread a {} of its own, or hold one lock around each use"


def with_connection(use: Callable[[Any], object]) -> Callable[[], None]:
    def body() -> None:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            connection.execute("create table t (n)")
            connection.commit()
            use(connection)

    return body


def test_an_attribute_that_is_set_and_set_back() -> None:
    def use(connection: Any) -> None:
        def named() -> None:
            connection.row_factory = sqlite3.Row  # set
            connection.row_factory = None  # back

        def plain() -> None:
            assert type(connection.execute("select 1").fetchone()) is tuple  # read

        in_threads(named=named, plain=plain)

    timeline = timeline_of(with_connection(use))
    assert timeline.bug == "Dirty read of a connection to :memory: by plain"
    assert steps(timeline) == [
        ("named sets row_factory", "set"),
        ("plain runs select 1", "read"),
        ("named sets row_factory after the failure", "back"),
    ]
    assert timeline.help == ALONE.format("connection")


def test_an_attribute_that_is_read_twice() -> None:
    def use(connection: Any) -> None:
        def count() -> None:
            before = connection.total_changes  # first
            assert connection.total_changes == before  # second

        in_threads(count=count, insert=lambda: connection.execute("insert into t values (1)"))

    timeline = timeline_of(with_connection(use))
    assert timeline.bug == "Inconsistent reads of a connection to :memory:"
    assert timeline.help == ALONE.format("connection")


def test_a_cursor() -> None:
    def use(connection: Any) -> None:
        cursor = connection.cursor()

        def insert(number: int) -> None:
            cursor.execute("insert into t values (?)", (number,))  # insert
            assert connection.execute("select n from t where rowid = ?", (cursor.lastrowid,)).fetchone() == (number,)

        in_threads(a=lambda: insert(1), b=lambda: insert(2))

    timeline = timeline_of(with_connection(use))
    assert timeline.bug == "Atomicity violation on a cursor on :memory:"
    assert timeline.help == ALONE.format("cursor")


def test_changes_of_another_thread_are_rolled_back() -> None:
    def use(connection: Any) -> None:
        def insert() -> None:
            connection.execute("insert into t values (1)")
            connection.commit()

        in_threads(insert=insert, gives_up=connection.rollback)
        assert connection.execute("select count(*) from t").fetchone() == (1,)

    timeline = timeline_of(with_connection(use))
    assert timeline.bug.endswith(" on a connection to :memory:")
    assert timeline.help == ALONE.format("connection")


@pytest.mark.parametrize("table", ["other.t", "other . t", '"other"."t"'])
def test_a_database_that_is_attached(tmp_path: Path, table: str) -> None:
    path = tmp_path / "app.db"

    def body() -> None:
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table t (n)")
            connection.execute("insert into t values (0)")
            connection.commit()

        def add() -> None:
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
                connection.execute("attach ? as other", (str(path),))
                (number,) = connection.execute(f"select n from {table}").fetchone()
                connection.execute(f"update {table} set n = ?", (number + 1,))

        in_threads(a=add, b=add)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("select n from t").fetchone() == (2,)

    assert timeline_of(body).bug == "Lost update on table t in app.db"


@pytest.fixture
def accounts(tmp_path: Path) -> Callable[[], Path]:
    """A new database for each schedule."""
    numbers = itertools.count()

    def make() -> Path:
        path = tmp_path / f"{next(numbers)}.db"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("create table account (n)")
            database.executemany("insert into account values (?)", [(1,), (2,)])
        return path

    return make


@pytest.mark.parametrize("script", [False, True])
def test_two_writes_in_two_transactions(accounts: Callable[[], Path], script: bool) -> None:
    """The statements use the file, too, but the advice for files is of no use."""

    def body() -> None:
        path = accounts()

        def move() -> None:
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                if script:
                    database.executescript("update account set n = 0 where n = 1; update account set n = 3 where n = 2")
                else:
                    database.execute("update account set n = 0 where n = 1")
                    database.execute("update account set n = 3 where n = 2")

        def check() -> None:
            with closing(sqlite3.connect(path)) as database:
                assert database.execute("select sum(n) from account").fetchone() == (3,)

        in_threads(moves=move, checks=check)

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Dirty read of table account in ")
    assert timeline.help == "make both writes in one transaction"


def test_two_reads_in_two_transactions(accounts: Callable[[], Path]) -> None:
    def body() -> None:
        path = accounts()

        def move() -> None:
            with closing(sqlite3.connect(path)) as database, database:
                database.execute("update account set n = 3 - n")

        def check() -> None:
            with closing(sqlite3.connect(path)) as database:
                (first,) = database.execute("select n from account where rowid = 1").fetchone()
                (second,) = database.execute("select n from account where rowid = 2").fetchone()
                assert first + second == 3

        in_threads(moves=move, checks=check)

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Inconsistent reads of table account in ")
    assert timeline.help == "read both in one transaction"

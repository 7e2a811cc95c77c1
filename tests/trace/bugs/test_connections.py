"""Bugs in the use of SQLite connections and cursors that threads share: their names, and what helps."""

from __future__ import annotations

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

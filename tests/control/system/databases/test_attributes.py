"""Attributes and settings of connections and cursors that threads share."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest

from pytest_interleave.control.steps import External
from tests.control.system.files.steps import every_outcome, in_threads
from tests.driving import execute, require_good_end

Use = Callable[[Any, Any], object]


def _set(thing: Any, name: str, *values: Any) -> None:
    for value in values:
        setattr(thing, name, value)


def _kind_of_row(connection: Any) -> str:
    return type(connection.execute("select 1").fetchone()).__name__


def _kind_of_row_of_new_cursor(connection: Any) -> str:
    return type(connection.cursor().execute("select 1").fetchone()).__name__


def _kind_of_row_of(cursor: Any) -> str:
    return type(cursor.execute("select 1").fetchone()).__name__


def _twice(read: Callable[[], Any]) -> tuple[Any, Any]:
    return read(), read()


def _closed(thing: Any, use: Callable[[], Any]) -> Any:
    try:
        return use()
    except sqlite3.ProgrammingError:
        return "closed"


def _try(call: Callable[[], object]) -> None:
    # Not while rows of a statement are still to be fetched.
    with suppress(sqlite3.OperationalError):
        call()


def _result_of_function(connection: Any) -> int:
    number: int = connection.execute("select n()").fetchone()[0]
    return number


#: What one thread reads of a connection or cursor, what another one does to it, and what the first one can find.
CASES: dict[str, tuple[Use, Use, set[Any]]] = {
    "row_factory of a connection": (
        lambda connection, _: _kind_of_row(connection),
        lambda connection, _: _set(connection, "row_factory", sqlite3.Row, None),
        {"tuple", "Row"},
    ),
    "row_factory of a connection for a new cursor": (
        lambda connection, _: _kind_of_row_of_new_cursor(connection),
        lambda connection, _: _set(connection, "row_factory", sqlite3.Row, None),
        {"tuple", "Row"},
    ),
    "row_factory of a cursor": (
        lambda _, cursor: _kind_of_row_of(cursor),
        lambda _, cursor: _set(cursor, "row_factory", sqlite3.Row, None),
        {"tuple", "Row"},
    ),
    "text_factory": (
        lambda connection, _: connection.execute("select 'x'").fetchone()[0],
        lambda connection, _: _set(connection, "text_factory", bytes, str),
        {"x", b"x"},
    ),
    "isolation_level": (
        lambda connection, _: _twice(lambda: connection.isolation_level),
        lambda connection, _: _set(connection, "isolation_level", "EXCLUSIVE"),
        {("", ""), ("", "EXCLUSIVE"), ("EXCLUSIVE", "EXCLUSIVE")},
    ),
    "total_changes": (
        lambda connection, _: _twice(lambda: connection.total_changes),
        lambda connection, _: connection.execute("insert into t values (2)"),
        {(1, 1), (1, 2), (2, 2)},
    ),
    "in_transaction": (
        lambda connection, _: _twice(lambda: connection.in_transaction),
        lambda connection, _: connection.execute("insert into t values (2)"),
        {(False, False), (False, True), (True, True)},
    ),
    "rowcount": (
        lambda _, cursor: _twice(lambda: cursor.rowcount),
        lambda _, cursor: cursor.execute("update t set n = 5"),
        {(-1, -1), (-1, 1), (1, 1)},
    ),
    "lastrowid": (
        lambda _, cursor: _twice(lambda: cursor.lastrowid),
        lambda _, cursor: cursor.execute("insert into t values (2)"),
        {(None, None), (None, 2), (2, 2)},
    ),
    "description": (
        lambda _, cursor: _twice(lambda: cursor.description is None),
        lambda _, cursor: cursor.execute("select 1"),
        {(True, True), (True, False), (False, False)},
    ),
    "arraysize": (
        lambda _, cursor: _twice(lambda: cursor.arraysize),
        lambda _, cursor: _set(cursor, "arraysize", 3),
        {(1, 1), (1, 3), (3, 3)},
    ),
    "a function": (
        lambda connection, _: _result_of_function(connection),
        lambda connection, _: _try(lambda: connection.create_function("n", 0, lambda: 2)),
        {1, 2},
    ),
    "a closed cursor": (
        lambda _, cursor: _closed(cursor, lambda: cursor.execute("select 1").fetchone()[0]),
        lambda _, cursor: cursor.close(),
        {1, "closed"},
    ),
    "a closed connection": (
        lambda connection, _: _closed(connection, lambda: connection.execute("select 1").fetchone()[0]),
        lambda connection, _: connection.close(),
        {1, "closed"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_all_that_a_thread_can_find(case: str) -> None:
    read, change, expected = CASES[case]

    def program() -> Any:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            connection.create_function("n", 0, lambda: 1)
            connection.execute("create table t (n)")
            connection.execute("insert into t values (1)")
            connection.commit()
            cursor = connection.cursor()
            found: list[Any] = []
            in_threads(lambda: found.append(read(connection, cursor)), lambda: change(connection, cursor))
            return found[0]

    assert every_outcome(program) == expected


def test_a_limit() -> None:
    def program() -> Any:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 50)
            found: list[Any] = []
            in_threads(
                lambda: found.append(_twice(lambda: connection.getlimit(sqlite3.SQLITE_LIMIT_COLUMN))),
                lambda: connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 60),
            )
            return found[0]

    assert every_outcome(program) == {(50, 50), (50, 60), (60, 60)}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="new in Python 3.12")
def test_a_setting_that_a_pragma_changes() -> None:
    option = getattr(sqlite3, "SQLITE_DBCONFIG_ENABLE_FKEY", 0)

    def program() -> Any:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            found: list[Any] = []
            in_threads(
                lambda: found.append(_twice(lambda: connection.getconfig(option))),  # type: ignore[attr-defined]
                lambda: connection.execute("pragma foreign_keys = on"),
            )
            return found[0]

    assert every_outcome(program) == {(False, False), (False, True), (True, True)}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="new in Python 3.12")
def test_autocommit() -> None:
    def program() -> Any:
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            found: list[Any] = []
            in_threads(
                lambda: found.append(_twice(lambda: connection.autocommit)),  # type: ignore[attr-defined]
                lambda: _set(connection, "autocommit", True),
            )
            return found[0]

    legacy = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", None)
    assert every_outcome(program) == {(legacy, legacy), (legacy, True), (True, True)}


@pytest.mark.parametrize("shared", [False, True])
def test_they_are_steps_if_threads_share_the_connection(shared: bool) -> None:
    def body() -> None:
        with closing(sqlite3.connect(":memory:", check_same_thread=not shared)) as connection:
            connection.row_factory = sqlite3.Row
            cursor = connection.cursor()
            cursor.execute("select 1").fetchall()
            assert cursor.description is not None
            assert connection.total_changes == 0

    outcome = execute(body)
    require_good_end(outcome)
    steps = [str(step.doing) for _, step, _ in outcome.log if isinstance(step, External)]
    assert steps == (
        [
            "set row_factory",
            "read row_factory",
            "select 1",
            "read rows of select 1 (1 row)",
            "read description",
            "read total_changes",
            "close",
        ]  # fmt: skip
        if shared
        else []
    )


def test_the_attributes_are_those_of_the_real_class() -> None:
    def body() -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            kind, cursor_kind = type(connection), type(connection.cursor())
            for name in ("row_factory", "text_factory", "isolation_level", "total_changes", "in_transaction"):
                assert getattr(kind, name) is getattr(sqlite3.Connection, name)
                assert getattr(kind, name).__doc__ == getattr(sqlite3.Connection, name).__doc__
            for name in ("arraysize", "description", "lastrowid", "row_factory", "rowcount"):
                assert getattr(cursor_kind, name) is getattr(sqlite3.Cursor, name)
            with pytest.raises(AttributeError):
                connection.total_changes = 3  # type: ignore[misc]
            with pytest.raises(AttributeError):
                del connection.isolation_level
            assert connection.create_function.__name__ == "create_function"

    require_good_end(execute(body))

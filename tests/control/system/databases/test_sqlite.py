"""`sqlite3.connect` under control."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control
from pytest_interleave.control.steps import READ, WRITE
from pytest_interleave.control.system.databases._sqlite import database_of, only_reads
from tests.driving import execute, require_good_end, value_of

from ..conftest import used


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("select 1", True), ("  SELECT\n1", True), ("-- it\n/* is */ select 1", True), ("values (1)", True),
        ("with t as (select 1) select * from t", True), ("with t as (select 1) insert into u select * from t", False),
        ("insert into t values (1)", False), ("update t set n = 1", False), ("create table t (n)", False),
        ("begin", True), ("BEGIN IMMEDIATE", False), ("begin exclusive", False), ("commit", False),
        ("pragma user_version", True), ("pragma user_version = 3", False), ("pragma journal_mode(wal)", False),
        ("explain query plan select 1", True), ("", True), (";select 1;", True), ("vacuum", False),
        ("delete from t", False),
    ],
)  # fmt: skip
def test_which_statements_only_read(statement: str, reads: bool) -> None:
    assert only_reads(statement) is reads


def test_which_database_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "app db")
    for name, uri in (("app db", False), (tmp_path / "app db", False), (b"app db", False)):
        assert database_of(name, uri=uri).key == file
    for name in ("file:app%20db", f"file://{tmp_path}/app%20db?mode=ro", "file:app%20db#x", "app db"):
        assert database_of(name, uri=True).key == file
    assert database_of("file:app db", uri=False).key == str(tmp_path / "file:app db")
    for name in (":memory:", ""):
        assert database_of(name, uri=False).key != database_of(name, uri=False).key
    shared = "file:one?mode=memory&cache=shared"
    assert database_of(shared, uri=True).key == database_of(shared, uri=True).key
    assert database_of("file:one?mode=memory", uri=True).key != database_of("file:one?mode=memory", uri=True).key


@contextmanager
def opened(*arguments: Any, **options: Any) -> Iterator[Any]:
    with closing(sqlite3.connect(*arguments, **options)) as connection:
        connection.execute("create table if not exists t (n)")
        yield connection


WRITES = ("app.db", WRITE, "written")
READS = ("app.db", READ, "read")


def backed_up(connection: Any) -> None:
    with closing(sqlite3.connect(":memory:")) as other:
        connection.backup(other)


@pytest.mark.parametrize(
    ("do", "last"),
    [
        (lambda c: c.execute("select * from t").fetchall(), READS),
        (lambda c: c.execute("insert into t values (1)"), WRITES),
        (lambda c: c.executemany("insert into t values (?)", [(1,)]), WRITES),
        (lambda c: c.executescript("select 1; delete from t"), WRITES),
        (lambda c: c.cursor().execute("select * from t").fetchone(), READS),
        (lambda c: list(c.execute("select * from t")), READS),
        (backed_up, READS),
        (lambda c: c.execute("begin") and c.commit(), WRITES),
    ],
)
def test_what_is_recorded(tmp_path: Path, do: Callable[[Any], Any], last: tuple[str, str, str]) -> None:
    def body() -> None:
        with opened(tmp_path / "app.db") as connection:
            do(connection)

    def only_opens() -> None:
        with opened(tmp_path / "app.db"):
            pass

    only_opened = len(used(only_opens))
    assert last in used(body)[only_opened - 1 :]


def test_a_transaction_is_written_by_the_thread_that_ends_it(tmp_path: Path) -> None:
    def body() -> None:
        import threading

        connection = sqlite3.connect(tmp_path / "app.db", check_same_thread=False)
        connection.execute("create table t (n)")
        connection.execute("insert into t values (1)")
        thread = threading.Thread(target=connection.commit)
        thread.start()
        thread.join()
        connection.commit()
        connection.close()

    outcome = execute(body)
    require_good_end(outcome)
    # The second commit has nothing to write.
    assert [use.unit.index for use in outcome.uses] == [0, 0, 1] or [use.way for use in outcome.uses][-1] == WRITE
    assert outcome.uses[-1].unit.index == 1


class Connection(sqlite3.Connection):
    """As a program may have its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("pragma foreign_keys = on")

    def cursor(self) -> Cursor:  # type: ignore[override]
        return super().cursor(Cursor)


class Cursor(sqlite3.Cursor):
    """The same for cursors."""

    def first(self) -> Any:
        return self.fetchone()[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"factory": Connection}, {"factory": lambda *a, **k: Connection(*a)}, {"isolation_level": None}],
    ids=["plain", "class", "function", "autocommit"],
)
def test_it_works_as_the_real_one(tmp_path: Path, options: Any) -> None:
    def body() -> list[Any]:
        (tmp_path / "app.db").unlink(missing_ok=True)
        seen: list[Any] = []
        with opened(tmp_path / "app.db", **options) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                connection.executemany("insert into t values (?)", [(1,), (2,)])
            cursor = connection.cursor()
            seen += [isinstance(connection, sqlite3.Connection), isinstance(cursor, sqlite3.Cursor)]
            seen += [tuple(row) for row in cursor.execute("select n from t order by n")]
            seen += [connection.total_changes, connection.in_transaction, cursor.connection is connection]
            seen += [type(connection).__name__, type(cursor).__name__, hasattr(cursor, "first")]
            seen += [cursor.execute("select n from t").fetchmany(1)[0]["n"], cursor.description[0][0]]
            try:
                connection.execute("no statement")
            except sqlite3.OperationalError as error:
                seen.append(str(error))
            seen.append(tuple(connection.execute("select count(*) from t").fetchone()))
        return seen

    assert value_of(body) == body()


def test_cursors_of_a_programs_own_connection_are_recorded(tmp_path: Path) -> None:
    def body() -> None:
        with opened(tmp_path / "app.db", factory=Connection) as connection:
            connection.execute("insert into t values (3)")
            assert connection.cursor().execute("select n from t").first() == 3

    outcome = execute(body)
    require_good_end(outcome)
    assert {use.thing.key for use in outcome.uses if use.thing.kind == "database"} == {str(tmp_path / "app.db")}
    assert READ in {use.way for use in outcome.uses if use.handle is not None}


def test_without_control_nothing_is_replaced() -> None:
    held = {"connect": sqlite3.connect}
    with Control():
        assert sqlite3.connect is sqlite3.dbapi2.connect is not held["connect"]
        with closing(sqlite3.connect(":memory:")) as connection:
            assert type(connection) is sqlite3.Connection
    assert sqlite3.connect is sqlite3.dbapi2.connect is held["connect"]

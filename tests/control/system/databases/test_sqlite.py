"""`sqlite3.connect` under control."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control
from pytest_interleave.control.steps import WRITES, External, kinds
from pytest_interleave.control.system.databases._databases import thing_of
from pytest_interleave.explore import RandomWalk
from tests.control.system.files.steps import every_outcome, in_threads
from tests.driving import execute, executions, require_good_end, value_of


def test_which_database_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "app db")
    for name, uri in (("app db", False), (tmp_path / "app db", False), (b"app db", False)):
        assert thing_of(name, uri=uri).key == file
    for name in ("file:app%20db", f"file://{tmp_path}/app%20db?mode=ro", "file:app%20db#x", "app db"):
        assert thing_of(name, uri=True).key == file
    assert thing_of("file:app db", uri=False).key == str(tmp_path / "file:app db")
    for name in (":memory:", ""):
        assert thing_of(name, uri=False).key != thing_of(name, uri=False).key
    shared = "file:one?mode=memory&cache=shared"
    assert thing_of(shared, uri=True).key == thing_of(shared, uri=True).key
    assert thing_of("file:one?mode=memory", uri=True).key != thing_of("file:one?mode=memory", uri=True).key


@contextmanager
def opened(*arguments: Any, **options: Any) -> Iterator[Any]:
    with closing(sqlite3.connect(*arguments, **options)) as connection:
        connection.execute("create table if not exists t (n)")
        yield connection


def steps_of(body: Callable[[], object]) -> list[tuple[str, str]]:
    """What `body` does to databases, in the words of reports, with what it touches of "lock" and "data"."""
    outcome = execute(body)
    require_good_end(outcome)
    steps = ((operation, touches) for _, operation, touches in outcome.log if isinstance(operation, External))
    return [(str(step.doing), parts(touches)) for step, touches in steps if step.name != "open"]


def parts(touches: Any) -> str:
    """The parts of databases that are touched: in capitals if they are written."""
    found = [(part, how) for _, part, how in touches or () if part in ("lock", "data")]
    return " ".join(sorted(part.upper() if how & WRITES else part for part, how in found))


def backed_up(connection: Any) -> None:
    with closing(sqlite3.connect(":memory:")) as other:
        connection.backup(other)


def begun(connection: Any, *statements: str) -> None:
    connection.isolation_level = None
    for statement in ("begin", *statements):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("do", "steps"),
    [
        (lambda c: c.execute("select * from t").fetchall(), [("select * from t", "data")]),
        (
            lambda c: c.execute("insert into t values (1)"),
            [("insert into t values (1) (1 row)", "LOCK"), ("close", "LOCK")],
        ),
        (
            lambda c: [c.execute("insert into t values (1)"), c.execute("insert into t values (1)"), c.commit()],
            [
                ("insert into t values (1) (1 row)", "LOCK"),
                ("insert into t values (1) (1 row)", ""),
                ("commit (insert into t values (1), insert into t values (1))", "DATA LOCK"),
            ],
        ),
        (
            lambda c: [c.executemany("insert into t values (?)", [(1,), (2,)]), c.rollback()],
            [("insert into t values (?) (2 rows)", "LOCK"), ("rollback", "LOCK")],
        ),
        (lambda c: begun(c, "commit"), [("begin", ""), ("commit", "")]),
        (
            lambda c: begun(c, "select 1", "rollback"),
            [("begin", ""), ("select 1", "data"), ("rollback", "data")],
        ),
        (lambda c: c.execute("begin immediate"), [("begin immediate in app.db", "LOCK"), ("close", "LOCK")]),
        (lambda c: c.execute("begin exclusive"), [("begin exclusive in app.db", "DATA LOCK"), ("close", "DATA LOCK")]),
        (lambda c: c.execute("create table u (n)"), [("create table u (n)", "DATA LOCK")]),
        (lambda c: c.execute("pragma foreign_keys = on"), [("pragma foreign_keys = on", "data")]),
        (lambda c: c.execute("pragma user_version = 3"), [("pragma user_version = 3", "DATA LOCK")]),
        (
            lambda c: c.executescript("begin; delete from t; commit; select 1"),
            [("begin", ""), ("delete from t", "LOCK"), ("commit (delete from t)", "DATA LOCK"), ("select 1", "data")],
        ),
        (
            lambda c: c.cursor().execute("select 1").fetchone(),
            [("select 1", "data")],
        ),
        (
            lambda c: begun(c, "create temp table u (n)", "delete from u", "delete from t", "rollback"),
            [
                ("begin", ""),
                ("create temp table u (n)", "DATA LOCK"),
                ("delete from u (0 rows)", "LOCK"),
                ("delete from t (0 rows)", "LOCK"),
                ("rollback", "DATA LOCK"),
            ],  # fmt: skip
        ),
        (backed_up, [("backup to :memory:", "DATA LOCK data")]),
        (lambda c: c.serialize(), [("serialize", "data")]),
    ],
)
def test_what_is_a_step(tmp_path: Path, do: Callable[[Any], Any], steps: list[tuple[str, str]]) -> None:
    with opened(tmp_path / "app.db"):
        pass

    def body() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
            do(connection)

    assert steps_of(body) == steps


@pytest.mark.parametrize("patience", [5, 0])
def test_rows_that_are_fetched_are_a_step_if_a_connection_does_not_wait_for_that(tmp_path: Path, patience: int) -> None:
    with opened(tmp_path / "app.db") as connection:
        connection.executemany("insert into t values (?)", [(1,), (2,), (3,)])
        connection.commit()

    def body() -> None:
        with (
            closing(sqlite3.connect(tmp_path / "app.db")) as connection,
            closing(sqlite3.connect(tmp_path / "app.db", timeout=patience)),
        ):
            assert list(connection.execute("select n from t")) == [(1,), (2,), (3,)]

    fetch = [] if patience else ["read rows of select n from t (1 row)"]
    assert [step for step, _ in steps_of(body)] == ["select n from t", *fetch]


def test_what_nobody_else_can_see_is_no_step() -> None:
    def body() -> None:
        with opened(":memory:") as connection:
            connection.execute("insert into t values (1)")

    assert steps_of(body) == []


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


def test_what_a_programs_own_connection_does_is_a_step(tmp_path: Path) -> None:
    def body() -> None:
        with opened(tmp_path / "app.db", factory=Connection) as connection:
            connection.execute("insert into t values (3)")
            assert connection.cursor().execute("select n from t").first() == 3

    assert [step for step, _ in steps_of(body)] == [
        "pragma foreign_keys = on", "create table if not exists t (n)", "insert into t values (3) (1 row)",
        "select n from t", "close",
    ]  # fmt: skip


def test_without_control_nothing_is_replaced() -> None:
    held = {"connect": sqlite3.connect, "class": sqlite3.Connection}
    with Control():
        assert sqlite3.connect is sqlite3.dbapi2.connect is not held["connect"]
        with closing(sqlite3.connect(":memory:")) as connection:
            assert type(connection) is held["class"]
    assert sqlite3.connect is sqlite3.dbapi2.connect is held["connect"]


def test_code_that_sqlite_calls_is_not_preempted(tmp_path: Path) -> None:
    lock, counts = threading.Lock(), {"calls": 0}

    def count() -> int:
        with lock:
            counts["calls"] += 1
        return counts["calls"]

    def work() -> None:
        with opened(tmp_path / "app.db") as connection:
            connection.create_function("count_up", 0, count)
            connection.row_factory = lambda _, row: count() and row
            assert len(connection.execute("select count_up() union select count_up() + 100").fetchall()) == 2

    def body() -> None:
        in_threads(work, work)

    for outcome in executions(body, RandomWalk(1), 30):
        require_good_end(outcome)
        assert not outcome.set_aside


def test_a_programs_own_methods_are_called_once_however_long_they_wait(tmp_path: Path) -> None:
    calls: list[str] = []

    class Counting(sqlite3.Cursor):
        def execute(self, sql: str, *args: Any) -> Any:
            calls.append(sql)
            return super().execute(sql, *args)

    def work() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as connection:
            connection.cursor(Counting).execute("begin immediate")
            connection.execute("commit")

    def body() -> None:
        calls.clear()
        in_threads(work, work)

    waited = False
    for outcome in executions(body, RandomWalk(1), 20):
        require_good_end(outcome)
        assert calls == ["begin immediate"] * 2
        waited = waited or any(step.kind == kinds.ACQUIRE for _, step, _ in outcome.log)
    assert waited


def test_a_loop_that_tries_again_at_once_ends(tmp_path: Path) -> None:
    def work() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", timeout=0, isolation_level=None)) as connection:
            while True:
                try:
                    connection.execute("begin immediate")
                except sqlite3.OperationalError:
                    continue
                break
            connection.execute("commit")

    def body() -> None:
        in_threads(work, work)

    for outcome in executions(body, RandomWalk(1), 10):
        require_good_end(outcome)


def test_callbacks_do_not_see_the_plugins_own_statements(tmp_path: Path) -> None:
    def body() -> list[str]:
        seen: list[str] = []
        first = sqlite3.connect(tmp_path / "app.db", isolation_level=None)
        with closing(first), opened(tmp_path / "app.db", timeout=0.01, isolation_level=None) as second:
            second.set_trace_callback(seen.append)
            second.set_authorizer(lambda *what: seen.append(str(what[0])) or sqlite3.SQLITE_OK)
            second.execute("begin")
            second.execute("select * from t").fetchall()
            first.execute("begin immediate")
            with pytest.raises(sqlite3.OperationalError):
                second.execute("delete from t")
        return seen

    assert value_of(body) == body()


def test_the_end_of_a_transaction_by_an_attribute_is_a_step(tmp_path: Path) -> None:
    with opened(tmp_path / "app.db"):
        pass

    def body() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
            connection.execute("delete from t")
            connection.isolation_level = None
            connection.execute("begin immediate")
            with connection:
                connection.execute("delete from t")
            assert not connection.in_transaction

    assert [step for step, _ in steps_of(body)] == [
        "delete from t (0 rows)", "commit (delete from t)", "begin immediate in app.db", "delete from t (0 rows)",
        "commit (delete from t)",
    ]  # fmt: skip


def test_the_class_may_be_called_directly(tmp_path: Path) -> None:
    genuine = sqlite3.connect(":memory:")
    real = type(genuine)

    def body() -> None:
        assert sqlite3.Connection is not real
        assert isinstance(genuine, sqlite3.Connection)
        assert issubclass(Connection, sqlite3.Connection)
        assert not isinstance(genuine, Connection)
        assert not issubclass(int, sqlite3.Connection)
        with closing(sqlite3.Connection(tmp_path / "app.db", timeout=3, isolation_level=None)) as connection:
            assert isinstance(connection, sqlite3.Connection)
            assert isinstance(connection, real)
            sqlite3.Connection.execute(genuine, "select 1").fetchall()
            connection.execute("begin immediate")

    assert [step for step, _ in steps_of(body)] == ["begin immediate in app.db", "close"]
    assert sqlite3.Connection is real
    genuine.close()


@pytest.mark.parametrize("calls_base", [False, True])
def test_a_class_that_is_derived_in_a_test_can_be_used_there(tmp_path: Path, calls_base: bool) -> None:
    def body() -> None:
        class Own(sqlite3.Connection):
            def __init__(self, *args: Any, **options: Any) -> None:
                if calls_base:
                    sqlite3.Connection.__init__(self, *args, **options)
                else:
                    super().__init__(*args, **options)

            def begin(self) -> None:
                self.execute("begin immediate")

        with closing(sqlite3.connect(tmp_path / "app.db", factory=Own)) as connection:
            connection.begin()
        with closing(Own(tmp_path / "app.db")) as connection:
            connection.begin()

    steps = [step for step, _ in steps_of(body)]
    # The second one is not seen if its class skips ours.
    assert steps == ["begin immediate in app.db", "close"] * (1 if calls_base else 2)


def test_a_transaction_that_an_error_rolls_back_gives_its_lock_back(tmp_path: Path) -> None:
    with opened(tmp_path / "app.db") as connection:
        connection.execute("create table u (n unique)")
        connection.execute("insert into u values (1)")
        connection.commit()

    def body() -> None:
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as connection:
            connection.execute("begin immediate")
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("insert or rollback into u values (1)")
            assert not connection.in_transaction

    assert steps_of(body) == [
        ("begin immediate in app.db", "LOCK"),
        ("insert or rollback into u values (1): UNIQUE constraint failed: u.n", ""),
        ("rollback", "LOCK"),
    ]  # fmt: skip


def rows_in_a_copy(path: Path) -> int:
    """The number of rows in a copy of the database; -1 if there is no such file or table."""
    copy = path.with_name("copy.db")
    if not path.exists():
        return -1
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        try:
            return int(connection.execute("select count(*) from t").fetchone()[0])
        except sqlite3.OperationalError:
            return -1


@pytest.mark.parametrize("is_there", [True, False])
def test_the_file_of_a_database_is_a_file_too(tmp_path: Path, is_there: bool) -> None:
    def body() -> int:
        path = tmp_path / "app.db"
        path.unlink(missing_ok=True)
        if is_there:
            with opened(path) as connection:
                connection.commit()

        def fill() -> None:
            with opened(path) as connection:
                connection.execute("insert into t values (1)")
                connection.commit()

        found: list[int] = []
        in_threads(lambda: found.append(rows_in_a_copy(path)), fill)
        return found[0]

    assert every_outcome(body) == ({0, 1} if is_there else {-1, 0, 1})


def test_a_database_that_is_replaced(tmp_path: Path) -> None:
    def body() -> int:
        path, other = tmp_path / "app.db", tmp_path / "other.db"
        for each, number in ((path, 1), (other, 2)):
            each.unlink(missing_ok=True)
            with opened(each) as connection:
                connection.execute("insert into t values (?)", [number])
                connection.commit()
        found: list[int] = []

        def read() -> None:
            with closing(sqlite3.connect(path)) as connection:
                found.extend(connection.execute("select n from t").fetchone())

        in_threads(read, lambda: os.replace(other, path))
        return found[0]

    assert every_outcome(body) == {1, 2}


@pytest.mark.parametrize("level", [None, "full", "normal"])
def test_it_does_not_wait_for_the_disk_unless_the_program_wants_it_to(tmp_path: Path, level: str | None) -> None:
    def level_of(connection: Any, *, really: bool) -> int:
        execute = sqlite3.Cursor.execute if really else lambda cursor, sql: cursor.execute(sql)
        (found,) = execute(connection.cursor(), "pragma synchronous").fetchone()
        assert isinstance(found, int)
        return found

    def body() -> list[int]:
        with opened(tmp_path / "app.db") as connection:
            if level is not None:
                connection.execute(f"pragma synchronous = {level}")
            connection.execute("insert into t values (1)")
            connection.commit()
            return [level_of(connection, really=really) for really in (False, True)]

    expected = {None: [2, 0], "full": [2, 2], "normal": [1, 1]}
    assert value_of(body) == expected[level]


@pytest.mark.parametrize("writes_before", [False, True])
def test_it_does_not_wait_for_the_disk_of_an_attached_database_either(tmp_path: Path, writes_before: bool) -> None:
    def body() -> int:
        with opened(tmp_path / "app.db") as connection:
            if writes_before:
                connection.execute("insert into t values (1)")
                connection.commit()
            connection.execute('attach ? as "the other"', (str(tmp_path / "other.db"),))
            connection.execute("insert into t values (1)")
            connection.commit()
            (level,) = sqlite3.Cursor.execute(connection.cursor(), 'pragma "the other".synchronous').fetchone()
            assert isinstance(level, int)
            return level

    assert value_of(body) == 0


def test_wrong_arguments_are_reported_by_the_names_of_the_real_methods() -> None:
    def body() -> list[str]:
        texts = []
        with closing(sqlite3.connect(":memory:")) as connection:
            wrong: Callable[[], Any]
            for wrong in (connection.execute, lambda: connection.commit(1), lambda: connection.cursor().fetchone(1)):
                with pytest.raises(TypeError) as caught:
                    wrong()
                texts.append(str(caught.value).partition(" ")[0])
        return texts

    assert value_of(body) == ["Cursor.execute()", "Connection.commit()", "Cursor.fetchone()"]

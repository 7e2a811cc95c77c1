"""SQLite's functions for dates and times in virtual time."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.driving import execute, require_good_end, value_of

HAS_UNIXEPOCH = sqlite3.sqlite_version_info >= (3, 38)
HAS_SUBSEC = sqlite3.sqlite_version_info >= (3, 42)

#: Seconds since 1970, by SQL.
NOW = {
    "strftime('%s', 'now')": None,
    "strftime('%s')": None,
    "strftime('%s', CURRENT_TIMESTAMP)": None,
    "strftime('%s', current_date || ' ' || CURRENT_TIME)": None,
    "strftime('%s', datetime())": None,
    "strftime('%s', datetime('NOW'))": None,
    "strftime('%s', date('now') || ' ' || time('now'))": None,
    "(julianday('now') - julianday('1970-01-01')) * 86400": None,
    "strftime('%s', julianday())": None,
    "unixepoch()": HAS_UNIXEPOCH,
    "unixepoch('now')": HAS_UNIXEPOCH,
    "unixepoch('subsec')": HAS_SUBSEC,
    "unixepoch('now', 'subsec')": HAS_SUBSEC,
    "unixepoch('now', '+1 day') - 86400": HAS_UNIXEPOCH,
}


@pytest.mark.parametrize("sql", [sql for sql, is_there in NOW.items() if is_there is not False])
def test_now_is_virtual(sql: str) -> None:
    def body() -> tuple[float, float]:
        with closing(sqlite3.connect(":memory:")) as connection:
            time.sleep(1_000_000)
            return float(connection.execute(f"select {sql}").fetchone()[0]), time.time()

    found, now = value_of(body)
    assert found == pytest.approx(now, abs=1.1)
    assert found > time.time() + 900_000


def test_a_default_of_a_table() -> None:
    def body() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("create table t (n, at default current_timestamp)")
            connection.execute("insert into t (n) values (1)")
            time.sleep(120)
            connection.execute("insert into t (n) values (2)")
            sql = "select count(*) from t where at < datetime('now', '-1 minute')"
            return connection.execute(sql).fetchone()

    assert value_of(body) == (1,)


@pytest.mark.parametrize(
    "sql",
    [
        "date('2024-02-28', '+1 day')", "date(null)", "date('no date')", "datetime(1.5)", "time(0.5)", "date(x'00')",
        "julianday('2000-01-01')", "strftime('%Y %j', '2024-03-01')", "datetime('2024-01-01 12:00', 'localtime')",
        "strftime(null, '2024-03-01')", "date('2024-01-31', 'start of month', 'no modifier')",
    ],
)  # fmt: skip
def test_other_times_are_as_sqlite_has_them(sql: str) -> None:
    def body() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            return connection.execute(f"select {sql}").fetchone()

    assert value_of(body) == body()


def test_they_can_be_used_in_an_index() -> None:
    def body() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("create table t (at)")
            connection.execute("create index days on t (date(at))")
            connection.execute("insert into t values ('2024-02-28 12:00')")
            return connection.execute("select count(*) from t where date(at) = '2024-02-28'").fetchone()

    assert value_of(body) == (1,)


@pytest.mark.parametrize("arity", [1, -1])
@pytest.mark.parametrize("before", ["select 1", "pragma user_version", None])
def test_a_programs_own_function_comes_first(arity: int, before: str | None) -> None:
    def body() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            if before is not None:
                connection.execute(before).fetchall()
            connection.create_function("date", arity, lambda _: "mine")
            return connection.execute("select date('now')").fetchone()

    assert value_of(body) == ("mine",)


@pytest.mark.parametrize("pragmas", [["trusted_schema = off"], ["foreign_keys = on", "trusted_schema = 0"]])
def test_a_schema_that_is_not_trusted(tmp_path: Path, pragmas: list[str]) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (at, day as (date(at)), default_at default (date('now')))")
        connection.execute("create view days as select date(at) from t")

    def body() -> Any:
        with closing(sqlite3.connect(path)) as connection:
            for pragma in pragmas:
                connection.execute(f"pragma {pragma}")
            connection.execute("insert into t (at) values ('2024-02-29 12:00')")
            return connection.execute("select * from days").fetchone()

    assert value_of(body) == ("2024-02-29",)


def test_a_function_that_sqlite_does_not_have() -> None:
    def body() -> None:
        with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.OperationalError):
            connection.execute("select moment('now')")

    require_good_end(execute(body))


def test_it_is_the_same_in_all_of_a_statement() -> None:
    def body() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.create_function("wait", 0, lambda: time.sleep(1))
            sql = "select julianday('now'), wait(), julianday('now')"
            return connection.execute(sql).fetchone(), connection.execute(sql).fetchone()

    first, second = value_of(body)
    assert first[0] == first[2] < second[0] == second[2]


def test_a_loop_that_polls_it_ends() -> None:
    def body() -> int:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            # Later by 20 ms. The clock advances slowly in such a loop: it might be a measurement.
            (end,) = connection.execute("select julianday('now') + 0.02 / 86400").fetchone()
            number = 0
            while connection.execute("select julianday('now') < ?", (end,)).fetchone()[0]:
                number += 1
            return number

    assert value_of(body) > 0


def test_to_read_it_is_to_read_the_clock() -> None:
    def body() -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("select current_time").fetchone()

    assert execute(body).reads_clock

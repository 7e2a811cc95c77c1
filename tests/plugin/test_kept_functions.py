"""Functions for files and databases that a program keeps elsewhere than under a module's name, and gives to C code."""

from __future__ import annotations

import pytest

KEPT = """
import functools
import sqlite3
from contextlib import closing


class Repository:
    def __init__(self, path, connect=sqlite3.connect):
        self.path, self.connect = path, connect


class Own:
    connect = staticmethod(sqlite3.connect)


class Plain:
    connect = sqlite3.connect


CONNECT = {"sqlite": sqlite3.connect}
patient = functools.partial(sqlite3.connect, timeout=3)

WAYS = {
    "default": lambda path: Repository(path).connect(path),
    "static": lambda path: Own().connect(path),
    "attribute": lambda path: Plain().connect(path),
    "table": lambda path: CONNECT["sqlite"](path),
    "partial": lambda path: patient(path),
}

def increment(path, connect):
    with closing(connect(path)) as database:
        (number,) = database.execute("SELECT n FROM t").fetchone()
        database.execute("UPDATE t SET n = ?", (number + 1,))
        database.commit()

@pytest.mark.concurrency
@pytest.mark.parametrize("way", WAYS)
def test_way(way, tmp_path, run_concurrent):
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (n)")
        database.execute("INSERT INTO t VALUES (0)")
    run_concurrent(increment, path, WAYS[way], workers=2)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT n FROM t").fetchone() == (2,)
"""


def test_they_are_under_control(run):
    done = run(KEPT)
    done.result.assert_outcomes(failed=5)
    found = [line for line in done.result.outlines if line.startswith("Found in schedule ")]
    assert len(found) == 5
    assert all(line.startswith("Found in schedule 2 of ") for line in found), found


CALLED = """
import sqlite3
from contextlib import closing

@pytest.mark.concurrency(schedules=20)
def test_function_in_sql(run_concurrent):
    counter = {"n": 0}

    def number():
        counter["n"] += 1
        return counter["n"]

    def use():
        with closing(sqlite3.connect(":memory:")) as database:
            database.create_function("number", 0, number)
            database.execute("SELECT number()").fetchone()

    run_concurrent(use, workers=2)

@pytest.mark.concurrency(schedules=20)
def test_rows_to_insert(run_concurrent):
    box = {"n": 0}

    def insert():
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE TABLE t (n)")
            database.executemany("INSERT INTO t VALUES (?)", ((box["n"],) for _ in range(2)))

    run_concurrent.together(insert, lambda: box.update(n=1))
"""


@pytest.mark.parametrize("seed", range(3))
def test_code_that_sqlite_calls_is_not_called_exhausted(run, seed):
    done = run(CALLED, "-v", "-v", f"--interleave-seed={seed}")
    done.result.assert_outcomes(passed=2)
    verdicts = [line for line in done.result.outlines if line.startswith("PASSED ")]
    assert len(verdicts) == 2
    assert all("sampled" in line and "not controlled" in line for line in verdicts), verdicts

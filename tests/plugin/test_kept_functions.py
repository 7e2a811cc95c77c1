"""Functions for files and databases that a program keeps elsewhere than under a module's name, and gives to C code."""

from __future__ import annotations

import sys

import pytest

KEPT = """
import functools
import sqlite3
from contextlib import closing
from pathlib import Path


class Repository:
    def __init__(self, path, connect=sqlite3.connect):
        self.path, self.connect = path, connect


class Own:
    connect = staticmethod(sqlite3.connect)


class Plain:
    connect = sqlite3.connect


class Slots:
    __slots__ = ("connect",)


class Database(sqlite3.Connection):
    def __init__(self, path):
        super().__init__(path, timeout=3)
        self.name = path.name


class Bare(sqlite3.Connection):
    pass


slots = Slots()
slots.connect = sqlite3.connect
CONNECT = {"sqlite": sqlite3.connect}
PAIR = ("sqlite", sqlite3.connect)
patient = functools.partial(sqlite3.connect, timeout=3)

WAYS = {
    "default": lambda path: Repository(path).connect(path),
    "static": lambda path: Own().connect(path),
    "attribute": lambda path: Plain().connect(path),
    "table": lambda path: CONNECT["sqlite"](path),
    "partial": lambda path: patient(path),
    "slots": lambda path: slots.connect(path),
    "tuple": lambda path: PAIR[1](path),
    "class": sqlite3.Connection,
    "derived class": Database,
    "derived class with nothing new": Bare,
}

def increment(path, connect):
    with closing(connect(path)) as database:
        (number,) = database.execute("SELECT n FROM t").fetchone()
        database.execute("UPDATE t SET n = ?", (number + 1,))
        database.commit()

@pytest.mark.concurrency(seconds=None)
@pytest.mark.parametrize("way", WAYS)
def test_way(way, tmp_path, run_concurrent):
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (n)")
        database.execute("INSERT INTO t VALUES (0)")
    run_concurrent(increment, path, WAYS[way], workers=2)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT n FROM t").fetchone() == (2,)

def test_afterwards_all_is_as_it_was():
    with closing(Database(Path(":memory:"))) as database, closing(Bare(":memory:")) as bare:
        assert type(database) is Database and type(bare) is Bare
        assert type(database.cursor()) is sqlite3.Cursor
    assert "__init__" not in vars(Bare)
    assert PAIR[1] is CONNECT["sqlite"] is slots.connect is sqlite3.connect
"""


def test_they_are_under_control(run):
    done = run(KEPT)
    done.result.assert_outcomes(failed=10, passed=1)
    found = [line for line in done.result.outlines if line.startswith("Found in schedule ")]
    assert len(found) == 10
    assert all(line.startswith("Found in schedule 2 of ") for line in found), found


CALLED = """
import sqlite3
from contextlib import closing

@pytest.mark.concurrency(schedules=20, seconds=None)
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

@pytest.mark.concurrency(schedules=20, seconds=None)
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


GIVEN = """
import sqlite3
from contextlib import closing

import pytest

@pytest.mark.concurrency(seconds=None)
@pytest.mark.parametrize("append", [open, (open,)[0]])
def test_open(append, tmp_path, run_concurrent):
    def write():
        with append(tmp_path / "log", "a") as file:
            file.write("x")

    run_concurrent(write, workers=2)
    assert (tmp_path / "log").read_text() == "xx"

@pytest.mark.concurrency(seconds=None)
@pytest.mark.parametrize("kind", [sqlite3.Cursor, type("Own", (sqlite3.Cursor,), {})])
def test_cursor(kind, tmp_path, run_concurrent):
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (n)")

    def insert():
        with closing(sqlite3.connect(path)) as database, database:
            kind(database).execute("INSERT INTO t VALUES (1)")

    run_concurrent(insert, workers=2)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT COUNT(*) FROM t").fetchone() == (2,)
"""


def test_they_are_arguments_of_a_test(run):
    done = run(GIVEN, "-v")
    done.result.assert_outcomes(passed=4)
    verdicts = [line for line in done.result.outlines if line.startswith("PASSED ")]
    assert len(verdicts) == 4
    assert all("exhaustive" in line and "all 1 inter" not in line for line in verdicts), verdicts


NOT_FOUND = """
import os
import posix
import sqlite3

import pytest

class Slots(sqlite3.Connection):
    __slots__ = ()

@pytest.mark.concurrency(schedules=30)
def test_another_name(tmp_path, run_concurrent):
    def write():
        descriptor = posix.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
        os.close(descriptor)

    run_concurrent(write, workers=2)

@pytest.mark.concurrency(schedules=30)
def test_beside_a_step(tmp_path, run_concurrent):
    (tmp_path / "log").touch()
    run_concurrent.together(
        lambda: os.close(posix.open(tmp_path / "log", os.O_RDONLY)), lambda: (tmp_path / "log").write_text("new")
    )

@pytest.mark.concurrency(schedules=30)
def test_class_with_slots(run_concurrent):
    run_concurrent(lambda: Slots(":memory:").close(), workers=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module posix")
def test_what_is_not_found_is_named(run):
    done = run(NOT_FOUND, "-v")
    done.result.assert_outcomes(passed=3)
    first, second, third = (line for line in done.result.outlines if line.startswith("PASSED "))
    for line in (first, second):
        assert "sampled" in line
        assert "not controlled: os.open (called by another name at test_it.py:" in line, line
        assert "; to control it, write os.open())" in line
    assert "not controlled: class Slots (called by worker-0 at test_it.py:" in third, third


IN_C = """
import ctypes
import os

import pytest

libc = ctypes.CDLL(None)
pytestmark = pytest.mark.concurrency(schedules=40, seconds=None)

def test_both_call_it(tmp_path, run_concurrent):
    def append():
        file = libc.open(os.fsencode(tmp_path / "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        libc.write(file, b"x", 1)
        libc.close(file)

    run_concurrent(append, workers=2)

def test_beside_a_step(tmp_path, run_concurrent):
    run_concurrent.together(lambda: libc.access(os.fsencode(tmp_path / "log"), 0), (tmp_path / "log").touch)

def test_beside_memory(run_concurrent):
    run_concurrent.together(lambda: libc.abs(1), lambda: 2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no library of the process")
def test_functions_in_c_are_not_called_exhausted(run):
    done = run(IN_C, "-v", "-v")
    done.result.assert_outcomes(passed=3)
    first, second, third = (line for line in done.result.outlines if line.startswith("PASSED "))
    assert "sampled" in first
    assert "not controlled: C function open (called through ctypes at test_it.py:" in first, first
    assert "not controlled: C function access (called through ctypes at test_it.py:" in second, second
    assert "nothing shared" in third, third

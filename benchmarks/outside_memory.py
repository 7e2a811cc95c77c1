"""Schedules per second of tests whose threads share a file or a SQLite database, from inside pytest.

    python benchmarks/outside_memory.py
    python benchmarks/outside_memory.py --basetemp=/dev/shm/benchmark

Each test runs 3,000 schedules at most, without a failure. `test_nothing` starts two threads that do nothing, for
comparison. The one with SQLAlchemy is left out if that is not installed. The files are created in `--basetemp`, which
is emptied first: the figures depend on its file system. Exits with 1 if a test did not run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

TEST = """
import json
import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.concurrency(schedules=3_000, seconds={seconds}, strategy="random")


def test_nothing(tmp_path, run_concurrent):
    run_concurrent(lambda: None, workers=2)


def test_open_x(tmp_path, run_concurrent):
    def take():
        try:
            with open(tmp_path / "lock", "x"):
                pass
        except FileExistsError:
            pass

    run_concurrent(take, workers=2)


def test_json_lost_update(tmp_path, run_concurrent):
    path = tmp_path / "counter.json"
    path.write_text("0")

    def add():
        number = json.loads(path.read_text() or "0")
        path.write_text(json.dumps(number + 1))

    run_concurrent(add, workers=2)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "app.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)")
        connection.execute("INSERT INTO account VALUES (1, 0)")
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, template):
    path = tmp_path / "app.db"
    path.write_bytes(template)
    return path


def test_sqlite_lost_update(path, run_concurrent):
    def add():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (balance,) = connection.execute("SELECT balance FROM account WHERE id = 1").fetchone()
            connection.execute("UPDATE account SET balance = ? WHERE id = 1", (balance + 1,))

    run_concurrent(add, workers=2)
"""

WITH_SQLALCHEMY = """

import sqlalchemy
from sqlalchemy import orm


class Base(orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    balance: orm.Mapped[int]


def test_sqlalchemy_lost_update(path, run_concurrent):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")

    def add():
        with orm.Session(engine) as session, session.begin():
            session.get(Account, 1).balance += 1

    run_concurrent(add, workers=2)
    engine.dispose()
"""


def main() -> int:
    """Run the tests and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--basetemp", type=Path, help="the folder for the files of the tests")
    parser.add_argument("--seconds", type=float, default=6, help="of each test")
    options = parser.parse_args()
    source = TEST + (WITH_SQLALCHEMY if find_spec("sqlalchemy") is not None else "")
    with tempfile.TemporaryDirectory() as folder:
        test, report = Path(folder, "test_outside_memory.py"), Path(folder, "report.json")
        test.write_text(source.replace("{seconds}", str(options.seconds)), encoding="utf-8")
        words = ["-q", "-p", "no:cacheprovider", f"--basetemp={options.basetemp or Path(folder, 'basetemp')}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, f"--interleave-json={report}", str(test)],
            cwd=folder,
            env={**os.environ, "CI": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout, done.stderr, sep="\n")
            return 1
        for row in json.loads(report.read_text(encoding="utf-8"))["tests"]:
            name, rate = row["nodeid"].partition("::")[2], row["schedules"] / row["seconds"]
            print(f"{name:28}{rate:8,.0f} schedules/s  ({row['schedules']} schedules)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

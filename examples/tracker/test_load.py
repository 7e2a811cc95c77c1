"""Real threads on real SQLite, as many as on a busy day."""

import sqlite3
import threading

import pytest
from database import Database, LocalDatabase, TooManyConnections
from durations import Durations
from journal import Journal, TornJournal
from projects import Projects


@pytest.fixture
def factory():
    return sqlite3.Connection


@pytest.fixture
def local(choose, tmp_path, factory):
    database = choose(Database, LocalDatabase)(tmp_path / "tracker.db", factory=factory)
    database.create()
    yield database
    database.close()


def test_a_busy_day(projects, run_stress):
    epic = projects.epic("website")
    shared = projects.add_task(epic, "meetings")

    def work():
        projects.add_task(epic, "something new")
        projects.log_time(shared, "15m")

    def check():
        assert len(projects.open_tasks(epic)) == 201
        assert projects.minutes(shared) == 200 * 15

    result = run_stress(work, threads=10, operations=20, check=check)
    result.assert_no_errors().assert_latency(p99=5)


def test_writers_wait_for_each_other(local, journal, run_stress):
    projects = Projects(local, Durations(), journal)
    epic = projects.epic("website")
    result = run_stress(lambda: projects.add_task(epic, "something new"), threads=8, operations=50)
    result.assert_success_rate(0.95)


def test_lines_are_whole(choose, database, tmp_path, run_stress):
    journal = choose(Journal, TornJournal)(tmp_path / "lines.log", database)

    def write():
        journal.write("a task is done")

    def check():
        names = [f"stress-{number}" for number in range(8)]
        assert sorted(journal.lines()) == [f"{name}: a task is done" for name in names for _ in range(200)]

    run_stress(write, threads=8, operations=200, check=check).assert_no_errors()
    journal.close()

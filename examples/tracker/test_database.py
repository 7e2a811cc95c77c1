"""Guarantees of the database for its threads."""

import time

import pytest
from database import Database, SharedDatabase, TooManyConnections
from durations import Durations
from projects import NoSuchEpic, Projects


@pytest.fixture
def shared(choose, tmp_path):
    database = choose(Database, SharedDatabase)(tmp_path / "tracker.db")
    database.create()
    yield database
    database.close()


@pytest.mark.concurrency
def test_a_deleted_epic_leaves_no_task(local, journal, run_concurrent):
    projects = Projects(local, Durations(), journal)
    epic = projects.epic("website")
    projects.add_task(epic, "draw the logo")

    def add():
        try:
            projects.add_task(epic, "one more thing")
        except NoSuchEpic:
            pass

    run_concurrent.together(add, lambda: projects.delete(epic))
    assert local.query("SELECT title FROM task") == []


@pytest.mark.concurrency
def test_writers_wait_for_each_other(local, journal, run_concurrent):
    projects = Projects(local, Durations(), journal)
    epic = projects.epic("website")
    run_concurrent.each(lambda title: projects.add_task(epic, title), ["draw the logo", "choose a font"])
    assert len(projects.open_tasks(epic)) == 2


@pytest.mark.concurrency
def test_a_rollback_is_that_of_one_thread(shared, run_concurrent):
    def cancel():
        try:
            with shared.transaction() as connection:
                connection.execute("INSERT INTO epic (name) VALUES ('cancelled')")
                raise KeyError
        except KeyError:
            pass

    def keep():
        with shared.transaction() as connection:
            connection.execute("INSERT INTO epic (name) VALUES ('kept')")

    run_concurrent.together(cancel, keep)
    assert shared.query("SELECT name FROM epic") == [("kept",)]


@pytest.mark.concurrency(schedules=50)
def test_a_thread_that_waits_too_long_gets_an_error(local, barrier, run_concurrent):
    all_are_there = barrier.of(9)

    def report():
        with local.connection():
            all_are_there.wait()
            time.sleep(60)

    def ask():
        all_are_there.wait()
        with pytest.raises(TooManyConnections):
            local.query("SELECT name FROM epic")

    run_concurrent.together(*[report] * 8, ask)
    assert local.query("SELECT name FROM epic") == []

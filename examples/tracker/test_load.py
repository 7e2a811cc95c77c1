"""Real threads on real SQLite, as many as on a busy day."""

import sqlite3

import pytest
from durations import Durations
from projects import Projects


@pytest.fixture
def factory():
    # Nothing is interleaved here, and nothing has to be seen.
    return sqlite3.Connection


def test_a_busy_day(projects, run_stress):
    epic = projects.epic("website")
    meetings = projects.add_task(epic, "meetings")

    def work():
        projects.add_task(epic, "something new")
        projects.log_time(meetings, "15m")

    def check():
        assert len(projects.open_tasks(epic)) == 1 + 200
        assert projects.minutes(meetings) == 200 * 15

    result = run_stress(work, threads=10, operations=20, check=check, name="busy day")
    result.assert_no_errors().assert_latency(p99=5)


def test_writers(local, journal, run_stress):
    projects = Projects(local, Durations(), journal)
    epic = projects.epic("website")

    def add():
        projects.add_task(epic, "something new")

    run_stress(add, threads=8, operations=50, name="writers").assert_success_rate(0.95)


def test_a_thousand_requests(local, resource_limits, run_stress):
    def ask():
        local.query("SELECT name FROM epic")

    with resource_limits(open_files=100) as limits:
        result = run_stress(ask, threads=100, operations=10, name="requests")
        local.close()
    result.assert_no_errors()
    assert limits.leaks == []

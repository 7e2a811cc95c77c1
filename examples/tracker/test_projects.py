"""Epics and tasks: results that are right in any order of two transactions."""

import pytest
from projects import EpicFinished


@pytest.mark.concurrency
def test_no_time_is_lost(projects, run_concurrent):
    task = projects.add_task(projects.epic("website"), "draw the logo")
    run_concurrent.together(
        lambda: projects.log_time(task, "1h 30m"),
        lambda: projects.log_time(task, "45m"),
    )
    assert projects.minutes(task) == 135


@pytest.mark.concurrency
def test_one_epic_a_name(projects, run_concurrent):
    first, second = run_concurrent(projects.epic, "website", workers=2)
    assert first == second


@pytest.mark.concurrency
def test_a_finished_epic_has_no_open_task(projects, run_concurrent):
    epic = projects.epic("website")

    def add():
        try:
            projects.add_task(epic, "one more thing")
        except EpicFinished:
            pass

    run_concurrent.together(add, lambda: projects.finish(epic))
    assert projects.open_tasks(epic) == []


@pytest.mark.concurrency
def test_finish_while_the_journal_is_archived(projects, run_concurrent):
    epic = projects.epic("website")
    run_concurrent.together(lambda: projects.finish(epic), projects.journal.archive)
    archived = len(projects.database.query("SELECT line FROM archive"))
    assert archived + len(projects.journal.lines()) == 1

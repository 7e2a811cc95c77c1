"""The log file."""

import pytest
from journal import Journal, UnlockedJournal


@pytest.fixture
def lines(choose, tmp_path, database):
    return choose(Journal, UnlockedJournal)(tmp_path / "lines.log", database)


@pytest.mark.concurrency
def test_lines_are_whole(lines, run_concurrent):
    run_concurrent(lines.write, "a task is done", workers=2)
    assert sorted(lines.lines()) == ["worker-0: a task is done", "worker-1: a task is done"]


@pytest.mark.concurrency
def test_no_line_is_lost(lines, run_concurrent):
    run_concurrent.together(lambda: lines.write("a task is done"), lines.flush)
    assert lines.lines() == ["worker-0: a task is done"]

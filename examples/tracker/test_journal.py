"""The log file."""

import pytest
from journal import Journal, UnbufferedJournal, UnlockedJournal


@pytest.mark.concurrency
def test_lines_are_whole(choose, tmp_path, database, run_concurrent):
    lines = choose(Journal, UnbufferedJournal)(tmp_path / "lines.log", database)
    run_concurrent(lines.write, "a task is done", workers=2)
    assert sorted(lines.lines()) == ["worker-0: a task is done", "worker-1: a task is done"]


@pytest.mark.concurrency
def test_no_line_is_lost(choose, tmp_path, database, run_concurrent):
    lines = choose(Journal, UnlockedJournal)(tmp_path / "lines.log", database)
    run_concurrent.together(lambda: lines.write("a task is done"), lines.flush)
    assert lines.lines() == ["worker-0: a task is done"]

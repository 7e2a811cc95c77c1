"""The log file."""

import pytest
from journal import Journal, TornJournal


@pytest.fixture
def torn(choose, tmp_path, database):
    return choose(Journal, TornJournal)(tmp_path / "lines.log", database)


@pytest.mark.concurrency
def test_lines_are_whole(torn, run_concurrent):
    run_concurrent(torn.write, "a task is done", workers=2)
    assert sorted(torn.lines()) == ["worker-0: a task is done", "worker-1: a task is done"]


@pytest.mark.concurrency
def test_no_line_is_lost(torn, run_concurrent):
    run_concurrent.together(lambda: torn.write("a task is done"), torn.flush)
    assert torn.lines() == ["worker-0: a task is done"]

"""Epics that move between two databases."""

import pytest
from archive import Archive, HastyArchive
from durations import Durations
from projects import Projects


@pytest.fixture
def archive(choose, tmp_path):
    archive = choose(Archive, HastyArchive)(tmp_path / "archive.db", tmp_path / "tracker.db")
    archive.create()
    return archive


@pytest.mark.concurrency
def test_one_epic_goes_while_another_returns(archive, database, journal, run_concurrent):
    database.create()
    projects = Projects(database, Durations(), journal)
    shop, website = projects.epic("shop"), projects.epic("website")
    projects.finish(shop)
    projects.finish(website)
    archived = archive.put(shop)

    run_concurrent.together(lambda: archive.put(website), lambda: archive.restore(archived))
    assert archive.names() == ["website"]
    assert database.query("SELECT name FROM epic") == [("shop",)]

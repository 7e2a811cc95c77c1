"""The parts of the tracker, each on a new database; the tests run with the fixed and with the buggy version of each."""

import pytest
from database import Database, LocalDatabase
from durations import Durations
from journal import Journal
from projects import HastyProjects, Projects


@pytest.fixture(params=["fixed", "buggy"])
def choose(request):
    """One of two classes."""
    return lambda fixed, buggy: {"fixed": fixed, "buggy": buggy}[request.param]


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch):
    """A test need not survive a power cut. Waiting for the disk takes twenty times as long as everything else."""
    monkeypatch.setattr(Database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "tracker.db")
    yield database
    database.close()


@pytest.fixture
def local(choose, tmp_path):
    database = choose(Database, LocalDatabase)(tmp_path / "tracker.db")
    database.create()
    yield database
    database.close()


@pytest.fixture
def journal(tmp_path, database):
    return Journal(tmp_path / "journal.log", database)


@pytest.fixture
def projects(choose, database, journal):
    version = choose(Projects, HastyProjects)
    database.create(version.SCHEMA)
    return version(database, Durations(), journal)

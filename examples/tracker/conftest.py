"""The parts of the tracker, each on a new database; the tests run with the fixed and with the buggy version of each."""

import pytest
from database import Database
from durations import Durations
from journal import Journal
from projects import HastyProjects, Projects
from statements import Seen, SeenConnection


@pytest.fixture(params=["fixed", "buggy"])
def choose(request):
    """One of two classes."""
    return lambda fixed, buggy: {"fixed": fixed, "buggy": buggy}[request.param]


@pytest.fixture
def factory():
    """What connections are made by."""
    Seen.last = None
    return SeenConnection


@pytest.fixture
def database(tmp_path, factory):
    database = Database(tmp_path / "tracker.db", factory=factory)
    yield database
    database.close()


@pytest.fixture
def journal(tmp_path, database):
    journal = Journal(tmp_path / "journal.log", database)
    yield journal
    journal.close()


@pytest.fixture
def projects(choose, database, journal):
    version = choose(Projects, HastyProjects)
    database.create(version.SCHEMA)
    return version(database, Durations(), journal)

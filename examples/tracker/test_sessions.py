"""A user who returns keeps the session."""

import time

import pytest
from sessions import ForgetfulSessions, Sessions


@pytest.fixture
def sessions(choose, database):
    database.create()
    return choose(Sessions, ForgetfulSessions)(database)


@pytest.mark.concurrency
def test_a_returning_user_keeps_the_session(sessions, run_concurrent):
    sessions.touch("ada")
    sessions.touch("bob")
    time.sleep(sessions.IDLE + 1)
    run_concurrent.together(lambda: sessions.touch("ada"), sessions.expire)
    assert sessions.users() == ["ada"]

"""Tracebacks have no frames of the plugin, neither those of an exception's causes nor those of a group's members."""

from __future__ import annotations

import pytest

pytest.importorskip("fcntl")

SOURCE = """
import contextlib
import fcntl


class AlreadyLocked(Exception):
    pass


@pytest.fixture
def locked(tmp_path):
    path = tmp_path / "lock"
    path.write_text("")
    with open(path) as mine, open(path) as other:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield other


def take(file):
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take_with_cause(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AlreadyLocked from error


def take_with_context(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise AlreadyLocked


def take_with_group(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ExceptionGroup("locks", [error])


def release_with_cause(file):
    try:
        threading.Lock().release()
    except RuntimeError as error:
        raise AlreadyLocked from error
"""
WAYS = ("take", "take_with_cause", "take_with_context", "take_with_group", "release_with_cause")
BODIES = {
    "main": "    run_concurrent(int)\n    {way}(locked)",
    "worker": "    run_concurrent({way}, locked, workers=1)",
    "workers": "    run_concurrent({way}, locked)",
    "thread": "    thread = threading.Thread(target={way}, args=(locked,))\n    thread.start()\n    thread.join()",
}


@pytest.mark.parametrize("body", BODIES)
def test_no_frame_is_of_the_plugin(run, body):
    tests = "".join(
        f"\n\n@pytest.mark.concurrency(schedules=3)\ndef test_{way}(locked, run_concurrent):\n"
        + BODIES[body].format(way=way)
        for way in WAYS
    )
    done = run(SOURCE + tests)
    done.result.assert_outcomes(failed=len(WAYS))
    assert "pytest_interleave/" not in done.text.partition("= FAILURES =")[2]
    assert done.text.count("The above exception was the direct cause") >= 2


def test_the_frames_of_two_fixtures_that_fail_are_their_own(run):
    done = run(
        """
@pytest.fixture
def first():
    yield
    raise ValueError(1)


@pytest.fixture
def second():
    yield
    raise KeyError(2)


@pytest.mark.concurrency
def test_it(first, second, run_concurrent, counter):
    run_concurrent(counter.increment)
"""
    )
    done.result.assert_outcomes(failed=1)
    assert "pytest_interleave/" not in done.text.partition("= FAILURES =")[2]

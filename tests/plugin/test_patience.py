"""Correct tests that wait for something outside for longer than an execution usually waits do not fail."""

from __future__ import annotations

import pytest

LITTLE_PATIENCE = """
from pytest_interleave.control.execution.outside import _outside, _patience
from pytest_interleave.control.execution.progress import _progress
_patience.OUTSIDE_PATIENCE = _patience.TIMEOUT_PATIENCE = _patience.FOREIGN_PATIENCE = 0.2
_outside.POLLING_PATIENCE = _progress.PATIENCE = 0.2
"""

CHILD = """
import subprocess
import sys

@pytest.fixture
def child():
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(0.5)"])
    yield child
    child.kill()
    child.wait()
"""


@pytest.fixture
def _little_patience(pytester):
    pytester.makeconftest(LITTLE_PATIENCE)


@pytest.mark.usefixtures("_little_patience")
def test_a_child_process_is_polled_until_it_ends(run):
    done = run(
        CHILD
        + """
@pytest.mark.concurrency(schedules=1)
def test_sleeps(child):
    while child.poll() is None:
        time.sleep(0.05)

@pytest.mark.concurrency(schedules=1)
def test_has_a_limit(child):
    deadline = time.monotonic() + 50
    while child.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)

@pytest.mark.concurrency(schedules=1)
def test_in_a_thread(child):
    ended = threading.Event()

    def watch():
        while child.poll() is None:
            time.sleep(0.05)
        ended.set()

    thread = threading.Thread(target=watch)
    thread.start()
    assert ended.wait(40)
    thread.join()
"""
    )
    done.result.assert_outcomes(passed=3)


@pytest.mark.thorough
@pytest.mark.usefixtures("_little_patience")
def test_a_failure_after_a_long_wait_is_still_found(run):
    done = run(
        CHILD
        + """
@pytest.mark.concurrency(schedules=1)
def test_fails(child):
    while child.poll() is None:
        time.sleep(0.05)
    assert child.returncode == 1
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["*assert 0 == 1*"])


@pytest.mark.thorough
@pytest.mark.usefixtures("_little_patience")
def test_a_replay_is_patient(run):
    source = (
        CHILD
        + """
@pytest.mark.concurrency(schedules=1)
def test_fails(child):
    while child.poll() is None:
        time.sleep(0.05)
    assert child.returncode == 1
"""
    )
    done = run(source)
    again = run(None, *done.command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["*assert 0 == 1*"])


def test_a_deadlock_after_waits_outside_is_run_again(run):
    done = run(
        """
import subprocess
import sys

@pytest.mark.concurrency(schedules=3, seconds=60)
def test_crossed(run_concurrent):
    first, second = threading.Lock(), threading.Lock()

    def both(one, other):
        with one:
            subprocess.run([sys.executable, "-Sc", "import time; time.sleep(0.5)"], check=True)
            with other:
                pass

    run_concurrent.together(lambda: both(first, second), lambda: both(second, first))
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["*Deadlock: lock-order inversion between Lock #1 and Lock #2"])
    done.result.stdout.no_fnmatch_line("*was blocked outside the plugin's control*")

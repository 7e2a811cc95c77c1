"""Tokens that another version of Python has recorded: they are followed, or the run says that they were not."""

from __future__ import annotations

import sys

import pytest

from pytest_interleave.explore import Token, python_version
from tests.thorough import thorough

#: Its failure takes a switch while the pool's thread waits for work, in code of the standard library.
POOL = """
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor


class Throttle:
    def __init__(self):
        self.jobs, self.event, self.stop = deque(), threading.Event(), False
        self.pool = ThreadPoolExecutor(1)
        self.thread = threading.Thread(target=self.loop, name="loop", daemon=True)
        self.thread.start()

    def loop(self):
        while not self.stop:
            self.event.clear()
            while self.jobs:
                future, fn = self.jobs.popleft()
                self.pool.submit(fn).add_done_callback(lambda inner, future=future: self.done(inner, future))
            self.event.wait()

    def done(self, inner, future):
        self.event.set()
        future.set_result(inner.result())

    def submit(self, fn):
        future = Future()
        self.jobs.append((future, fn))
        self.event.set()
        return future

    def shutdown(self):
        self.stop = True
        self.pool.shutdown()
        self.event.set()
        self.thread.join(3600)


MARK
def test_it():
    throttle = Throttle()
    assert throttle.submit(lambda: 7).result() == 7
    throttle.shutdown()
    assert not throttle.thread.is_alive()
"""
MARK = "@pytest.mark.concurrency(strategy='exhaustive')"
HARMLESS = POOL.replace("    assert not throttle", "    print(not throttle")[:-1] + ")\n"

RACE = """
MARK
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2
"""

OTHER = f"3.{sys.version_info.minor + 1}"


def marked(source: str, mark: str = MARK) -> str:
    return source.replace("MARK", mark)


def recorded_elsewhere(token: str, *, later: bool = False) -> str:
    """The token, as another version of Python would have it; `later`, if it reaches the first place more often."""
    read = Token.parse(token)
    first, *others = read.switches
    if later:
        first = first._replace(occurrence=first.occurrence + 40)
    return str(read._replace(python=OTHER, switches=(first, *others)))


@pytest.fixture
def token(token_of):
    return token_of(marked(POOL))


def test_a_place_that_another_python_reaches_more_often(run, token, report):
    other = recorded_elsewhere(token, later=True)
    done = run(marked(POOL), f"--interleave-replay={other}", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    assert f"cannot replay {other}: it was recorded on Python {OTHER}, this is Python {python_version()}" in done.flat
    assert "(context switch 1 of " in done.text
    assert f"The bug may still be there. Replay it on Python {OTHER}, or run the test here" in done.text
    (row,) = report()["tests"]
    assert row["lost"].startswith(f"cannot replay {other}: it was recorded on")
    assert row["finding"] is None
    done.result.stdout.fnmatch_lines(
        ["FAILED test_it.py::test_it  the token's schedule cannot be replayed: the code may have changed (*"]
    )


def test_a_context_switch_in_code_of_python(run, token):
    other = recorded_elsewhere(token)
    run(marked(POOL), f"--interleave-replay={other}").result.assert_outcomes(failed=1)
    done = run(marked(HARMLESS), f"--interleave-replay={other}")
    done.result.assert_outcomes(failed=1)
    assert "it is in Python's own code, which differs between versions" in done.flat
    # On the same version it was followed, every step of it.
    run(marked(HARMLESS), f"--interleave-replay={token}", "-W", "error").result.assert_outcomes(passed=1)


@thorough
def test_a_context_switch_in_code_of_the_project(run, token_of):
    token = token_of(marked(RACE))
    other = recorded_elsewhere(token)
    run(marked(RACE), f"--interleave-replay={other}").result.assert_outcomes(failed=1)
    harmless = marked(RACE.replace("== 2", "> 0"))
    done = run(harmless, f"--interleave-replay={other}")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert f"{other} passed, but was recorded on Python {OTHER}, this is Python {python_version()} (" in done.text
    run(harmless, f"--interleave-replay={token}", "-W", "error").result.assert_outcomes(passed=1)


def test_on_the_same_python_a_schedule_that_is_followed_in_part_is_a_warning(run, token_of):
    token = token_of(marked(RACE))
    read = Token.parse(token)
    first, *others = read.switches
    later = str(read._replace(switches=(first._replace(occurrence=40), *others)))
    done = run(marked(RACE), f"--interleave-replay={later}")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert f"{later} passed, but was replayed only in part (context switch 1 of " in done.text


def test_a_pin_of_another_python_is_a_warning(run, token):
    for pin, warnings in ((recorded_elsewhere(token, later=True), 1), (token, 0)):
        done = run(marked(HARMLESS, f"@pytest.mark.interleaving({pin!r})"))
        done.result.assert_outcomes(passed=1, warnings=warnings)
        assert ("cannot replay " in done.text) == bool(warnings)

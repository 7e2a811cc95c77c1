"""Tests that fail only because they are repeated in one process: an earlier run has left state behind."""

from __future__ import annotations

import pytest

NOT_A_RACE = "Not a race: the test fails only when it is repeated."
BODIES = """
import functools
import itertools

cache = {}
items = []
registry = {"hooks": []}
numbers = itertools.count()
stock = [3]
initialized = False
unrelated = []


class Service:
    made = 0

    def __init__(self):
        Service.made += 1
        self.log = []


service = Service()


@functools.cache
def load():
    loaded.append(1)


loaded = []


@pytest.fixture(scope="module")
def rows():
    return []


def unused():
    unrelated.append(1)


MARK
class TestState:
    def test_cache(self, each):
        fresh = "key" not in cache
        each(lambda: cache.setdefault("key", 1))
        assert fresh

    def test_flag(self, each):
        global initialized
        before = initialized

        def initialize():
            global initialized
            initialized = True

        each(initialize)
        assert not before

    def test_class_attribute(self, each):
        each(Service)
        assert Service.made <= 3

    def test_cached_function(self, each):
        loaded.clear()
        each(load)
        assert loaded

    def test_list(self, each):
        each(lambda: items.append(1))
        assert len(items) <= 2

    def test_nested(self, each):
        each(lambda: registry["hooks"].append(1))
        assert len(registry["hooks"]) <= 2

    def test_object(self, each):
        each(lambda: service.log.append(1))
        assert len(service.log) <= 2

    def test_new_attribute(self, each):
        each(int)
        assert not hasattr(service, "seen")
        service.seen = True

    def test_counter(self, each):
        each(lambda: next(numbers))
        assert next(numbers) < 4

    def test_fixture(self, each, rows):
        each(lambda: rows.append(1))
        assert len(rows) <= 2
"""
VARIABLES = {
    "test_cache": "test_it.cache",
    "test_flag": "test_it.initialized",
    "test_class_attribute": "test_it.Service.made",
    "test_cached_function": "the cache of test_it.load()",
    "test_list": "test_it.items",
    "test_nested": "test_it.registry",
    "test_object": "test_it.service.log",
    "test_new_attribute": "test_it.service.seen",
    "test_counter": "test_it.numbers",
    "test_fixture": "fixture rows",
}
IN_CONCURRENCY = """
@pytest.fixture
def each(run_concurrent):
    return run_concurrent
"""
IN_WORKERS = """
@pytest.fixture
def each():
    return lambda function: function()
"""


@pytest.mark.parametrize("marker", ["concurrency", "thread_safety(workers=2)"])
def test_the_state_that_an_earlier_run_has_left_is_named(run, report, marker):
    source = BODIES.replace("MARK", f"@pytest.mark.{marker}")
    done = run(
        source + (IN_CONCURRENCY if marker == "concurrency" else IN_WORKERS),
        "--interleave-json=report.json",
        "-p",
        "no:randomly",
    )
    rows = {row["nodeid"].rpartition("::")[2]: row["finding"] for row in report()["tests"]}
    assert done.text.count("Not a race: ") == len(VARIABLES)
    assert done.text.count(NOT_A_RACE) == len(VARIABLES)
    text = " ".join(done.text.split())
    named = {name: f"State left by an earlier run: {variable}." in text for name, variable in VARIABLES.items()}
    assert all(named.values()), (named, done.text)
    assert "reset that state in a fixture" in text
    assert "race condition" not in text.lower()
    assert not done.lines("Replay this schedule")
    assert {finding.get("simplest") for finding in rows.values()} == (
        {None} if marker == "concurrency" else {"repeated"}
    )


def test_what_an_earlier_worker_has_left_is_no_failure_of_one_worker(run):
    done = run(
        """
stock = [3]


@pytest.mark.thread_safety
def test_it():
    stock[0] -= 1
    assert stock[0] > 1
""",
    )
    text = " ".join(done.text.split())
    assert NOT_A_RACE in text
    assert "one worker runs it again. State left by an earlier run: test_it.stock." in text


def test_a_fixture_that_resets_the_state_makes_a_difference(run):
    done = run(
        """
cache = {}


@pytest.fixture(autouse=True)
def reset():
    cache.clear()


@pytest.mark.concurrency(schedules=20)
def test_it(run_concurrent):
    fresh = not cache
    run_concurrent(lambda: cache.setdefault("key", 1))
    assert fresh


@pytest.mark.thread_safety(workers=2)
def test_twice():
    assert "key" not in cache
    cache["key"] = 1
""",
    )
    done.result.assert_outcomes(passed=1, failed=1)
    assert "Not a race: the test body fails when it runs twice on the same fixtures." in done.text


RACES = """
total = 0
calls = 0


@pytest.mark.concurrency
def test_left_by_the_race(run_concurrent):
    def add():
        global total
        before = total
        total = before + 1

    def remove():
        global total
        total = total - 1

    run_concurrent.together(add, remove)
    assert total == 0


@pytest.mark.concurrency
def test_after_preemptions(run_concurrent):
    def call():
        global calls
        calls = calls + 1

    run_concurrent(call)
    assert calls < 12 + 0 * total
"""


def test_state_that_a_race_may_have_left_is_not_said_to_be_no_race(run):
    done = run(RACES)
    done.result.assert_outcomes(failed=2)
    assert "Not a race" not in done.text
    text = " ".join(done.text.split())
    assert "State left by this schedule or an earlier one: test_it.total. The first schedule, which passed," in text
    assert "The test fails only after earlier schedules" in text
    assert "State left by an earlier run: test_it.calls. A race in an earlier schedule may have left that" in text
    # In a fresh process, the schedule that was found first has the race.
    again = run(None, "test_it.py::test_left_by_the_race", f"--interleave-replay={_token(done)}")
    again.result.assert_outcomes(failed=1)
    assert again.lines("Lost update on global total")


def test_a_race_on_fresh_state_is_a_race(run):
    done = run(
        """
seen = []


@pytest.mark.thread_safety(workers=2)
def test_it(counter):
    seen.append(1)
    before = counter.value
    counter.increment()
    assert counter.value == before + 1
""",
    )
    done.result.assert_outcomes(failed=1)
    assert "only when it is repeated" not in done.text
    assert "State left" not in done.text


def _token(done):
    return next(option for option in done.lines("pytest 'test_it.py::test_left")[0].split("=")[1:])


def test_an_exception_that_only_a_pool_has_seen_is_a_failure_of_the_first_run(run):
    done = run(
        """
def fail():
    raise ValueError("no connection")


@pytest.mark.concurrency(schedules=5)
def test_it(thread_pool):
    for _ in range(3):
        thread_pool.submit(fail)
"""
    )
    done.result.assert_outcomes(failed=1)
    assert "only when it is repeated" not in done.text

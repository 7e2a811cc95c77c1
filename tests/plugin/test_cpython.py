"""CPython's tests of its primitives and queues, as a user marks them: all pass, and nothing in them is replaced."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.thorough import some

from .conftest import Run

pytest.importorskip("test.lock_tests", reason="the interpreter is installed without its tests")
pytest.importorskip("test.test_queue", reason="the interpreter is installed without its tests")

LOCKS = """
from test import lock_tests

pytestmark = pytest.mark.concurrency(schedules={schedules})


class TestLock(lock_tests.LockTests):
    locktype = staticmethod(threading.Lock)


class TestRLock(lock_tests.RLockTests):
    locktype = staticmethod(threading.RLock)


class TestCondition(lock_tests.ConditionTests):
    condtype = staticmethod(threading.Condition)


class TestEvent(lock_tests.EventTests):
    eventtype = staticmethod(threading.Event)


class TestSemaphore(lock_tests.SemaphoreTests):
    semtype = staticmethod(threading.Semaphore)


class TestBoundedSemaphore(lock_tests.BoundedSemaphoreTests):
    semtype = staticmethod(threading.BoundedSemaphore)


class TestBarrier(lock_tests.BarrierTests):
    barriertype = staticmethod(threading.Barrier)
"""

#: In C and in Python: the module is imported twice for that, and neither is the one that everybody else has.
QUEUES = """
from test import test_queue

pytestmark = pytest.mark.concurrency(max_steps=5_000, seconds=1, schedules={1})


class Test{0}(test_queue.C{0}Test):
    pass


class TestPy{0}(test_queue.Py{0}Test):
    pass
"""


@pytest.fixture
def passes(run: Callable[..., Run], pytester: pytest.Pytester) -> Callable[[str], None]:
    """`passes(source)`: all tests in it pass under control."""

    def check(source: str) -> None:
        pytester.makeini("[pytest]\ninterleave_include = test")
        done = run(source, "-rs", timeout=300)
        assert done.result.ret == 0, done.text
        outcomes = done.result.parseoutcomes()
        # Some are skipped where the interpreter lacks what they are about, as they are without the plugin.
        assert set(outcomes) - {"warning", "warnings"} <= {"passed", "skipped"}, done.text
        assert outcomes["passed"] > 10 * outcomes.get("skipped", 0)
        tried = re.findall(r"^\w+ test_it\.py::\S+  .*[( ](\d+) (?:of \d+ )?schedules?\b", done.text, re.MULTILINE)
        assert len(tried) == outcomes["passed"]
        assert "threads were not controlled" not in done.text

    return check


some_schedules = pytest.mark.parametrize("schedules", some([3, 200], 1))


@some_schedules
def test_locks(passes: Callable[[str], None], schedules: int) -> None:
    passes(LOCKS.replace("{schedules}", str(schedules)))


@some_schedules
@pytest.mark.parametrize("kind", some(["Queue", "SimpleQueue", "LifoQueue", "PriorityQueue", "FailingQueue"], 1))
def test_queues(passes: Callable[[str], None], kind: str, schedules: int) -> None:
    passes(QUEUES.format(kind, schedules))

"""CPython's own tests of `queue`, with our primitives beneath: outside control, and under it."""

from __future__ import annotations

import queue
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_interleave.control import primitives
from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import executions, require_good_end
from tests.thorough import thorough

test_queue = pytest.importorskip("test.test_queue", reason="the interpreter is installed without its tests")

_EXCLUDED = {
    # Is about the real class being the C one.
    "test_is_default",
    # Counts how often a collection of garbage runs in the middle of C code.
    "test_reentrancy",
}
#: Of a hundred threads, or of tens of thousands of messages: more steps than show anything new.
_TOO_LARGE_UNDER_CONTROL = {
    "test_many_threads",
    "test_many_threads_nonblock",
    "test_many_threads_timeout",
    "test_shutdown_all_methods_in_many_threads",
    "test_shutdown_immediate_all_methods_in_many_threads",
}
_CLASSES: dict[str, tuple[type, dict[str, Any]]] = {
    "Queue": (test_queue.QueueTest, {"queue": queue, "type2test": queue.Queue}),
    "LifoQueue": (test_queue.LifoQueueTest, {"queue": queue, "type2test": queue.LifoQueue}),
    "PriorityQueue": (test_queue.PriorityQueueTest, {"queue": queue, "type2test": queue.PriorityQueue}),
    "FailingQueue": (test_queue.FailingQueueTest, {"queue": queue}),
    "SimpleQueue": (test_queue.BaseSimpleQueueTest, {"queue": queue, "type2test": primitives.SimpleQueue}),
}


def _made(name: str) -> type[unittest.TestCase]:
    base, attributes = _CLASSES[name]
    made: type[unittest.TestCase] = type(f"{name}Test", (base, unittest.TestCase), dict(attributes))
    return made


def _each_case() -> Iterator[Any]:
    for name in _CLASSES:
        made = _made(name)
        for method in unittest.defaultTestLoader.getTestCaseNames(made):
            if method not in _EXCLUDED:
                yield pytest.param(made, method, id=f"{name}-{method}")


_CASES = list(_each_case())
_CASES_UNDER_CONTROL = [case for case in _CASES if case.values[1] not in _TOO_LARGE_UNDER_CONTROL]


@thorough
@pytest.mark.parametrize(("case", "method"), _CASES)
def test_outside_control(case: type[unittest.TestCase], method: str) -> None:
    case(method).debug()


@pytest.mark.parametrize(("case", "method"), _CASES_UNDER_CONTROL)
def test_under_control(case: type[unittest.TestCase], method: str, scope_with: Callable[..., None]) -> None:
    scope_with("test.test_queue")
    for strategy, number in ((NonPreemptive(), 1), (RandomWalk(1), 2), (RandomWalk(2), 2)):
        for outcome in executions(lambda: case(method).debug(), strategy, number):
            require_good_end(outcome, f"{method} under {strategy.name}")

"""CPython's own tests of `queue`, run with our primitives beneath: outside control, and as controlled executions."""

from __future__ import annotations

import queue
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_interleave.control import primitives
from pytest_interleave.explore import NonPreemptive, RandomWalk

from .driving import check, execute, executions, require_good_end, value_of

test_queue = pytest.importorskip("test.test_queue", reason="this interpreter is installed without its own tests")

_EXCLUDED = {
    # Is about the real class being the C one.
    "test_is_default",
    # Counts how often a collection of garbage runs in the middle of C code.
    "test_reentrancy",
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


@pytest.mark.parametrize(("case", "method"), _CASES)
def test_outside_control(case: type[unittest.TestCase], method: str) -> None:
    case(method).debug()


@pytest.mark.parametrize(("case", "method"), _CASES)
def test_under_control(
    case: type[unittest.TestCase], method: str, scope_with: Callable[..., None]
) -> None:
    scope_with("test.test_queue")
    for strategy, number in ((NonPreemptive(), 1), (RandomWalk(1), 2), (RandomWalk(2), 2)):
        for outcome in executions(lambda: case(method).debug(), strategy, number):
            require_good_end(outcome, f"{method} under {strategy.name}")

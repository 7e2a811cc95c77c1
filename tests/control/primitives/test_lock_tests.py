"""CPython's own tests of its primitives, run with ours: outside control, and as controlled executions."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_interleave.control import primitives
from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import executions, require_good_end
from tests.thorough import thorough

lock_tests = pytest.importorskip("test.lock_tests", reason="the interpreter is installed without its tests")

#: Which of CPython's classes tests what.
_CLASSES: dict[str, dict[str, Any]] = {
    "LockTests": {"locktype": primitives.Lock},
    "RLockTests": {"locktype": primitives.RLock},
    "EventTests": {"eventtype": primitives.Event},
    "ConditionTests": {"condtype": primitives.Condition},
    "SemaphoreTests": {"semtype": primitives.Semaphore},
    "BoundedSemaphoreTests": {"semtype": primitives.BoundedSemaphore},
    "BarrierTests": {"barriertype": primitives.Barrier},
}


def _cases() -> list[Any]:
    return list(_each_case())


def _each_case() -> Iterator[Any]:
    for name, types in _CLASSES.items():
        made = type(name, (getattr(lock_tests, name), unittest.TestCase), dict(types))
        for method in unittest.defaultTestLoader.getTestCaseNames(made):
            yield pytest.param(made, method, id=f"{name}-{method}")


@thorough
@pytest.mark.parametrize(("case", "method"), _cases())
def test_outside_control(case: type[unittest.TestCase], method: str) -> None:
    case(method).debug()


@pytest.mark.parametrize(("case", "method"), _cases())
def test_under_control(case: type[unittest.TestCase], method: str, scope_with: Callable[..., None]) -> None:
    # In scope, every access of CPython's test to its own lists is a scheduling point, and the names that it
    # has imported (`start_new_thread`) are the controlled ones.
    scope_with("test.lock_tests")
    for strategy, number in ((NonPreemptive(), 1), (RandomWalk(1), 3), (RandomWalk(2), 3)):
        for outcome in executions(lambda: case(method).debug(), strategy, number):
            require_good_end(outcome, f"{method} under {strategy.name}")

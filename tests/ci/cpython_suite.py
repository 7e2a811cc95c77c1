"""A pytest plugin that runs tests of CPython's own suite, each under control if MARKED is set, and notes the outcomes.

Run by `test_cpython.py`, in processes of their own.
"""

from __future__ import annotations

import inspect
import json
import os
import unittest
from typing import Any

import pytest

outcomes: dict[str, str] = {}


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for module in {item.module for item in items}:
        load = getattr(module, "load_tests", None)
        if load is not None:
            # It gives the test classes what they test.
            load(unittest.TestLoader(), unittest.TestSuite(), None)
    for item in items:
        # Coroutines cannot be marked.
        if os.environ["MARKED"] and not inspect.iscoroutinefunction(item.obj):
            item.add_marker(pytest.mark.concurrency(schedules=1))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        known = outcomes.get(report.nodeid)
        if known is None or known == "passed" or report.outcome == "failed":
            outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    with open(os.environ["OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)

"""Hooks that are called for each test, or several times for each: only where a test is ours."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .settings._stash import reported_key, taken_over_key

_NAME = "interleave-tests"


def register_test_hooks(manager: pytest.PytestPluginManager) -> None:
    """From now on, what is ours about tests is reported, and undone; does nothing where that is so already."""
    if not manager.has_plugin(_NAME):
        manager.register(_TestHooks(), _NAME)


def unregister_test_hooks(manager: pytest.PytestPluginManager) -> None:
    """No test is ours: a call of a hook costs some microseconds, and many tests take no more than a few hundred."""
    manager.unregister(name=_NAME)


class _TestHooks:
    """What is done after a test, and for its report."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """End the test's own fixtures first; then put the random state and `runtest` back."""
        if taken_over_key not in item.stash:
            return (yield)
        from ._marked_test import give_back, own_fixtures_first

        try:
            with own_fixtures_first(item):
                return (yield)
        finally:
            give_back(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the interleaving to a failure, and the figures to the report of the call."""
        report = yield
        if reported_key in item.stash:
            from ._marked_test import add_to_report

            add_to_report(item, call, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_exception_interact(
        self, node: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, object, object]:
        """With `--pdb`: stop in the thread that failed."""
        if not node.stash.get(taken_over_key, False):
            return (yield)
        from .items._debugging import in_failing_thread

        with in_failing_thread(call):
            return (yield)

    @pytest.hookimpl
    def pytest_leave_pdb(self) -> None:
        """A debugger lets the program go on."""
        from ..control import debugger_left

        debugger_left()

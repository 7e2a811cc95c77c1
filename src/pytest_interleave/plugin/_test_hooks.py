"""Hooks that pytest calls for each test, or several times for each: registered only if a test may be marked."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from ._lazy_gatherer import make_gatherer
from .items._taken_over import is_controlled, is_taken_over
from .settings._reported_tests import is_reported

_NAME = "interleave-tests"


def register_test_hooks(manager: pytest.PytestPluginManager) -> None:
    """Have pytest call the hooks for each test from now on, if it does not already."""
    if not manager.has_plugin(_NAME):
        manager.register(_TestHooks(), _NAME)


def unregister_test_hooks(manager: pytest.PytestPluginManager) -> None:
    """Take the hooks away, as no test is marked.

    A call of a hook costs some microseconds, and many tests take no more than a few hundred.
    """
    manager.unregister(name=_NAME)


def start_reporting(config: pytest.Config) -> None:
    """Gather the results of the run, and add to the reports of its tests, if that is not done already."""
    register_test_hooks(config.pluginmanager)
    make_gatherer(config)


class _TestHooks:
    """The hooks after a test, and for its reports."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """End the test's own fixtures first; then put the random state and `runtest` back."""
        if not is_taken_over(item):
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
        if is_reported(item):
            from ._marked_test import add_to_report

            add_to_report(item, call, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_exception_interact(
        self, node: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, object, object]:
        """Stop in the thread that failed, with `--pdb`."""
        if not is_controlled(node):
            return (yield)
        from .items._debugging import in_failing_thread

        with in_failing_thread(call):
            return (yield)

    @pytest.hookimpl
    def pytest_leave_pdb(self) -> None:
        """Note that the user has left the debugger, and the program continues."""
        from ..control import debugger_left

        debugger_left()

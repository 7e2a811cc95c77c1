"""Checks each marked test for leaks: files, sockets, threads and processes that it has left open."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from ..._warnings import InterleaveWarning
from ._test_reports import correct_without_traceback

if TYPE_CHECKING:
    from ...resources import Leak, Snapshot

#: Tests with any of these markers are checked.
MARKERS = frozenset(("concurrency", "interleaving", "stress", "thread_safety"))

#: The leaks that blocks with resource limits have reported already.
reported_leaks_key: pytest.StashKey[list[Leak]] = pytest.StashKey()
#: Drops the references to values of the test that the plugin itself holds: they are no leaks of the test.
release_values_key = pytest.StashKey[Callable[[], None]]()
_before_key: pytest.StashKey[Snapshot] = pytest.StashKey()


def is_watched(item: pytest.Item) -> bool:
    """Whether the test is checked for leaks."""
    return isinstance(item, pytest.Function) and any(mark.name in MARKERS for mark in item.iter_markers())


def check_for_leaks(config: pytest.Config, items: list[pytest.Item], mode: str) -> None:
    """Register the hooks if any of the tests is checked for leaks and `mode` is not "ignore"."""
    if mode != "ignore" and any(map(is_watched, items)):
        config.pluginmanager.register(LeakCheck(mode), "interleave-leaks")


class LeakCheck:
    """Checks tests for leaks, as a plugin of pytest. `mode` is "warn" or "error"."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Take a snapshot when all fixtures are made: what they have opened is no leak of the test."""
        result = yield
        if is_watched(item):
            from ...resources import Snapshot

            item.stash[_before_key] = Snapshot()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Do not check a test that did not pass: its traceback keeps open what the test had open."""
        report = yield
        if call.when == "call" and (report.outcome != "passed" or hasattr(report, "wasxfail")):
            _take_snapshot(item)
        if call.excinfo is not None and type(call.excinfo.value).__name__ == "ResourceLeak":
            correct_without_traceback(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Compare with the snapshot when all fixtures of the test have ended."""
        __tracebackhide__ = True
        result = yield
        before = _take_snapshot(item)
        if before is not None:
            known = item.stash.get(reported_leaks_key, [])
            leaks = [
                leak for leak in before.leaks(lambda: self._release_values(item)) if not any(map(leak.same_as, known))
            ]
            if leaks:
                self._report(item, leaks)
        return result

    def _release_values(self, item: pytest.Item) -> None:
        """Drop the values of the test, which is over, that only pytest and the plugin hold: they are no leaks."""
        release = item.stash.get(release_values_key, None)
        if release is not None:
            release()
        values = getattr(item, "funcargs", None)
        if values:
            values.clear()
        if hasattr(item, "_instance"):
            # The instance of its class; pytest makes a new one if it needs one.
            del item._instance
            item._obj = None  # type: ignore[attr-defined]

    def _report(self, item: pytest.Item, leaks: list[Leak]) -> None:
        __tracebackhide__ = True
        from ...resources import ResourceLeak, describe_leaks

        text = f"resource leak: {describe_leaks(leaks, ' after the test')}"
        if self._mode == "error":
            raise ResourceLeak(text)
        try:
            item.warn(InterleaveWarning(text))
        except InterleaveWarning as warning:
            # Warnings are errors in this run.
            raise warning.with_traceback(None) from None


def _take_snapshot(item: pytest.Item) -> Snapshot | None:
    """Return the snapshot of the test and forget it; None if there is none."""
    before = item.stash.get(_before_key, None)
    if before is not None:
        del item.stash[_before_key]
    return before

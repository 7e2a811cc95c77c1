"""Runs the body of a `unittest.TestCase` test so that it raises its exceptions, which pytest gathers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from ...control import traceback_of
from ._subtests import note_failure, raise_together
from ._workers import quiet_types


class UnittestBody:
    """Runs a test of a `unittest.TestCase` so that it raises its failures, as any other test does."""

    def __init__(self, item: Any) -> None:
        self._item = item
        flag = "__unittest_expecting_failure__"
        #: Whether the test is decorated with `unittest.expectedFailure`, or its class is.
        self.expects_failure = bool(getattr(item.obj, flag, False) or getattr(item.parent.obj, flag, False))
        #: The error for a test that is expected to fail, if it has not failed in any schedule.
        self.unexpected_success: BaseException | None = None

    def run(self, runtest: Callable[[], None]) -> None:
        """Run the test once by `runtest`, the item's own method, and raise its failures."""
        failed: list[BaseException] = []
        state = vars(self._item)
        state.pop("_excinfo", None)
        state["addSubTest"] = lambda _, subtest, raised: _gather(failed, subtest, raised)
        state["addSkip"] = self._add_skip
        try:
            runtest()
        finally:
            del state["addSubTest"], state["addSkip"]
            gathered = state.pop("_excinfo", [])
        for info in gathered:
            error = info.value
            if isinstance(error, BaseExceptionGroup):
                # A group is shown as Python shows it: pytest takes the frames of unittest out of all others.
                error = error.with_traceback(_without_unittest(error.__traceback__))
            if self.expects_failure and type(error) is pytest.fail.Exception:
                # In this schedule; in another one it may fail.
                self.unexpected_success = error
            elif not any(error is known for known in failed):
                failed.append(error)
        raise_together(failed)

    def _add_skip(self, testcase: Any, reason: str) -> None:
        """Skip the test, unless a subtest is skipped: that ends the subtest only."""
        if type(testcase).__name__ != "_SubTest":
            type(self._item).addSkip(self._item, testcase, reason)


def _without_unittest(traceback: TracebackType | None) -> TracebackType | None:
    kept = []
    while traceback is not None:
        if "__unittest" not in traceback.tb_frame.f_globals:
            kept.append(traceback)
        traceback = traceback.tb_next
    return traceback_of(kept)


def _gather(failed: list[BaseException], subtest: Any, raised: Any) -> None:
    """Add the failure of a subtest to those of the test; otherwise each schedule would report all of its subtests."""
    error = raised[1] if isinstance(raised, tuple) else getattr(raised, "value", None)
    if error is not None and not isinstance(error, quiet_types()):
        note_failure(failed, error, subtest._subDescription())

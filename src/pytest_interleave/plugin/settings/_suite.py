"""The option `--interleave-suite`: every test runs in several workers at once, except those that cannot."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ._marker_arguments import is_given, wrong_marker
from ._markers import is_exempt, is_marked_stress, marker_of
from ._options import Options
from ._reported_tests import include_in_reports
from ._unsafe import UNSAFE_FIXTURES, unsafe_call, unsafe_fixture

_of_suite_key = pytest.StashKey[bool]()
_exempt_key = pytest.StashKey[str]()
_left_out_key = pytest.StashKey[str]()

#: Fixtures of the plugin for tests that are not under control. With `race_detector` a test explores a function itself.
_NOT_UNDER_CONTROL = ("run_stress", "measure_speedup", "process_pool", "race_detector")


def is_of_suite(item: pytest.Item) -> bool:
    """Whether the test runs in workers because of `--interleave-suite`."""
    return item.stash.get(_of_suite_key, False)


def left_out(item: pytest.Item) -> str | None:
    """Return why `--interleave-suite` skips the test; None if it does not."""
    return item.stash.get(_left_out_key, None)


def leave_out(item: pytest.Item, reason: str) -> str:
    """Note why `--interleave-suite` skips the test; return the reason of the skip."""
    item.stash[_left_out_key] = reason
    include_in_reports(item)
    return f"excluded from --interleave-suite: {reason}"


def exempt(item: pytest.Item) -> str | None:
    """Return why the marker of its class or module does not apply to the test; None if it does, or is unchecked."""
    return item.stash.get(_exempt_key, None)


def take_suite(items: list[pytest.Item], options: Options) -> None:
    """Mark every test that can run in several workers with `thread_safety`; skip the others, each with its reason.

    Tests with a marker of their own are left as they are.
    """
    assert options.suite is not None
    for item in items:
        if marker_of(item) is not None or is_marked_stress(item):
            continue
        reason = _why_not(item)
        if reason is None:
            item.stash[_of_suite_key] = True
            item.add_marker(pytest.mark.thread_safety(workers=options.suite))
        elif item.get_closest_marker("skip") is None:
            item.add_marker(pytest.mark.skip(reason=leave_out(item, reason)))


def unsafe_reason(marker: pytest.Mark) -> str | None:
    """Return the reason that the marker `thread_unsafe` gives; None if it gives none.

    Raises `ValueError` if its arguments are wrong.
    """
    given = [*marker.args, *marker.kwargs.values()]
    if len(given) > 1 or set(marker.kwargs) - {"reason"} or not all(isinstance(reason, str | None) for reason in given):
        raise ValueError('takes only a reason: write @pytest.mark.thread_unsafe(reason="…")')
    return given[0] if given else None


def check_unsafe(item: pytest.Item) -> None:
    """Check the marker `thread_unsafe` of a test, and note what it exempts the test from.

    Raises `pytest.UsageError` if an argument is wrong.
    """
    reason: str | None = None
    for number, marker in enumerate(item.iter_markers("thread_unsafe")):
        try:
            given = unsafe_reason(marker)
        except ValueError as error:
            raise wrong_marker("thread_unsafe", str(error)) from None
        if number == 0:
            # The closest one.
            reason = _with_reason(given)
    if reason is not None and is_exempt(item):
        item.stash[_exempt_key] = reason
        include_in_reports(item)


def _with_reason(reason: str | None) -> str:
    return "thread_unsafe" if reason is None else f"thread_unsafe: {reason}"


def _why_not(item: pytest.Item) -> str | None:
    """Return why the test cannot run in several workers; None if no reason can be seen."""
    marker = item.get_closest_marker("thread_unsafe")
    if marker is not None:
        try:
            reason = unsafe_reason(marker)
        except ValueError:
            # The error is reported when all markers are checked.
            reason = None
        return _with_reason(reason)
    if not isinstance(item, pytest.Function):
        return "not a Python function"
    function: Any = item.obj
    if inspect.iscoroutinefunction(inspect.unwrap(function)) or inspect.isasyncgenfunction(inspect.unwrap(function)):
        return "asyncio"
    if is_given(function):
        return "Hypothesis"
    fixture = unsafe_fixture(item)
    if fixture is not None:
        return f"uses {fixture}, which {UNSAFE_FIXTURES[fixture]}"
    for name in _NOT_UNDER_CONTROL:
        if name in item.fixturenames:
            return f"uses {name}, which needs an unmarked test"
    call = unsafe_call(item)
    return None if call is None else f"uses {call}, which affects the whole process"

"""Checks that are the same for the arguments of all markers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from types import FunctionType, MethodType
from typing import Any

import pytest

from ..._warnings import InterleaveWarning


def keywords_of(marker: pytest.Mark, names: Sequence[str], positional: str) -> dict[str, Any]:
    """Return the marker's arguments by name; `positional` is the name that an argument without one is meant for.

    Raises `pytest.UsageError` that names the marker and what to write.
    """
    if marker.args:
        first = marker.args[0]
        raise wrong_marker(marker.name, f"takes keyword arguments only: write {positional}={first!r}")
    unknown = sorted(set(marker.kwargs) - set(names))
    if unknown:
        raise wrong_marker(marker.name, f"has no argument {unknown[0]!r}. {_advice(unknown[0], names)}")
    return dict(marker.kwargs)


def refused_async(item: pytest.Item) -> str | None:
    """Describe why an async test is refused; None for all other tests."""
    function = getattr(item, "obj", None)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return f"does not support async def tests: threads only. Write a test that starts threads, or {_REMOVE}."
    return None


def refused_given(item: pytest.Item) -> str | None:
    """Describe why a test of Hypothesis cannot be explored; None for all other tests.

    Hypothesis makes other examples in each execution. Real threads can repeat such a test.
    """
    if is_given(getattr(item, "obj", None)):
        return (
            "does not support Hypothesis tests (@given, state machines) yet. Call the code with examples of your own, "
            f"or {_REMOVE}."
        )
    return None


_REMOVE = "remove the marker (if the class or module has it, mark the test thread_unsafe)"


def is_given(function: object) -> bool:
    """Whether Hypothesis calls the test with examples that it makes: `@given`, or the `TestCase` of a state machine.

    It reads the function's own attributes only: that is quick, and does not import Hypothesis.
    """
    function = function.__func__ if isinstance(function, MethodType) else function
    return isinstance(function, FunctionType) and vars(function).get("is_hypothesis_test") is True


def wrong_marker(marker: str, what: str) -> pytest.UsageError:
    """Return an error that names the marker: "@concurrency takes …". pytest reports it with the test's node id."""
    return pytest.UsageError(f"@{marker} {what}")


def wrong_argument(marker: str, name: str, value: object, what: str) -> pytest.UsageError:
    """Return an error that names an argument and its value: "@concurrency(schedules=0): must be an integer >= 1"."""
    return pytest.UsageError(f"@{marker}({name}={value!r}): {what}")


def warn_no_function(item: pytest.Item, marker: str) -> None:
    """Warn that the marker does nothing here.

    Raises `pytest.UsageError` if warnings are errors: no test runs yet that could fail with the warning.
    """
    text = f"@{marker} has no effect here: the test is not a Python function. Remove the marker"
    try:
        # Not by `item.warn`, which fails for an item without a line of its own.
        # pytest does not name the test in front of a warning that is given before any test runs.
        warnings.warn_explicit(InterleaveWarning(f"{item.nodeid}: {text}"), None, str(item.path), 1)
    except InterleaveWarning:
        raise pytest.UsageError(text) from None


def _advice(unknown: str, names: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(unknown, names, 1)
    return f"Did you mean {near[0]!r}?" if near else f"Its arguments are {', '.join(names)}."

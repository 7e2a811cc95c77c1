"""Debuggers: where they stop, and that nothing else goes on meanwhile."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest


@contextlib.contextmanager
def in_failing_thread(call: pytest.CallInfo[Any]) -> Iterator[None]:
    """While entered, the exception of `call` is not the group that threads have failed with, but the first of these.

    A debugger that is started for it stops where the thread raised it, not where the group was put together.
    """
    excinfo = call.excinfo
    inner = None if excinfo is None else _first_raised(excinfo.value)
    if excinfo is None or inner is None or inner is excinfo.value:
        yield
        return
    call.excinfo = pytest.ExceptionInfo.from_exception(inner)
    try:
        yield
    finally:
        call.excinfo = excinfo


@contextlib.contextmanager
def no_breakpoints() -> Iterator[None]:
    """While entered, `breakpoint()` does nothing: the execution is not the one that somebody wants to look at."""
    before = sys.breakpointhook
    sys.breakpointhook = lambda *_args, **_more: None
    try:
        yield
    finally:
        sys.breakpointhook = before


def _first_raised(error: BaseException) -> BaseException | None:
    """The first exception in a group, however deep, that has a traceback."""
    if not isinstance(error, BaseExceptionGroup):
        return error if error.__traceback__ is not None else None
    return next((found for inner in error.exceptions if (found := _first_raised(inner)) is not None), None)

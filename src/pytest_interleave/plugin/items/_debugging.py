"""Debuggers: where they stop, and that nothing else goes on meanwhile."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ..._leaves import leaves


@contextlib.contextmanager
def in_failing_thread(call: pytest.CallInfo[Any]) -> Iterator[None]:
    """While entered, the exception of `call` is not the group that threads have failed with, but the first of these.

    A debugger that is started for it stops where the thread raised it, not where the group was put together.
    """
    excinfo = call.excinfo
    raised = () if excinfo is None else leaves(excinfo.value)
    inner = next((leaf for leaf in raised if leaf.__traceback__ is not None), None)
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

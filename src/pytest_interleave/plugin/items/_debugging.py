"""Debuggers: they stop in the thread that failed, and not in executions that only prepare another one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ..._leaves import leaves


@contextlib.contextmanager
def in_failing_thread(call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Replace the group of threads' exceptions in `call` by the first of them, as long as the context is entered.

    A debugger that is started for it stops where the thread raised it, not where the group was made.
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
    """Let `breakpoint()` do nothing as long as the context is entered: the execution only prepares another one."""
    before = sys.breakpointhook
    sys.breakpointhook = lambda *_args, **_more: None
    try:
        yield
    finally:
        sys.breakpointhook = before

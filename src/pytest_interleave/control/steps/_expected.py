"""Tells of code that is about to be run within one instruction of other code: see `_leaving`."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

#: Called with code of which it matters from now on where it returns, or yields.
listeners: list[Callable[[CodeType], None]] = []


def expect_code(code: CodeType) -> None:
    """Code that is not in scope may run `code`, or go on with it, within the instruction that comes next."""
    for call in listeners:
        call(code)

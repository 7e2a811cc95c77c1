"""Announces code that is about to be run within one instruction of other code; see `_leaving`."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

#: Called with code whose returns and yields matter from now on.
listeners: list[Callable[[CodeType], None]] = []


def expect_code(code: CodeType) -> None:
    """Announce that code out of scope may run or resume `code` within the next instruction."""
    for call in listeners:
        call(code)

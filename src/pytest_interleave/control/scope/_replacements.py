"""Replacement of attributes, and restoration of their original values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Replacements:
    """The replaced attributes, and how to restore each of them."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def remove(self) -> None:
        """Restore all attributes. Calling it again does nothing."""
        while self._undo:
            self._undo.pop()()

    def _set(self, owner: Any, name: str, value: Any) -> None:
        before = vars(owner)[name]
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))

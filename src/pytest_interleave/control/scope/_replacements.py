"""Puts other things in the place of attributes, and puts back what was there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Replacements:
    """What has been replaced, and how to undo it."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def remove(self) -> None:
        """Put everything back; a second time nothing happens."""
        while self._undo:
            self._undo.pop()()

    def _set(self, owner: Any, name: str, value: Any) -> None:
        before = vars(owner)[name]
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))

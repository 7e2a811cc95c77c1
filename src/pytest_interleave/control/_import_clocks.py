"""Clocks for modules that are being imported.

What they keep of them (`def __init__(self, timer=time.monotonic)`) is ours then, which is the real one wherever nothing
is under control. Between imports and executions the real ones are in place: libraries that freeze time expect them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._dates import replace_methods
from ._time import REPLACEMENTS


class ImportClocks:
    """From its making until it is removed."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []
        for module, name, ours in REPLACEMENTS:
            self._before.append((module, name, getattr(module, name)))
            setattr(module, name, ours)
        self._restore_dates: Callable[[], None] | None = replace_methods()

    def remove(self) -> None:
        """Put the real ones back; a second time nothing happens."""
        while self._before:
            module, name, real = self._before.pop()
            setattr(module, name, real)
        if self._restore_dates is not None:
            self._restore_dates()
            self._restore_dates = None

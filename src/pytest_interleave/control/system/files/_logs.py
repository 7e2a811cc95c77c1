"""Handlers that log to a file, under control: also those that were made, and have opened the file, before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ...execution.units import _current
from ...scope import _real
from .._uses import like
from ._open import Text, announce_writing

_units = _current.units
_get_ident = _real.get_ident


def _emitting(real: Callable[..., Any]) -> Callable[..., Any]:
    def emit(self: Any, record: Any) -> None:
        unit = _units[_get_ident()]
        if unit is not None and type(self.stream) is not Text:
            # It has opened the file before the test.
            announce_writing(unit, self.baseFilename)
        real(self, record)

    return like(real, emit)


def replacements(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `logging`."""
    yield module.FileHandler, "emit", _emitting(module.FileHandler.emit)

"""Clocks for modules that are being imported.

What they keep of classes' methods (`default_factory=datetime.now`) is ours then, which is the real one wherever nothing
is under control. Functions of `time` can stay the real ones: whoever keeps them keeps what is redirected later.
"""

from __future__ import annotations

from ..interpreter._missing import missing_for_control
from ..scope._replacements import Replacements
from ._dates import replace_methods
from ._travel_guard import TravelGuard


class ImportClocks(Replacements):
    """In place from its making until it is removed; never, where nothing can be under control."""

    def __init__(self) -> None:
        super().__init__()
        if missing_for_control() is None:
            self._undo.append(TravelGuard().remove)
            self._undo.append(replace_methods())

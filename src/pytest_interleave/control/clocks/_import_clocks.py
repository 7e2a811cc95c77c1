"""Clocks for modules that are being imported.

What such modules keep of classes' methods (`default_factory=datetime.now`) is then ours, which is the real one if
nothing is under control. Functions of `time` can stay the real ones: code that keeps them keeps what is redirected
later.
"""

from __future__ import annotations

from ..interpreter._missing import missing_for_control
from ..scope._replacements import Replacements
from ._dates import replace_methods
from ._travel_guard import TravelGuard


class ImportClocks(Replacements):
    """Replacements that are in place from their making until they are removed.

    Nothing is replaced if nothing can be under control.
    """

    def __init__(self) -> None:
        super().__init__()
        if missing_for_control() is None:
            self._undo.append(TravelGuard().remove)
            self._undo.append(replace_methods())

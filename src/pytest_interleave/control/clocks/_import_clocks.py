"""Clocks for modules that are being imported.

What they keep of classes' methods (`default_factory=datetime.now`) is ours then, which is the real one wherever nothing
is under control. Functions of `time` can stay the real ones: whoever keeps them keeps what is redirected later.
"""

from __future__ import annotations

from ..scope._replacements import Replacements
from ._dates import replace_methods
from ._travel_guard import TravelGuard


class ImportClocks(Replacements):
    """In place from its making until it is removed."""

    def __init__(self) -> None:
        super().__init__()
        self._undo.append(TravelGuard().remove)
        self._undo.append(replace_methods())

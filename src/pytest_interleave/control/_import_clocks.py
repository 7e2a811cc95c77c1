"""Clocks for modules that are being imported.

What they keep of them (`def __init__(self, timer=time.monotonic)`) is ours then, which is the real one wherever nothing
is under control. Between imports and executions the real ones are in place: libraries that freeze time expect them.
"""

from __future__ import annotations

from ._dates import replace_methods
from ._replacements import Replacements
from ._time import REPLACEMENTS


class ImportClocks(Replacements):
    """In place from its making until it is removed."""

    def __init__(self) -> None:
        super().__init__()
        for module, name, ours in REPLACEMENTS:
            self._set(module, name, ours)
        self._undo.append(replace_methods())

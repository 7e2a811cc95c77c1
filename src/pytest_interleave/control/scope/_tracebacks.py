"""Tracebacks as their readers need them: without the frames of this plugin."""

from __future__ import annotations

import threading
from types import TracebackType

from ._places import is_ours

_MACHINERY = frozenset((threading.__file__,))


def without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames of this plugin and those of `threading` that only pass a call on."""
    kept: list[TracebackType] = []
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not is_ours(filename) and filename not in _MACHINERY:
            kept.append(traceback)
        traceback = traceback.tb_next
    result: TracebackType | None = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result

"""Tracebacks as their readers need them: without the frames of this plugin."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType

from ..._leaves import connected
from ._places import is_ours, line_of

_MACHINERY = frozenset((threading.__file__,))


def without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames of this plugin and those of `threading` that only pass a call on."""
    kept: list[TracebackType] = []
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not is_ours(filename) and filename not in _MACHINERY:
            kept.append(traceback)
        traceback = traceback.tb_next
    return traceback_of(kept)


def traceback_of(entries: Sequence[TracebackType]) -> TracebackType | None:
    """Return a traceback of copies of these entries; None if there are none."""
    result: TracebackType | None = None
    for entry in reversed(entries):
        # An exception that was raised where a generator only cleans up has no line.
        line: int | None = entry.tb_lineno
        frame = entry.tb_frame
        result = TracebackType(result, frame, entry.tb_lasti, line or line_of(frame.f_code, entry.tb_lasti))
    return result


def hide_ours(error: BaseException) -> None:
    """Remove the frames of this plugin from an exception, from those that it was raised from, and from a group's.

    A traceback that has no other frames stays as it is.
    """
    for one in connected(error):
        _hide_ours_of(one)


def _hide_ours_of(error: BaseException) -> None:
    kept = []
    entry = error.__traceback__
    count = 0
    while entry is not None:
        count += 1
        if not is_ours(entry.tb_frame.f_code.co_filename):
            kept.append(entry)
        entry = entry.tb_next
    if not kept or len(kept) == count:
        return
    # Not by `with_traceback`, which a class may replace.
    BaseException.with_traceback(error, traceback_of(kept))

"""Warnings of C code that a stand-in calls: they are about the code that has called the stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

from ..scope._places import is_ours
from ._uses import like


def replacements(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacement in `warnings`, whose function both C code and `warnings.warn` call with each warning."""
    real = getattr(module, _SHOW, None)
    if real is None:
        return

    def show(message: Any) -> None:
        if is_ours(message.filename):
            frame = _caller(sys._getframe(1))
            if frame is not None:
                message = module.WarningMessage(
                    message.message,
                    message.category,
                    frame.f_code.co_filename,
                    frame.f_lineno,
                    message.file,
                    message.line,
                    message.source,
                )
        real(message)

    yield module, _SHOW, like(real, show)


_SHOW = "_showwarnmsg"


def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the frame that has called our code, which has called the code of `frame` or is it."""
    while frame is not None and not is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame

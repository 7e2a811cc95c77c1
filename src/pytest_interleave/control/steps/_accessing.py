"""Which frame does an access: on 3.11, frames of the trace function lie between it and the scheduling point."""

from __future__ import annotations

from types import FrameType

#: The files of trace functions, which register themselves.
tracing_files: set[str] = set()


def accessing(frame: FrameType) -> FrameType:
    """The frame that is about to do an access, if `frame` is that or a part of tracing that was called for it."""
    while frame.f_code.co_filename in tracing_files and frame.f_back is not None:
        frame = frame.f_back
    return frame

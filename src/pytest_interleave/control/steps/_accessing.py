"""The frame of an access. On 3.11, frames of the trace function lie between it and the scheduling point."""

from __future__ import annotations

from types import FrameType

#: The files of trace functions. The modules with trace functions add their own.
tracing_files: set[str] = set()


def accessing(frame: FrameType) -> FrameType:
    """Return the frame that is about to do an access: `frame`, or its caller if `frame` belongs to tracing."""
    while frame.f_code.co_filename in tracing_files and frame.f_back is not None:
        frame = frame.f_back
    return frame

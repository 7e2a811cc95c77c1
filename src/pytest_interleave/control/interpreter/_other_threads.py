"""Where the other threads of the process are."""

from __future__ import annotations

import _thread
import sys
from types import FrameType


def frames_of_others() -> dict[int, FrameType]:
    """Return the innermost frame of each thread but the calling one, by the thread's identifier.

    A caller may keep the result in a local variable. With the frame of the caller in it, that would be a reference
    cycle, and all that the caller's frame refers to would wait for the garbage collector.
    """
    frames = sys._current_frames()
    del frames[_thread.get_ident()]
    return frames

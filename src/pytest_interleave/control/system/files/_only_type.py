"""Callers of `stat` that only ask whether something is there, and of which type: a file, a directory, or a link.

What is written to a file does not change the answer, nor does what is created in a directory.
"""

from __future__ import annotations

import os
from types import FrameType

from ...scope._frozen import STDLIB, file_of

#: By file of the standard library, its functions that only ask for that.
_ASKING: dict[str, frozenset[str]] = {
    os.path.join(STDLIB, "genericpath.py"): frozenset(("exists", "lexists", "isfile", "isdir")),
    os.path.join(STDLIB, "posixpath.py"): frozenset(
        ("islink", "lexists", "realpath", "_joinrealpath", "_realpath", "exists", "isdir", "isfile")
    ),
}
_OF_PATHS = frozenset(("exists", "is_dir", "is_file", "is_symlink"))
_PATHLIB = os.path.join(STDLIB, "pathlib")


def only_type(frame: FrameType | None) -> bool:
    """Whether the code that calls `stat` in a frame only asks for the type of what is there."""
    if frame is None:
        return False
    code = frame.f_code
    known = _ASKING.get(file_of[code.co_filename])
    if known is not None:
        return code.co_name in known
    if not code.co_filename.startswith(_PATHLIB):
        return False
    if code.co_name in ("stat", "lstat"):
        # As in `Path.is_dir`, which calls `Path.stat`; `Path.lstat` calls that, too.
        frame = frame.f_back
        if frame is not None and frame.f_code.co_name == "lstat" and frame.f_code.co_filename.startswith(_PATHLIB):
            frame = frame.f_back
    return frame is not None and frame.f_code.co_name in _OF_PATHS and frame.f_code.co_filename.startswith(_PATHLIB)

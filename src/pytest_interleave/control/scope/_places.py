"""Places in the source: where an operation stands, where a lock was made."""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType, FrameType
from typing import NamedTuple

from ... import PACKAGE_DIRECTORY
from . import _current_scope
from ._frozen import file_of

#: This one, and not what a test may put in its place.
_getcwd = os.getcwd


class Place(NamedTuple):
    """A line of a source file, and the function that it is in."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        return f"{short_path(self.filename)}:{self.lineno}"

    @property
    def text(self) -> str:
        """The source line, stripped; empty where the source is not at hand."""
        return linecache.getline(self.filename, self.lineno).strip()


def short_path(filename: str) -> str:
    """The path from the current directory where that is shorter, else from `site-packages`, else as it is."""
    try:
        here = _getcwd() + os.sep
    except OSError:
        # It has been deleted.
        here = filename
    if filename.startswith(here):
        return filename[len(here) :] or filename
    _, found, rest = filename.rpartition(f"site-packages{os.sep}")
    if found:
        return rest
    _, found, rest = filename.rpartition(f"{os.sep}lib{os.sep}python")
    if found:
        return rest.partition(os.sep)[2] or filename
    return filename


def line_of(code: CodeType, lasti: int) -> int:
    """The line of the instruction at byte offset `lasti`."""
    for start, end, line in code.co_lines():
        if start <= lasti < end and line is not None:
            return line
    return code.co_firstlineno


def place_of_code(code: CodeType, lasti: int) -> Place:
    """The place of the instruction at byte offset `lasti`."""
    return Place(file_of[code.co_filename], line_of(code, lasti), code.co_qualname)


def place_of_frame(frame: FrameType) -> Place:
    """The place where `frame` stands now."""
    code = frame.f_code
    return Place(file_of[code.co_filename], frame.f_lineno, code.co_qualname)


def scope_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame in scope, from `frame` outwards; None where there is none before an import begins."""
    scope = _current_scope.scope
    all_of, may_hold = scope.all_of, scope.may_hold
    while frame is not None:
        code = frame.f_code
        filename = code.co_filename
        # Most files are wholly in scope, or not at all.
        if filename in all_of or (may_hold[filename] and scope.shows_code(code, frame.f_globals)):
            return frame
        if filename == "<frozen importlib._bootstrap>":
            return None
        frame = frame.f_back
    return None


def user_place(frame: FrameType | None) -> Place | None:
    """The innermost place in scope from `frame` outwards; without one, the innermost place that is not ours."""
    found = scope_frame(frame)
    if found is not None:
        return place_of_frame(found)
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is None else place_of_frame(frame)


def made_here() -> tuple[CodeType, int] | None:
    """The instruction of the nearest caller in scope: where a primitive is made."""
    frame = scope_frame(sys._getframe(2))
    # The line is for messages; finding it out costs more than making the primitive.
    return None if frame is None else (frame.f_code, frame.f_lasti)


def is_ours(filename: str) -> bool:
    """Whether the file belongs to this package."""
    return filename.startswith(PACKAGE_DIRECTORY)


_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


def is_stdlib(filename: str) -> bool:
    """Whether the file belongs to the standard library."""
    if filename.startswith("<frozen "):
        return True
    return filename.startswith(_STDLIB) and f"{os.sep}site-packages{os.sep}" not in filename

"""Places in the source: the line of an operation, or the line that created a lock."""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType, FrameType
from typing import NamedTuple

from ... import PACKAGE_DIRECTORY
from . import _current_scope
from ._frozen import file_of

#: The real function: a test may replace `os.getcwd`.
_getcwd = os.getcwd


class Place(NamedTuple):
    """A line of a source file, and the function that contains it."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        return f"{short_path(self.filename)}:{self.lineno}"

    @property
    def text(self) -> str:
        """The source line, stripped; empty if the source is not available."""
        return linecache.getline(self.filename, self.lineno).strip()

    @property
    def is_generated(self) -> bool:
        """Whether the line is in code that was generated, as the `__eq__` of a dataclass: its caller says more."""
        return self.filename.startswith("<") and ("generated" in self.filename or not self.text)


#: At most this many callers are examined.
_MOST_CALLERS = 5


def short_path(filename: str) -> str:
    """Return the path relative to the current directory, to `site-packages` or to the standard library.

    The first of these that contains the file is taken; any other path is returned as it is.
    """
    try:
        here = _getcwd() + os.sep
    except OSError:
        # The current directory has been deleted.
        here = filename
    if filename.startswith(here):
        return filename[len(here) :] or filename
    installed = path_in_packages(filename)
    if installed:
        return installed
    _, found, rest = filename.rpartition(f"{os.sep}lib{os.sep}python")
    if found:
        return rest.partition(os.sep)[2] or filename
    return filename


def line_of(code: CodeType, lasti: int) -> int:
    """Return the line of the instruction at byte offset `lasti`."""
    for start, end, line in code.co_lines():
        if start <= lasti < end and line is not None:
            return line
    return code.co_firstlineno


def place_of_code(code: CodeType, lasti: int) -> Place:
    """Return the place of the instruction at byte offset `lasti`."""
    return Place(file_of[code.co_filename], line_of(code, lasti), code.co_qualname)


def place_of_frame(frame: FrameType) -> Place:
    """Return the place that `frame` is executing now."""
    code = frame.f_code
    # Instructions that only clean up, as at the end of a generator that raises, have no line.
    line: int | None = frame.f_lineno
    return Place(file_of[code.co_filename], line or line_of(code, frame.f_lasti), code.co_qualname)


def scope_frame(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame in scope, from `frame` outwards, or None.

    The search ends where an import begins: frames outside it do not count.
    """
    scope = _current_scope.scope
    all_of, may_hold = scope.all_of, scope.may_hold
    while frame is not None:
        code = frame.f_code
        filename = code.co_filename
        # Most files are either wholly in scope or wholly out of scope.
        if filename in all_of or (may_hold[filename] and scope.shows_code(code, frame.f_globals)):
            return frame
        if filename == "<frozen importlib._bootstrap>":
            return None
        frame = frame.f_back
    return None


def places_in_scope(frame: FrameType | None, most: int) -> tuple[Place, ...]:
    """Return the places of at most `most` frames in scope, from `frame` outwards."""
    places: list[Place] = []
    while len(places) < most and (frame := scope_frame(frame)) is not None:
        places.append(place_of_frame(frame))
        frame = frame.f_back
    return tuple(places)


def user_place(frame: FrameType | None) -> Place | None:
    """Return the innermost place in scope, from `frame` outwards.

    If no frame is in scope, it is the innermost place outside this package, or None if there is none.
    """
    found = scope_frame(frame)
    if found is not None:
        return place_of_frame(found)
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is None else place_of_frame(frame)


def caller_of_generated(place: Place | None, frame: FrameType | None) -> Place | None:
    """Return the innermost place in scope that a person has written, if `place` is in code that was generated.

    None if it is not, or no such caller is known.
    """
    if place is None or not place.is_generated:
        return None
    for each in places_in_scope(frame, _MOST_CALLERS):
        if not each.is_generated:
            return each
    return None


def made_here() -> tuple[CodeType, int] | None:
    """Return the instruction of the nearest caller in scope, where a primitive is created, or None if there is none."""
    frame = scope_frame(sys._getframe(2))
    # Only messages need the line. Looking it up costs more than creating the primitive.
    return None if frame is None else (frame.f_code, frame.f_lasti)


def is_ours(filename: str) -> bool:
    """Whether the file belongs to this package."""
    return filename.startswith(PACKAGE_DIRECTORY)


STDLIB_DIRECTORY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


def is_stdlib(filename: str) -> bool:
    """Whether the file belongs to the standard library."""
    if filename.startswith("<frozen "):
        return True
    return filename.startswith(STDLIB_DIRECTORY) and not path_in_packages(filename)


#: The names of the directories that packages are installed in; the second is Debian's.
PACKAGES = frozenset(("site-packages", "dist-packages"))
_PACKAGES = tuple(f"{os.sep}{name}{os.sep}" for name in sorted(PACKAGES))


def path_in_packages(filename: str) -> str:
    """Return the path of a file relative to the directory that packages are installed in; "" if it is in none."""
    for directory in _PACKAGES:
        _, found, rest = filename.rpartition(directory)
        if found:
            return rest
    return ""

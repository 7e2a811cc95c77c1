"""Leaves out what pytest does to explain a failed assertion: it reads objects for that alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calls._calls import ASSERTIONS
from ..scope import _current_scope

if TYPE_CHECKING:
    from types import FrameType

    from ..steps._operations import Resolver
    from ..steps._touches import Touches


def unless_pytest_asks(touch: Resolver) -> Resolver:
    """Return a resolver that finds no access if pytest is explaining an assertion, and calls `touch` otherwise.

    It is for accesses in code that any other code may call.
    """

    def found(frame: FrameType) -> Touches | None:
        return None if _is_for_pytest(frame) else touch(frame)

    return found


def _is_for_pytest(frame: FrameType | None) -> bool:
    shows = _current_scope.scope.shows_code
    while frame is not None and not shows(frame.f_code, frame.f_globals):
        if ASSERTIONS in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False

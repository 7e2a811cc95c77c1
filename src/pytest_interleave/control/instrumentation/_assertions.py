"""Leaves out what pytest does to explain a failed assertion: it reads objects for that alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..calls._known_calls import ASSERTIONS
from ..execution.units._current import current_unit
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
        return None if is_for_pytest(frame) else touch(frame)

    return found


def is_for_pytest(frame: FrameType | None) -> bool:
    """Whether pytest has called the code of a frame, which is not in scope, to explain an assertion."""
    shows = _current_scope.scope.shows_code
    while frame is not None and not shows(frame.f_code, frame.f_globals):
        if ASSERTIONS in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def explaining() -> Iterator[None]:
    """Make no access of the calling thread a step, as long as the context is entered.

    It is for explanations of failed assertions. The first `repr` of an object often computes something that later ones
    find, so that they would take other steps. Locks and other primitives work as usual.
    """
    unit = current_unit()
    if unit is None or unit.explains:
        yield
        return
    unit.explains = True
    try:
        yield
    finally:
        unit.explains = False

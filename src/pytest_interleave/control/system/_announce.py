"""The announcement of steps on files, databases and the like by the thread that is about to do them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..steps._external import external_step
from ._uses import is_recorded, recording, user_frame

if TYPE_CHECKING:
    from ..execution.units._units import Unit
    from ..steps._external import Doing, Look


def announce(unit: Unit, what: str, verb: str, look: Callable[[], Look]) -> Doing | None:
    """Let other threads run before a step of `unit`, and return when it may do the step.

    `what` is the name of what the step reads or writes, and `verb` a word for the step that is the same in every
    execution. `look` finds out what the step does; it is called again if other threads have run.

    The answer is where to put what is known of the result; None if it is no step, because pytest or this plugin does it
    for itself.
    """
    if not is_recorded(unit):
        return None
    # To find the place, and what is touched, may use files itself.
    recording.add(unit.index)
    try:
        place = user_frame(sys._getframe(1))
        if place is None:
            return None
        found = look()
        step = external_step(what, verb, found, place)
    finally:
        recording.discard(unit.index)
    doing = step.doing
    doing.look = _unseen(unit, look)
    try:
        unit.execution.point(unit, step, found.touches)
    finally:
        # It refers to the thread, which has the step: the log would keep all of them alive.
        doing.look = None
    return doing


def _unseen(unit: Unit, look: Callable[[], Look]) -> Callable[[], Look]:
    def again() -> Look:
        if unit.index in recording:
            return look()
        recording.add(unit.index)
        try:
            return look()
        finally:
            recording.discard(unit.index)

    return again

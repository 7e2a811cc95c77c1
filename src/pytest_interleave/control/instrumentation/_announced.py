"""Calls of C code that are made for the program by a thread, a pool or a primitive: they are accesses, too.

Examples are `Thread(target=items.append)` and `Barrier(2, items.clear)`. No code in scope is run for such a call, so
nothing but this would see it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..calls._calls import touches_of_call
from ..execution.units import _current
from ..identity._leaving import calls_by_threads, expect
from ..identity._written import in_scope
from ..scope._places import place_of_frame, scope_frame
from ..scope._real import get_ident
from ..steps._kinds import READ, START, WRITE
from ..steps._operations import Operation
from ..steps._touches import OPAQUE, Touches, writes

if TYPE_CHECKING:
    from types import FrameType

    from ..execution.units._units import Unit
    from ..scope._places import Place


def announce_call(function: Any, given: Sequence[Any]) -> None:
    """Announce, in a thread that is about to call `function` for the program, what the call touches.

    `given` has the arguments of the call, given by name or not.
    """
    ident = get_ident()
    unit = _current.units[ident]
    if unit is None:
        return
    calls_by_threads.pop(ident, None)
    if in_scope(function):
        return

    def touch(_frame: FrameType | None = None) -> Touches:
        # The race detector is not to show where this happens.
        return tuple((key, part, how | OPAQUE) for key, part, how in touches_of_call(function, given))

    touches = touch()
    if touches:
        changes = writes(touches)
        frame = sys._getframe(1)
        calls_by_threads[ident] = touch, id(frame), frame.f_code
        for value in given:
            expect(value)
        kind = WRITE if changes else READ
        operation = Operation(kind, None, frame.f_code, frame.f_lasti, changes, f".{_name_of(function)}()")
        operation.touch = touch
        inner = scope_frame(frame)
        operation.place = _start_of(unit) if inner is None else place_of_frame(inner)
        unit.execution.point(unit, operation, touches)


def _name_of(function: Any) -> str:
    return str(getattr(getattr(function, "func", function), "__name__", ""))


def _start_of(unit: Unit) -> Place | None:
    """Return where the thread was started; None if that is unknown."""
    if unit.half.thread is not None:
        for _, operation, _ in reversed(unit.execution.log):
            if operation.kind == START and operation.target is unit.half.thread:
                return operation.where()
    return None

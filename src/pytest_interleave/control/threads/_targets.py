"""Calls by threads and pools, which are accesses if they call a container's method: `Thread(target=items.append)`.

No code in scope is run for such a call, so nothing but this would see it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..calls._calls import touches_of_call
from ..execution.units import _current
from ..identity._leaving import calls_by_threads, expect
from ..identity._written import in_scope
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
        operation.place = _start_of(unit)
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


def announcing_item(real: Callable[..., None]) -> Callable[..., None]:
    """Return the method `run` for the work items of `ThreadPoolExecutor` that announces the call first."""

    def run(self: Any, *context: Any) -> None:
        function, given, named = self.task if context else (self.fn, self.args, self.kwargs)
        announce_call(function, (*given, *named.values()))
        real(self, *context)

    return run


def announcing_timer(real: Callable[[threading.Timer], None]) -> Callable[[threading.Timer], None]:
    """Return the method `run` for `threading.Timer` that announces the call before the timer makes it."""

    def run(self: threading.Timer) -> None:
        function = self.function
        if in_scope(function):
            real(self)
            return

        def call(*given: Any, **named: Any) -> object:
            announce_call(function, (*given, *named.values()))
            return function(*given, **named)

        self.function = call
        try:
            real(self)
        finally:
            self.function = function

    return run

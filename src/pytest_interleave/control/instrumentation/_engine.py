"""Chooses how accesses become scheduling points: `sys.monitoring` where there is one, else a trace function.

From 3.12 on, monitoring costs nothing at instructions of no interest, leaves the trace function to coverage tools
and debuggers, and may read a frame's variables safely. On 3.11 a trace function with opcode events is all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from ..execution.units._units import Unit
from ._access_tables import AccessTables

#: To be called with whatever is called.
Called = Callable[[Any], None]


class Engine(Protocol):
    """Turns the accesses of code in scope into scheduling points."""

    #: To be called in each controlled thread before its code, where the engine needs that.
    trace: Callable[[Unit], None] | None

    def on(self) -> None:
        """From now on."""

    def renew(self) -> None:
        """Once more, where a debugger may have put itself in the way."""

    def off(self) -> None:
        """No longer; code runs at full speed."""

    def take_over(self, unit: Unit, frame: FrameType) -> None:
        """In a thread that is controlled from now on: the functions that it is in have accesses, too."""

    def let_go(self, unit: Unit, frame: FrameType) -> None:
        """In a thread that is not controlled any more, and goes on: its accesses are no steps."""

    def watch_calls(self, ident: int, called: Called) -> bool:
        """From now on say what the code in scope calls in the calling thread, whose identifier is given.

        The answer is False if that cannot be done.
        """

    def unwatch_calls(self, ident: int) -> None:
        """No longer; called in any thread."""


class _Interpreter:
    """The engine of this interpreter, made when it is first needed, and whether a debugger was at work."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        #: Whether a debugger was at work in the last execution: it ends tracing as it lets the program go on.
        self.debugged = False


_interpreter = _Interpreter()


def engine() -> Engine:
    """The engine of this interpreter, made once."""
    if _interpreter.engine is None:
        tables = AccessTables()
        if sys.version_info >= (3, 12):
            from ._monitoring import MonitoringEngine

            _interpreter.engine = MonitoringEngine(tables)
        else:
            from ._settrace import TraceEngine

            _interpreter.engine = TraceEngine(tables)
    return _interpreter.engine


def debugger_left() -> None:
    """Note that a debugger lets the program go on, and undo what it did to the engine."""
    _interpreter.debugged = True
    if _interpreter.engine is not None:
        _interpreter.engine.renew()


def debugger_was_there() -> bool:
    """Whether a debugger was at work in this execution."""
    return _interpreter.debugged


def renew_after_debugger() -> None:
    """Before an execution, undo what a debugger did to the engine after it let the program go on."""
    if _interpreter.debugged:
        debugger_left()
        _interpreter.debugged = False

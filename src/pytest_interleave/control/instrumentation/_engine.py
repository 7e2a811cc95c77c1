"""The choice between the two engines: `sys.monitoring` if the interpreter has it, else a trace function.

From 3.12 on, monitoring costs nothing at instructions of no interest, leaves the trace function to coverage tools and
debuggers, and may read a frame's variables safely. On 3.11 a trace function with opcode events is all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from ..execution.units._units import Unit
from ._access_tables import AccessTables

#: A function that is called with each object that is called.
Called = Callable[[Any], None]


class Engine(Protocol):
    """Turns the accesses of code in scope into scheduling points."""

    #: Called in each controlled thread before its code, if the engine needs that; else None.
    trace: Callable[[Unit], None] | None

    def on(self) -> None:
        """Make accesses scheduling points from now on."""

    def renew(self) -> None:
        """Do so again, after a debugger may have interfered."""

    def off(self) -> None:
        """Make accesses scheduling points no longer; code runs at full speed."""

    def take_over(self, unit: Unit, frame: FrameType) -> None:
        """Treat the functions that a thread is in when control of it begins as code with accesses, too."""

    def let_go(self, unit: Unit, frame: FrameType) -> None:
        """Treat accesses no longer as steps in a thread that continues without control."""

    def watch_calls(self, ident: int, called: Called) -> bool:
        """Report from now on what code in scope calls in the calling thread, whose identifier is `ident`.

        Returns False if that cannot be done.
        """

    def unwatch_calls(self, ident: int) -> None:
        """Report the calls of a thread no longer; called in any thread."""


class _Interpreter:
    """The engine of this interpreter, made when it is first needed, and whether a debugger was at work."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        #: Whether a debugger was at work in the last execution: it ends tracing when it lets the program continue.
        self.debugged = False


_interpreter = _Interpreter()


def engine() -> Engine:
    """Return the engine of this interpreter, which is made once."""
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
    """Note that a debugger lets the program continue, and undo what it did to the engine."""
    _interpreter.debugged = True
    if _interpreter.engine is not None:
        _interpreter.engine.renew()


def debugger_was_there() -> bool:
    """Whether a debugger was at work in this execution."""
    return _interpreter.debugged


def renew_after_debugger() -> None:
    """Undo, before an execution, what a debugger did to the engine after it let the program continue."""
    if _interpreter.debugged:
        debugger_left()
        _interpreter.debugged = False

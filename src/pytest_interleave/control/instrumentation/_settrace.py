"""Scheduling points by a trace function with opcode events (Python 3.11).

A frame's variables are never read here. In 3.11 and 3.12, reading them makes CPython write an old snapshot of them back
when the trace function returns, and another thread's update of a closure variable is lost.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..identity._leaving import calls_by_threads
from ..interpreter._frames import is_called_directly
from ..scope import _current_scope, _observed, _real
from ..scope._or_none import OrNone
from ..scope._places import line_of
from ..steps._accessing import tracing_files
from ..steps._touches import STRICT, UNKNOWN
from ._granted import running_frames

if TYPE_CHECKING:
    from ..execution.units._units import Unit
    from ..steps._operations import Operation
    from ._access_tables import AccessTables
    from ._announced import AnnouncedCall

_Trace = Callable[[FrameType, str, Any], Any]


class TraceEngine:
    """Sets a trace function in each controlled thread; one that is there already (coverage) still gets its events."""

    def __init__(self, tables: AccessTables) -> None:
        self._tables = tables
        tables.arming.begun = self._arm
        self.trace: Callable[[Unit], None] | None = self._trace
        #: The function to report a thread's calls to, by the identifier of the thread.
        self._watching: dict[int, Callable[[Any], None]] = {}
        #: The trace function that a thread had before, by the identifier of the thread.
        self._others: dict[int, Any] = {}

    def on(self) -> None:
        """See `Engine.on`. Each execution sets the trace functions of its threads."""
        self._tables.begin()

    def renew(self) -> None:
        """Do nothing: each execution sets the trace functions of its threads again."""

    def off(self) -> None:
        """See `Engine.off`. Trace functions end with their threads."""
        self._tables.forget()

    def _arm(self) -> None:
        """Announce calls of what the standard library was given, also in functions of it that have begun before."""
        tables = self._tables
        for ident, frame in running_frames():
            code = frame.f_code
            if _observed.observed[ident] is not None and not tables.in_scope(code, frame.f_globals):
                calls = tables.calls_in(code, frame.f_globals)
                if calls:
                    other = frame.f_trace
                    ours = other is None or getattr(other, "__module__", None) == __name__
                    step = _announcing(calls, frame, other if ours else None)
                    frame.f_trace = step if ours else _both(frame, step, other)
                    frame.f_trace_lines = frame.f_trace_opcodes = True

    def take_over(self, unit: Unit, frame: FrameType | None) -> None:
        """See `Engine.take_over`."""
        other = sys.gettrace()
        sys.settrace(None)
        follow = _alone(self._tables, unit)
        with _observed.unobserved():
            while frame is not None:
                step = follow(frame, "call", None)
                if self._tables.give_up(frame.f_code):
                    step = follow(frame, "call", None)
                if step is not None:
                    frame.f_trace = step if other is None else _both(frame, step, other)
                frame = frame.f_back
        self._follow(unit, other)

    def let_go(self, unit: Unit, frame: FrameType | None) -> None:
        """See `Engine.let_go`."""
        other = self._others.pop(unit.half.ident, None)
        sys.settrace(None)
        while frame is not None:
            if getattr(frame.f_trace, "__module__", None) == __name__:
                frame.f_trace = other
                frame.f_trace_opcodes = False
                frame.f_trace_lines = True
            frame = frame.f_back
        sys.settrace(other)

    def watch_calls(self, ident: int, called: Callable[[Any], None]) -> bool:
        """See `Engine.watch_calls`."""
        if sys.getprofile() not in (None, self._profile):
            # Another profiler is at work.
            return False
        self._watching[ident] = called
        sys.setprofile(self._profile)
        return True

    def unwatch_calls(self, ident: int) -> None:
        """See `Engine.unwatch_calls`."""
        self._watching.pop(ident, None)
        if ident == _real.get_ident() and sys.getprofile() == self._profile:
            sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, what: Any) -> None:
        called = self._watching.get(_real.get_ident())
        if called is None:
            sys.setprofile(None)
        elif event == "call":
            if frame.f_back is not None and _current_scope.scope.holds_code(
                frame.f_back.f_code, frame.f_back.f_globals
            ):
                called(frame.f_code)
        elif event == "c_call" and _current_scope.scope.holds_code(frame.f_code, frame.f_globals):
            called(what)

    def _trace(self, unit: Unit) -> None:
        self._follow(unit, sys.gettrace())

    def _follow(self, unit: Unit, other: Any) -> None:
        if other is None:
            self._others.pop(unit.half.ident, None)
            sys.settrace(_alone(self._tables, unit))
        else:
            self._others[unit.half.ident] = other
            sys.settrace(_beside(self._tables, unit, other))


def _alone(tables: AccessTables, unit: Unit) -> _Trace:
    known = tables.by_id
    assumptions_of = tables.assumptions
    may_hold = _current_scope.scope.may_hold
    in_scope = tables.in_scope
    arming = tables.arming
    point = unit.execution.point
    mark = unit.execution.mark

    def call(frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG001
        code = frame.f_code
        if not may_hold[code.co_filename]:
            table = _out_of_scope(tables, frame)
            if arming.armed:
                calls = tables.calls_in(code, frame.f_globals)
                if _has_any(calls, frame):
                    return _announcing(calls, frame, None if table is None else steps_of(table))
            if table is None:
                return None
        else:
            table = known.get(id(code))
        if table is None:
            if not in_scope(code, frame.f_globals):
                calls = tables.calls_in(code, frame.f_globals)
                return _announcing(calls, frame, None) if _has_any(calls, frame) else None
            table = tables.add(code, frame.f_globals)
        for assumption in assumptions_of[id(code)] or ():
            if assumption.minds_start:
                assumption.begin(frame)
        if not table:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        step = steps_of(table)
        return _stepping_aside(step, frame) if _BREAKS.intersection(code.co_names) else step

    def steps_of(table: dict[int, Operation]) -> _Trace:
        get = table.get

        def step(frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG001
            if event == "opcode":
                operation = get(frame.f_lasti)
                if operation is not None and not unit.explains:
                    try:
                        touches = operation.touch(frame)
                    except Exception:
                        # The program is not to blame for an error here.
                        if STRICT:
                            raise
                        touches = UNKNOWN
                    if touches is None:
                        return step
                    if operation.announced:
                        point(unit, operation, touches)
                    elif touches:
                        mark(unit, operation, touches)
            return step

        return step

    return call


def _has_any(calls: dict[int, AnnouncedCall], frame: FrameType) -> bool:
    """Whether any of `calls` may have to be announced in a function that begins now; most need no further look."""
    return any(call.may_be_announced(frame) for call in calls.values())


def _announcing(calls: dict[int, AnnouncedCall], frame: FrameType, other: _Trace | None) -> _Trace:
    """Return a trace function for a function of the standard library that announces `calls`, by byte offset.

    It calls `other`, too, which has the steps of the function.
    """
    code = frame.f_code
    lines = _lines_of[id(code)]
    if lines is None:
        lines = _lines_of[id(code)] = {line_of(code, offset) for offset in calls}

    def step(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            # Events for each instruction are slow.
            frame.f_trace_opcodes = other is not None or frame.f_lineno in lines
        if other is not None:
            other(frame, event, arg)
        if event == "opcode":
            call = calls.get(frame.f_lasti)
            if call is not None:
                call.announce_in(frame)
        return step

    return step


#: The lines with calls to be announced, by the address of the code; the tables keep that.
_lines_of: OrNone[int, set[int]] = OrNone()


def _out_of_scope(tables: AccessTables, frame: FrameType) -> dict[int, Operation] | None:
    """Return the steps of a call that is not in scope; None if code in scope has not called it by C code."""
    code, caller = frame.f_code, frame.f_back
    table = tables.out_of_scope.get(id(code))
    if table is None and code.co_name[:2] != "__":
        return None
    if caller is None or is_called_directly(frame, caller):
        return None
    # Opcode events are slow.
    if id(caller.f_code) not in tables.by_id and calls_by_threads[_real.get_ident()] is None:
        return None
    if table is None and tables.add_out_of_scope(code):
        table = tables.out_of_scope[id(code)]
    return table


#: The names by which a debugger is called.
_BREAKS = frozenset(("breakpoint", "set_trace"))


def _stepping_aside(step: _Trace, frame: FrameType) -> _Trace:
    """Return `step` for a function that may call a debugger, which must get line events and nothing else."""
    code = frame.f_code
    lines = {
        found.positions.lineno
        for found in dis.get_instructions(code)
        if found.argval in _BREAKS and found.positions is not None
    }
    frame.f_trace_lines = True

    def aside(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            frame.f_trace_opcodes = frame.f_lineno not in lines
        else:
            step(frame, event, arg)
        return aside

    return aside


def _beside(tables: AccessTables, unit: Unit, other: Any) -> _Trace:
    """Return a trace function that serves `other`, too: it gets its calls, lines, returns and exceptions.

    `other` is a tracer that was there before.
    """
    ours = _alone(tables, unit)

    def call(frame: FrameType, event: str, arg: Any) -> Any:
        theirs = other(frame, event, arg)
        if sys.gettrace() is not call:
            # A tracer written in C puts itself back in place when it is called.
            sys.settrace(call)
        if event != "call":
            return theirs
        step = ours(frame, event, arg)
        if step is None:
            return theirs
        return step if theirs is None else _both(frame, step, theirs)

    return call


def _both(frame: FrameType, step: _Trace, theirs: Any) -> _Trace:
    # Not each step gets the lines, and could ask for opcodes then.
    frame.f_trace_lines = frame.f_trace_opcodes = True

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal theirs
        if event == "opcode":
            step(frame, event, arg)
        elif theirs is not None:
            theirs = theirs(frame, event, arg)
        return local

    return local


tracing_files.add(_both.__code__.co_filename)

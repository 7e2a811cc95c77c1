"""Scheduling points by `sys.monitoring` (Python 3.12 and later)."""

from __future__ import annotations

import sys
from itertools import chain
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..execution.units import _current
from ..scope import _observed, _real
from ..steps._touches import STRICT, UNKNOWN
from ._announced import GIVEN
from ._granted import running_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..execution.units._units import Unit
    from ._access_tables import AccessTables

    # For type checkers: `sys.monitoring` is new in 3.12.
    assert sys.version_info >= (3, 12)

_NAME = "pytest-interleave"


class MonitoringEngine:
    """Instruments each code object in scope when it first starts. Code out of scope costs one event, once."""

    trace: Callable[[Unit], None] | None = None

    def __init__(self, tables: AccessTables) -> None:
        self._tables = tables
        self._tool: int | None = None
        tables.changed = self._renew_code
        tables.arming.begun = self._arm
        #: Whether code that began in the previous test is of interest if it begins again.
        self._begins_again = False
        #: The events to listen to in code in scope.
        self._events = sys.monitoring.events.INSTRUCTION
        #: The function to report a thread's calls to, by the identifier of the thread.
        self._watching: dict[int, Callable[[Any], None]] = {}

    def on(self) -> None:
        """Take a tool id and listen."""
        monitoring = sys.monitoring
        events = monitoring.events
        tool = self._tool = _take_tool_id()
        monitoring.register_callback(tool, events.INSTRUCTION, _instruction_callback(self._tables))
        started = self._started_callback()
        monitoring.register_callback(tool, events.PY_START, started)
        monitoring.register_callback(tool, events.PY_RESUME, started)
        monitoring.register_callback(tool, events.CALL, self._call_callback())
        self._tables.begin()
        for code in self._all_codes():
            self._listen_to(code)
        if self._begins_again:
            # The interpreter still knows that the start of such code is of no interest.
            self._begins_again = False
            monitoring.restart_events()
        monitoring.set_events(tool, events.PY_START | events.PY_RESUME)

    def renew(self) -> None:
        """Listen again: a debugger that follows opcodes takes away the events of the code that it was in."""
        tool = self._tool
        if tool is not None:
            for code in self._all_codes():
                self._renew_code(code)
            sys.monitoring.restart_events()

    def _renew_code(self, code: CodeType) -> None:
        """Let the interpreter report each instruction of `code` once more."""
        if self._tool is not None:
            sys.monitoring.set_local_events(self._tool, code, 0)
            self._listen_to(code)

    def _all_codes(self) -> Iterator[CodeType]:
        return chain(self._tables.codes, self._tables.codes_of_callers)

    def _listen_to(self, code: CodeType) -> None:
        """Let the interpreter report what is of interest in `code`."""
        tables = self._tables
        events = self._events if id(code) in tables.by_id or id(code) in tables.out_of_scope else 0
        if tables.arming.armed and tables.callers.get(id(code)):
            events |= sys.monitoring.events.CALL
        assert self._tool is not None
        sys.monitoring.set_local_events(self._tool, code, events)

    def off(self) -> None:
        """Stop listening and give the tool id back."""
        tool, self._tool = self._tool, None
        if tool is None:
            return
        monitoring = sys.monitoring
        events = monitoring.events
        monitoring.set_events(tool, 0)
        for code in self._all_codes():
            monitoring.set_local_events(tool, code, 0)
        self._begins_again = self._tables.forget() or self._tables.arming.armed
        self._watching.clear()
        self._events = events.INSTRUCTION
        for event in (events.INSTRUCTION, events.PY_START, events.PY_RESUME, events.CALL):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)

    def _arm(self) -> None:
        """Report the calls of what the standard library was given, also in code that has begun before."""
        if self._tool is None:
            return
        tables = self._tables
        for code in tables.codes_of_callers:
            self._listen_to(code)
        if not tables.has_passed_over:
            return
        tables.has_passed_over = False
        for _, frame in running_frames():
            if not tables.in_scope(frame.f_code, frame.f_globals) and tables.calls_in(frame.f_code, frame.f_globals):
                self._listen_to(frame.f_code)
        # The others will begin again.
        sys.monitoring.restart_events()

    def take_over(self, _unit: Unit, frame: FrameType | None) -> None:
        """See `Engine.take_over`."""
        tables = self._tables
        with _observed.unobserved():
            while frame is not None:
                code = frame.f_code
                if id(code) not in tables.by_id and tables.in_scope(code, frame.f_globals) and self._tool is not None:
                    tables.add(code, frame.f_globals)
                    self._listen_to(code)
                tables.give_up(code)
                frame = frame.f_back

    def let_go(self, _unit: Unit, _frame: FrameType | None) -> None:
        """See `Engine.let_go`. Nothing is left to do: a thread is known by its identifier, and that is forgotten."""

    def watch_calls(self, ident: int, called: Callable[[Any], None]) -> bool:
        """See `Engine.watch_calls`. A profile function would do, but it takes the events of running code away."""
        self._watching[ident] = called
        self._listen(sys.monitoring.events.INSTRUCTION | sys.monitoring.events.CALL)
        return True

    def unwatch_calls(self, ident: int) -> None:
        """See `Engine.unwatch_calls`."""
        self._watching.pop(ident, None)
        if not self._watching:
            self._listen(sys.monitoring.events.INSTRUCTION)

    def _listen(self, events: int) -> None:
        tool = self._tool
        if tool is not None and events != self._events:
            self._events = events
            for code in self._tables.codes:
                self._listen_to(code)

    def _call_callback(self) -> Callable[[CodeType, int, Any, Any], Any]:
        watching = self._watching
        callers = self._tables.callers
        arming = self._tables.arming
        get_ident = _real.get_ident
        disable = sys.monitoring.DISABLE
        _getframe = sys._getframe

        def call(code: CodeType, offset: int, function: Any, _first: Any) -> Any:
            calls = callers.get(id(code)) if arming.armed else None
            if calls is not None:
                given = calls.get(offset)
                if given is None:
                    return disable
                if id(type(function)) in GIVEN:
                    given.announce(_getframe(1), function)
                return None
            called = watching.get(get_ident())
            if called is not None:
                called(function)
            return None

        return call

    def _started_callback(self) -> Callable[[CodeType, int], Any]:
        tables = self._tables
        known = tables.by_id
        out_of_scope = tables.out_of_scope
        assumptions_of = tables.assumptions
        disable = sys.monitoring.DISABLE

        def started(code: CodeType, _offset: int) -> Any:
            address = id(code)
            assumptions = assumptions_of[address]
            if assumptions is None:
                if address not in known:
                    namespace = sys._getframe(1).f_globals
                    if tables.in_scope(code, namespace):
                        tables.add(code, namespace)
                        self._listen_to(code)
                        assumptions = assumptions_of[address]
                    else:
                        known_out_of_scope = address in out_of_scope or not tables.add_out_of_scope(code)
                        if tables.calls_in(code, namespace) or not known_out_of_scope:
                            self._listen_to(code)
                if assumptions is None:
                    return disable
            minds = False
            for assumption in assumptions:
                if assumption.minds_start:
                    minds = True
                    assumption.begin(sys._getframe(1))
            return None if minds else disable

        return started


def _instruction_callback(tables: AccessTables) -> Callable[[CodeType, int], Any]:
    """Return the callback for instructions.

    It is the hottest function of all: called before every instruction of interest.
    """
    by_id = tables.by_id
    out_of_scope = tables.out_of_scope
    units = _current.units
    get_ident = _real.get_ident
    disable = sys.monitoring.DISABLE
    _getframe = sys._getframe

    def instruction(code: CodeType, offset: int) -> Any:
        try:
            operation = by_id[id(code)][offset]
        except KeyError:
            try:
                operation = out_of_scope[id(code)][offset]
            except KeyError:
                return disable
        unit = units[get_ident()]
        if unit is not None and not unit.explains:
            try:
                touches = operation.touch(_getframe(1))
            except Exception:
                # The program is not to blame for an error here.
                if STRICT:
                    raise
                touches = UNKNOWN
            if touches is None:
                return None
            if operation.announced:
                unit.execution.point(unit, operation, touches)
            elif touches:
                unit.execution.mark(unit, operation, touches)
        return None

    return instruction


def _take_tool_id() -> int:
    """Take a free tool id and return it. Ids 0 to 2 are for debuggers, coverage and profilers, so they come last."""
    monitoring = sys.monitoring
    for tool in (4, 3, 5, 2, 1, 0):
        if monitoring.get_tool(tool) is None:
            monitoring.use_tool_id(tool, _NAME)
            return tool
    raise RuntimeError(
        "no free sys.monitoring tool id for pytest-interleave: debuggers, profilers or coverage hold all six. Run "
        "without one of them"
    )

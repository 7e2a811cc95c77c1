"""Calls of C code that are made for the program by a thread, a pool or a primitive: they are accesses, too.

Examples are `Thread(target=items.append)` and `Barrier(2, items.clear)`. No code in scope is run for such a call, so
nothing but this would see it.
"""

from __future__ import annotations

import contextvars
import functools
import operator
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..calls._calls import touches_of_call
from ..code._calls_of_given import GivenCall, given_calls, names_of_own_methods
from ..execution.units import _current
from ..identity._leaving import calls_by_threads, expect
from ..identity._natives import LruCache
from ..identity._owners import MISSING, stored_attribute
from ..identity._types import STILL, class_holding, identities, kind_of
from ..identity._written import in_scope
from ..interpreter._frames import layout, object_in
from ..interpreter._stack_depths import variables_of
from ..scope._observed import observed
from ..scope._places import place_of_frame, scope_frame
from ..scope._real import get_ident
from ..steps._kinds import READ, START, WRITE
from ..steps._operations import Operation
from ..steps._touches import OPAQUE, STRICT, UNKNOWN, Touches, writes
from ._assertions import is_for_pytest
from ._call_operands import call_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

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

    _announce(unit, function, given, sys._getframe(1))


def _announce(unit: Unit, function: Any, given: Sequence[Any], frame: FrameType) -> None:
    """Announce the call of `function` that `frame` is about to make; its thread runs `unit`."""

    def touch(_frame: FrameType | None = None) -> Touches:
        # The race detector is not to show where this happens.
        return tuple((key, part, how | OPAQUE) for key, part, how in touches_of_call(function, given))

    try:
        touches = touch()
    except Exception:
        # The program is not to blame for an error here.
        if STRICT:
            raise
        touches = UNKNOWN
    if touches:
        changes = writes(touches)
        calls_by_threads[get_ident()] = touch, id(frame), frame.f_code
        for value in given:
            expect(value)
        kind = WRITE if changes else READ
        operation = Operation(kind, None, frame.f_code, frame.f_lasti, changes, f".{_name_of(function)}()")
        operation.touch = touch
        inner = scope_frame(frame)
        operation.place = _start_of(unit) if inner is None else place_of_frame(inner)
        unit.execution.point(unit, operation, touches)


class Arming:
    """Whether the calls of what the standard library was given are announced in this test.

    They are from the moment on when code begins that may hand over functions written in C: to announce them takes
    time. It is an assumption about such code, see `AccessTables`, because it needs to know when the code begins.
    """

    def __init__(self) -> None:
        self.armed = False
        #: Called when it is decided that calls are announced.
        self.begun: Callable[[], None] = _ignore

    @property
    def minds_start(self) -> bool:
        """Whether `begin` must be called when such code begins."""
        return not self.armed

    def begin(self, _frame: FrameType | None = None) -> None:
        """Announce the calls from now on: code begins that may hand over functions."""
        if not self.armed:
            self.armed = True
            self.begun()

    def give_up(self) -> None:
        """Announce the calls from now on: such code had begun already."""
        self.begin()


def _ignore() -> None:
    """Do nothing: no engine is interested yet."""


class AnnouncedCall:
    """A call in a function of the standard library that is announced if it calls a method of the program's objects."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any], call: GivenCall) -> None:
        self._call = call
        #: Whether it calls a method of an object that a class of the standard library keeps.
        self._is_own = call.of_attribute and call.name in names_of_own_methods(namespace)
        self._find = call_of(call.opname, call.argument, variables_of(code) + call.depth)
        #: A function that the call was not of interest with, whatever it is given.
        self._known: Any = None
        self._root = None
        if call.path:
            own = list(dict.fromkeys((*code.co_varnames, *code.co_cellvars)))
            free = call.path[0] in code.co_freevars
            place = len(own) + code.co_freevars.index(call.path[0]) if free else own.index(call.path[0])
            self._root = object_in(place)

    def announce(self, frame: FrameType, function: Any) -> None:
        """Announce the call of `function` that `frame` is about to make, unless no other code can see what it does."""
        if function is self._known:
            return
        unit = observed[get_ident()]
        if unit is None or unit.explains:
            return
        if not self._is_own and self._is_given(function):
            if is_for_pytest(frame):
                return
            _announce(unit, *self._find(frame), frame)
        elif id(type(function)) in _LASTING:
            self._known = function

    def may_be_announced(self, frame: FrameType) -> bool:
        """Whether the function that `frame` has just begun to run may have been given what is called there."""
        if self._root is None:
            return True
        thing = self._root(frame)
        if type(thing) is types.CellType:
            try:
                thing = thing.cell_contents
            except ValueError:
                return True
        for name in self._call.path[1:]:
            owner, thing = thing, stored_attribute(thing, name)
            if thing is MISSING:
                holder = class_holding(type(owner), name)
                if holder is None:
                    return True
                thing = holder[1]
                if id(type(thing)) in _FOUND_IN_CLASS:
                    # An ordinary method, in Python or in C.
                    return thing is _RUN_IN_CONTEXT
        return id(type(thing)) not in _PLAIN

    def announce_in(self, frame: FrameType) -> None:
        """Announce the call that `frame` is about to make."""
        function, _ = self._find(frame)
        if id(type(function)) in GIVEN:
            self.announce(frame, function)

    def _is_given(self, function: Any) -> bool:
        """Whether the program may have given a function to the standard library to be called."""
        kind = type(function)
        call = self._call
        if kind is types.WrapperDescriptorType or kind is types.MethodDescriptorType:
            if kind_of(function.__objclass__) == STILL:
                return False
            return not call.of_attribute or function is _RUN_IN_CONTEXT
        if kind is types.BuiltinMethodType and call.of_attribute and type(function.__self__) is types.ModuleType:
            return False
        return kind is functools.partial or not call.looks_up(getattr(function, "__name__", " "))


#: The types of functions that live as long as their modules and classes.
_LASTING = identities((types.MethodDescriptorType, types.WrapperDescriptorType))
_FOUND_IN_CLASS = identities((types.FunctionType, types.MethodDescriptorType, staticmethod, classmethod))
#: The types of what is called without being announced.
_PLAIN = identities((types.FunctionType, types.MethodType, type))
_RUN_IN_CONTEXT = vars(contextvars.Context)["run"]
#: The types of what a program may give to the standard library to be called that runs no code of its own in Python.
GIVEN = identities(
    (
        types.BuiltinMethodType, types.MethodWrapperType, types.MethodDescriptorType, types.WrapperDescriptorType,
        functools.partial, operator.attrgetter, operator.itemgetter, operator.methodcaller, LruCache,
    )
)  # fmt: skip


def announced_calls(code: CodeType, namespace: Mapping[str, Any]) -> dict[int, AnnouncedCall]:
    """Return the calls in `code`, which is not in scope, that may have to be announced, by byte offset."""
    if layout is None:
        return {}
    return {offset: AnnouncedCall(code, namespace, call) for offset, call in given_calls(code).items()}


def _name_of(function: Any) -> str:
    return str(getattr(getattr(function, "func", function), "__name__", ""))


def _start_of(unit: Unit) -> Place | None:
    """Return where the thread was started; None if that is unknown."""
    if unit.half.thread is not None:
        for _, operation, _ in reversed(unit.execution.log):
            if operation.kind == START and operation.target is unit.half.thread:
                return operation.where()
    return None

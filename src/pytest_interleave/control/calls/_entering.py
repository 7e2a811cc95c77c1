"""What it touches to enter a `with` block, and to leave it: that calls methods which the code does not name."""

from __future__ import annotations

import contextlib
import gc
import types
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ..identity._types import class_holding, is_made_by_a_program, module_of
from ..identity._written import in_scope, is_foreign, is_primitive_method, python_function
from ..interpreter._frames import UNMARKED, frames, object_at, types_at, words, words_from
from ..steps._touches import FOREIGN, NOTHING, WRITES, Touches
from ._callees import note_callee
from ._calls import touches_of_call
from ._handed import closed_over, handed_to_foreign
from ._patching import undone

#: So many of an exit stack's callbacks are looked at.
_MOST = 32


def entering(slot: int, leave_alone: Callable[[], object]) -> Callable[[FrameType], Touches | None]:
    """Of an instruction that enters what lies in `slot`; `leave_alone` is called if that is always a lock, or alike."""
    return _of_manager(slot, "__enter__", _Doubt(leave_alone))


def leaving(slot: int, leave_alone: Callable[[], object], *, bound: bool) -> Callable[[FrameType], Touches | None]:
    """Of one that leaves what lies in `slot`; `bound` where that is its method, bound to it."""
    doubt = _Doubt(leave_alone)
    if not bound:
        return _of_manager(slot, "__exit__", doubt)
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
        if types_at[word >> 3] != _BOUND:
            # Of a lock, or a file.
            doubt.lessen()
            return None
        owner = words[(word >> 3) + _OWNER]
        if types_at[owner >> 3] in _quiet:
            doubt.lessen()
            return None
        return _touches(frame, object_at(owner), "__exit__", doubt)

    return touch


class _Doubt:
    """Whether an instruction may enter or leave something of interest: if it never does at first, it never will."""

    __slots__ = ("_leave_alone", "_left")

    def __init__(self, leave_alone: Callable[[], object]) -> None:
        self._leave_alone = leave_alone
        self._left = _ENOUGH

    def lessen(self) -> None:
        """It was of no interest."""
        self._left -= 1
        if not self._left:
            self._leave_alone()

    def stay(self) -> None:
        """It was."""
        self._left = -1


#: After how many locks that it enters or leaves, and nothing else, an instruction is no longer looked at: each look
#: takes time.
_ENOUGH = 16

#: The address of the type of a method that is written in Python, and bound.
_BOUND = id(types.MethodType)
#: Where such a method has the object that it is bound to: behind its header, and its function.
_OWNER = (object.__basicsize__ >> 3) + 1
#: The addresses of types, which live on, that do nothing of interest here.
_quiet: set[int] = set()


def _of_manager(slot: int, special: str, doubt: _Doubt) -> Callable[[FrameType], Touches | None]:
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
        if types_at[word >> 3] in _quiet:
            doubt.lessen()
            return None
        return _touches(frame, object_at(word & UNMARKED), special, doubt)

    return touch


def _touches(frame: FrameType, manager: Any, special: str, doubt: _Doubt) -> Touches | None:
    kind = type(manager)
    if id(kind) in _quiet:
        return None
    if _lives_on_quietly(kind, special):
        _quiet.add(id(kind))
        return None
    doubt.stay()
    touches = of_method(manager, special)
    if any(how & FOREIGN for _, _, how in touches):
        generator = _generator_of(manager)
        note_callee(frame, _method_of(manager, special) if generator is None else _function_of(generator))
    return touches or None


def _lives_on_quietly(kind: type, special: str) -> bool:
    """Whether a type is the interpreter's, or of one of our primitives: of a class of a program's, one never knows."""
    if not is_made_by_a_program(kind):
        return True
    holder = class_holding(kind, special)
    return holder is not None and holder[0] is kind and is_primitive_method(holder[1])


def _method_of(manager: Any, special: str) -> Any:
    holder = class_holding(type(manager), special)
    return None if holder is None else python_function(holder[1])


def of_method(manager: Any, special: str) -> Touches:
    """What it touches to enter a context manager, or to leave it: `special` says by which method."""
    method = _method_of(manager, special)
    if method is None or in_scope(method):
        return NOTHING
    generator = _generator_of(manager)
    return touches_of_call(method, (manager,)) if generator is None else _of_generator(generator)


def of_stack(name: str, given: Sequence[Any]) -> Touches:
    """What a method of an exit stack touches beside the stack; `given` are that and its arguments."""
    stack, *arguments = given
    if name == "enter_context" and arguments:
        return of_method(arguments[0], "__enter__")
    if name not in ("__exit__", "close"):
        return NOTHING
    touches = NOTHING
    for _, callback in tuple(stack._exit_callbacks)[:_MOST]:
        if type(callback) is types.MethodType:
            touches += of_method(callback.__self__, "__exit__")
        elif type(callback) is types.FunctionType:
            called = callback.__dict__.get("__wrapped__")
            if called is not None and not in_scope(called):
                held = dict(zip(callback.__code__.co_freevars, closed_over(callback), strict=False))
                arguments = [*held.get("args", ()), *held.get("kwds", {}).values()]
                touches += touches_of_call(called, arguments)
    return touches


def _generator_of(manager: Any) -> Any:
    """The generator that a context manager made by `contextlib.contextmanager` goes on with."""
    if not isinstance(manager, contextlib._GeneratorContextManager):
        return None
    generator = manager.gen
    return generator if type(generator) is types.GeneratorType else None


def _function_of(generator: types.GeneratorType[Any, Any, Any]) -> types.FunctionType:
    code = generator.gi_code
    variables = generator.gi_frame.f_globals if generator.gi_frame is not None else {}
    return types.FunctionType(code, variables, code.co_name, None, tuple(types.CellType() for _ in code.co_freevars))


def _of_generator(generator: types.GeneratorType[Any, Any, Any]) -> Touches:
    """What a generator out of scope touches that goes on: it has its variables in hand."""
    if generator.gi_frame is None:
        return NOTHING
    function = _function_of(generator)
    if in_scope(function):
        return NOTHING
    held = [thing for thing in gc.get_referents(generator) if thing is not generator.gi_code]
    touches = tuple(
        touch for thing in held if module_of(type(thing)) == "_pytest.monkeypatch" for touch in undone(thing)
    )
    if not is_foreign(function):
        return touches
    inside = [
        inner for thing in held for inner in (gc.get_referents(thing) if type(thing) is types.CellType else (thing,))
    ]
    return touches + handed_to_foreign(function, inside, WRITES)

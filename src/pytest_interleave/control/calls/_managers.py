"""The touches of a context manager's special methods, and of running the callbacks of an exit stack."""

from __future__ import annotations

import contextlib
import gc
import types
from collections.abc import Sequence
from typing import Any

from ..identity._any_call import any_call
from ..identity._types import class_holding, module_of
from ..identity._wholes import by_given_method
from ..identity._written import in_scope, is_foreign, python_function
from ..steps._touches import NOTHING, WRITES, Touches
from ._handed import closed_over, handed_to_foreign
from ._patching import undone

#: At most this many of an exit stack's callbacks are inspected; the rest are skipped.
_MOST = 32


def method_of(manager: Any, special: str) -> Any:
    """Return the Python function of a context manager's special method, or None if it has none."""
    holder = class_holding(type(manager), special)
    return None if holder is None else python_function(holder[1])


def of_method(manager: Any, special: str) -> Touches:
    """Return what entering or leaving a context manager touches; `special` is the name of the method that does it."""
    method = method_of(manager, special)
    if method is None:
        return by_given_method(manager, special)
    if in_scope(method):
        return NOTHING
    generator = generator_of(manager)
    return any_call.touches(method, (manager,)) if generator is None else _of_generator(generator)


def of_stack(name: str, given: Sequence[Any]) -> Touches:
    """Return what a method of an exit stack touches beside the stack; `given` has the stack and the arguments."""
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
                touches += any_call.touches(called, arguments)
    return touches


def generator_of(manager: Any) -> Any:
    """Return the generator that a context manager made by `contextlib.contextmanager` resumes; None for any other."""
    if not isinstance(manager, contextlib._GeneratorContextManager):
        return None
    generator = manager.gen
    return generator if type(generator) is types.GeneratorType else None


def function_of(generator: types.GeneratorType[Any, Any, Any]) -> types.FunctionType:
    """Return a function that has the code and the globals of a generator."""
    code = generator.gi_code
    variables = generator.gi_frame.f_globals if generator.gi_frame is not None else {}
    return types.FunctionType(code, variables, code.co_name, None, tuple(types.CellType() for _ in code.co_freevars))


def _of_generator(generator: types.GeneratorType[Any, Any, Any]) -> Touches:
    """Return what resuming a generator out of scope touches: it has its variables."""
    if generator.gi_frame is None:
        return NOTHING
    function = function_of(generator)
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

"""Calls that do nothing unknown: what they do is seen, or they only give a result."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import os
import queue
import threading
import types
from typing import Any

from ..identity._natives import arrays_exist
from ..identity._types import (
    CONTAINER,
    METHOD_OF_CLASS,
    STILL,
    VIEW,
    bases_of,
    class_holding,
    identities,
    is_class,
    is_made_by_a_program,
    is_one_of,
    kind_of,
    module_of,
    replaced,
)
from ..identity._written import in_scope, python_function
from ..interpreter._redirected import is_redirected
from ..scope import _current_scope
from ..scope._places import is_ours

#: Files whose code acts on primitives, which is seen.
_TRANSPARENT_FILES = frozenset(
    (
        threading.__file__,
        queue.__file__,
        contextlib.__file__,
        *(os.path.join(path, name) for path in concurrent.futures.__path__ for name in ("_base.py", "thread.py")),
    )
)
#: Modules in C whose functions only give a result, except those named below.
_PURE_MODULES = frozenset(("builtins", "math", "cmath", "_operator", "_thread", "_functools", "_abc"))
_IMPURE_NAMES = frozenset(
    "next input exec eval compile open print __import__ setattr delattr breakpoint anext allocate_lock "
    "start_new_thread".split()
)
_READERS_OF_SYS = frozenset(("_getframe", "getrefcount", "exc_info", "intern", "getrecursionlimit", "_is_gil_enabled"))
_MAKERS = ("__new__", "__init__")


#: The addresses of the types of functions written in C that are bound to an object.
BOUND_IN_C = identities((types.BuiltinMethodType, METHOD_OF_CLASS, types.MethodWrapperType))
#: Functions that do not read their arguments. An object that they make of an argument may read it later; that is seen
#: then.
_INDIFFERENT = frozenset(
    map(
        id,
        (
            abs, bin, breakpoint, callable, chr, classmethod, complex, divmod, float, hex, id, int, isinstance,
            issubclass, object, oct, open, ord, pow, property, range, round, slice, staticmethod, super, type,
            functools.partial, threading.Thread, threading.Timer, threading.Lock, threading.RLock,
        ),
    )
)  # fmt: skip
#: The functions among these that may be given an array, too.
_OF_NUMBERS = frozenset(map(id, (abs, complex, divmod, float, int, pow, round)))
#: Files whose functions pass their arguments on to a thread; they are touched there.
_PASSING_ON = frozenset(
    (threading.__file__, *(os.path.join(path, "thread.py") for path in concurrent.futures.__path__))
)

#: A part of the paths of what pytest calls for the message of a rewritten `assert`. That code reads objects for the
#: message alone.
ASSERTIONS = os.path.join("_pytest", "assertion", "")


def touches_nothing_else(function: Any) -> bool:
    """Whether a call never touches anything, whatever it is given, beside what code in scope does in it."""
    if id(function) in replaced:
        return False
    if id(function) in _INDIFFERENT or is_redirected(function) or in_scope(function):
        return id(function) not in _OF_NUMBERS or not arrays_exist()
    if id(type(function)) in BOUND_IN_C:
        return False
    if is_class(type(function)):
        # No other code touches the new object, but the class may read its arguments.
        maker = class_holding(function, "__init__")
        if maker is None or in_scope(maker[1]):
            return True
        function = maker[1]
    python = python_function(function)
    return python is not None and is_indifferent(python.__code__)


def is_indifferent(code: types.CodeType) -> bool:
    """Whether a function written in Python touches nothing of what it is given, beside what is seen."""
    filename = code.co_filename
    return filename in _PASSING_ON or is_ours(filename) or ASSERTIONS in filename


def does_nothing_unknown(function: Any) -> bool:
    """Whether all that a call does is known to be seen, or to be nothing."""
    while True:
        kind = type(function)
        if kind is types.MethodType:
            function = function.__func__
        elif kind is functools.partial:
            function = function.func
        else:
            break
    if kind is types.FunctionType:
        return _is_transparent(function.__code__)
    if kind is types.CodeType:
        return _is_transparent(function)
    if kind is types.BuiltinFunctionType:
        return _is_pure_in_c(function)
    if is_one_of(kind, types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType):
        return _is_known(function.__objclass__)
    if kind is types.MethodWrapperType:
        return _is_known(type(function.__self__))
    if is_class(kind):
        return _makes_nothing_unknown(function)
    holder = class_holding(kind, "__call__")
    return holder is not None and type(holder[1]) is types.FunctionType and _is_transparent(holder[1].__code__)


def _is_transparent(code: types.CodeType) -> bool:
    filename = code.co_filename
    return is_ours(filename) or filename in _TRANSPARENT_FILES or _current_scope.scope.holds_code(code)


def _is_pure_in_c(function: types.BuiltinFunctionType) -> bool:
    if is_redirected(function):
        return True
    owner = function.__self__
    if type(owner) is types.ModuleType:
        name = owner.__name__
        if name == "sys":
            return function.__name__ in _READERS_OF_SYS
        return name in _PURE_MODULES and function.__name__ not in _IMPURE_NAMES
    return owner is None or _is_known(type(owner))


def _is_known(kind: type) -> bool:
    """Whether values of a type never change, or their changes are accesses or concern the thread's own state."""
    return kind is object or kind is type or kind_of(kind) in (STILL, CONTAINER, VIEW)


def _makes_nothing_unknown(made: type) -> bool:
    """Whether making an object of the class does nothing unknown."""
    if not is_made_by_a_program(made):
        return module_of(made) == "builtins"
    for base in bases_of(made):
        if is_made_by_a_program(base):
            for name in _MAKERS:
                maker = vars(base).get(name)
                if type(maker) is staticmethod:
                    maker = maker.__func__
                if type(maker) is types.FunctionType and not _is_transparent(maker.__code__):
                    return False
        elif module_of(base) != "builtins":
            return False
    return True

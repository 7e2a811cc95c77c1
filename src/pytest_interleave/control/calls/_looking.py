"""The touches of handing objects of a program's classes to functions that are not known to leave them alone.

A function of the standard library that is written in C leaves them alone, except those that read everything, like
`pickle.dumps`. Its functions in Python use what they are given. Of an extension, nothing is known.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import types
from collections.abc import Sequence
from typing import Any

from ..code._methods import READING_METHODS, THOROUGH_READERS, WRITING_METHODS
from ..identity._natives import is_native
from ..identity._types import CONTAINER, OTHER, class_holding, is_class, kind_of, module_of
from ..identity._wholes import elements_of, native, whole
from ..identity._written import in_scope, python_function
from ..steps._touches import FOREIGN, HIDDEN, NOTHING, OPAQUE, READS, UNSURE, WRITES, Touches
from ._handed import closed_over, handed_whole, is_trusted, reachable
from ._loggers import LOGGING, of_handlers, of_logger
from ._managers import of_stack

#: C code that reads objects is followed for this many levels: to what the objects lead to, and to what that leads to.
_LEVELS = 2
#: Modules of the standard library whose code acts on primitives, which is seen.
_SEEN_WITHIN = frozenset("concurrent contextlib queue threading".split())
#: Methods whose names begin like this change an object.
_CHANGING = ("set", "add", "remove", "register", "unregister", "clear", "write", "close", "push", "pop")
#: Methods, of any class, that read all that an object has of its own.
LOOKING_AT_ALL = frozenset(("__dir__", "__getstate__", "__reduce__", "__reduce_ex__"))


def handed_to_c(function: Any, given: Sequence[Any], how: int) -> Touches:
    """Return what a C function touches of objects that are given to it, beside containers and objects written in C."""
    if _looks_at_everything(function):
        return tuple(touch for value in given for touch in reachable(value, READS | OPAQUE, _LEVELS))
    return handed_to_extension(given, how)


def leaves_objects_alone(function: Any) -> bool:
    """Whether a C function is known not to read objects that are given to it."""
    if _harmless.get(id(function)) is function:
        return True
    if _looks_at_everything(function) or not is_of_python_itself(_module_of_function(function)):
        return False
    if type(function.__self__) is types.ModuleType:
        _harmless[id(function)] = function
    return True


#: Functions of modules that do so, by address.
_harmless: dict[int, Any] = {}


def _looks_at_everything(function: Any) -> bool:
    return function is dir or function.__name__ in THOROUGH_READERS


def handed_to_extension(given: Sequence[Any], how: int) -> Touches:
    """Return what a function touches of its arguments if it may do anything: change them, and call code in scope."""
    flags = OPAQUE if not how & WRITES else OPAQUE | FOREIGN | UNSURE
    touches = NOTHING
    for value in given:
        if _is_of_the_program(type(value)):
            touches += reachable(value, READS | flags, _LEVELS)
        elif type(value) in (list, tuple):
            # As in `concatenate([array, array])`.
            touches += tuple(touch for inner in elements_of(value) for touch in native(inner, how))
    return touches


def handed_to_type(kind: type, given: Sequence[Any], how: int) -> Touches:
    """Return what calling an object of the type `kind` touches of the arguments."""
    return NOTHING if is_of_python_itself(module_of(kind)) else handed_to_extension(given, how)


def handed_to_stdlib(function: types.FunctionType, given: Sequence[Any]) -> Touches:
    """Return what a Python function of the standard library touches of objects given to it; its call is one step.

    Nothing if the function is not the standard library's.
    """
    if given and isinstance(given[0], contextlib.ExitStack):
        return whole(given[0], WRITES) + of_stack(function.__code__.co_name, given)
    module = function.__globals__.get("__name__")
    outermost = module.partition(".")[0] if type(module) is str else ""
    if outermost in _SEEN_WITHIN or outermost not in sys.stdlib_module_names:
        return NOTHING
    name = function.__code__.co_name
    changes = name in WRITING_METHODS or (name not in READING_METHODS and name.startswith(_CHANGING))
    touches = NOTHING
    if given and _is_method(function, given[0]):
        owner, *given = given
        how = WRITES if changes else READS
        if is_class(type(owner)):
            # `isinstance` asks which classes are registered with it.
            touches = whole(owner, how | HIDDEN, OPAQUE) if changes and outermost == "abc" else NOTHING
        elif outermost == "logging":
            touches = of_logger(owner, how)
            if name in LOGGING:
                touches += of_handlers(owner)
        else:
            touches = handed_whole((owner,), how)
    elif function is logging.disable:
        touches = whole(logging.root.manager, WRITES)
    elif outermost == "logging" and name in LOGGING:
        touches = of_logger(logging.root, READS) + of_handlers(logging.root)
    for value in given:
        if _is_of_the_program(type(value)):
            touches += whole(value, READS)
    if outermost == "functools" and function.__closure__:
        touches += _kept_by(function, WRITES if changes else READS)
    return touches


def _is_method(function: types.FunctionType, owner: Any) -> bool:
    found = class_holding(type(owner), function.__code__.co_name)
    return found is not None and python_function(found[1]) is function


def _kept_by(function: types.FunctionType, how: int, depth: int = _LEVELS) -> Touches:
    """Return what a function made by `functools` keeps in variables around it, such as `singledispatch`'s registry."""
    touches = NOTHING
    for value in closed_over(function):
        inner = python_function(value)
        if inner is None:
            if kind_of(type(value)) == CONTAINER:
                touches += whole(value, how)
        elif depth and not in_scope(inner):
            touches += _kept_by(inner, how, depth - 1)
    return touches


def _is_of_the_program(kind: type) -> bool:
    """Whether a type's values have attributes that any Python code may set."""
    return kind_of(kind) == OTHER and not (
        is_class(kind) or kind is types.ModuleType or is_native(kind) or is_trusted(kind)
    )


def _module_of_function(function: Any) -> str:
    owner = function.__self__
    name = owner.__name__ if type(owner) is types.ModuleType else function.__module__
    return name if type(name) is str else ""


@functools.cache
def is_of_python_itself(module: str) -> bool:
    """Whether a module belongs to the standard library or to this package."""
    outermost = module.partition(".")[0]
    return outermost in sys.stdlib_module_names or outermost == "pytest_interleave"

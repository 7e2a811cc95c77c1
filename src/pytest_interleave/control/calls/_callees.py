"""The code out of scope that was called, by the place of the call, if it was given objects that threads share."""

from __future__ import annotations

import functools
import weakref
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from ..identity._natives import LruCache, is_of_ctypes
from ..identity._owners import stored_attribute
from ..identity._written import called, is_generated, python_function


class Callee(NamedTuple):
    """A function that is out of scope, by its module and its name there."""

    module: str
    name: str
    #: Whether it could be in scope: it is written in Python.
    python: bool = True

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.module else self.name


WEAK_REFERENCE = Callee("weakref", "ref", python=False)
#: The module of functions in C that are called through it.
CTYPES = "ctypes"

#: The callee by the address of the calling code, which is kept with it, and the offset of the call. The last callee
#: there counts.
_callees: dict[tuple[int, int], tuple[CodeType, Callee]] = {}


def note_callee(frame: FrameType, function: Any) -> None:
    """Note that the instruction that `frame` is about to run calls `function`, which is out of scope."""
    while type(function) is functools.partial:
        function = function.func
    callee = _known_callee(function)
    if callee is not None:
        _callees[id(frame.f_code), frame.f_lasti] = (frame.f_code, callee)


def _known_callee(function: Any) -> Callee | None:
    """Return the callee for anything that can be called; None if it has no name that says something."""
    python = python_function(called(function))
    if type(function) is LruCache:
        return Callee("functools", "lru_cache", python=False)
    if python is not None:
        return callee_of(python)
    if issubclass(type(function), weakref.ref):
        return WEAK_REFERENCE
    if is_of_ctypes(type(function)):
        name = stored_attribute(function, "__name__")
        return Callee(CTYPES, name if type(name) is str else "function", python=False)
    if type(function) is BuiltinFunctionType:
        module = function.__module__
        return Callee(module if type(module) is str else "", function.__qualname__, python=False)
    return None


def callee_of(function: FunctionType) -> Callee:
    """Return the callee for a function, by its module and the name of its code.

    A decorated function says that it is what it stands for, so its own name is not used.
    """
    module = function.__globals__.get("__name__")
    if is_generated(function):
        # The name of its code says how it was made.
        return Callee(module if type(module) is str else "", function.__qualname__, python=False)
    return Callee(module if type(module) is str else "", function.__code__.co_qualname)


def callee_at(code: CodeType, lasti: int) -> Callee | None:
    """Return what an instruction called, if that is out of scope and was given what threads could share, else None."""
    known = _callees.get((id(code), lasti))
    return None if known is None else known[1]

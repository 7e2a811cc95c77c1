"""What calls touch whose callee is not in scope: a library's function may look into what it is given, or change it."""

from __future__ import annotations

import concurrent.futures
import functools
import os
import threading
import types
from collections.abc import Sequence
from typing import Any

from ._kinds import CONTAINER, bases_of, class_holding, identities, is_class, is_made_by_a_program, kind_of
from ._methods import READING_METHODS
from ._owners import contents, in_scope
from ._places import is_ours
from ._redirected import is_redirected
from ._touches import NOTHING, OPAQUE, READS, WRITES, Touches

#: The addresses of the types of what is bound to an object, and written in C.
BOUND_IN_C = identities((types.BuiltinMethodType, types.MethodWrapperType))
_UNBOUND_IN_C = identities((types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType))
#: They do not look into what they are given; or what they make of it does, later, where it is seen.
_INDIFFERENT = frozenset(
    map(
        id,
        (
            abs, bin, breakpoint, callable, chr, classmethod, complex, divmod, enumerate, filter, float, getattr,
            hasattr, hash, hex, id, int, isinstance, issubclass, iter, map, object, oct, open, ord, pow, property,
            range, reversed, round, slice, staticmethod, super, type, zip, functools.partial, threading.Thread,
            threading.Timer, threading.Lock, threading.RLock,
        ),
    )
)  # fmt: skip
_READERS = frozenset("all any ascii dumps format len max min print repr sorted sum".split())
#: What is given to functions of these modules is passed on to a thread, and touched there.
_PASSING_ON = frozenset((threading.__file__, *(f"{path}/thread.py" for path in concurrent.futures.__path__)))

#: What pytest calls for the message of an `assert` that it has rewritten looks at things for that alone.
_ASSERTIONS = os.path.join("_pytest", "assertion", "")


def touches_of_call(function: Any, given: Sequence[Any]) -> Touches:
    """What a call touches, beside what code in scope does in it; `given` are its arguments, by whatever name."""
    kind = type(function)
    if kind is functools.partial:
        return touches_of_call(function.func, (*function.args, *given))
    if touches_nothing_else(function):
        return NOTHING
    if id(kind) in BOUND_IN_C and function.__self__ is not None and type(function.__self__) is not types.ModuleType:
        return _method(function.__self__, function.__name__, given)
    if id(kind) in _UNBOUND_IN_C and given:
        return _method(given[0], function.__name__, given[1:])
    if id(kind) in BOUND_IN_C:
        return _given(given, READS if function.__name__ in _READERS else WRITES | OPAQUE)
    if is_class(kind):
        return _given(given, READS)
    code = _code_of(function)
    if code is None:
        return NOTHING if in_scope(_call_of(function)) else _given(given, READS | OPAQUE)
    return _given(given, READS | OPAQUE if code.co_name in _READERS else WRITES | OPAQUE)


def touches_nothing_else(function: Any) -> bool:
    """Whether a call of it never touches anything, whatever it is given, beside what code in scope does in it."""
    if id(function) in _INDIFFERENT or is_redirected(function) or in_scope(function):
        return True
    if id(type(function)) in BOUND_IN_C:
        return False
    if is_class(type(function)):
        # What it makes is touched by nobody else, but it may look into what it is given.
        maker = class_holding(function, "__init__")
        if maker is None or in_scope(maker[1]):
            return True
        function = maker[1]
    code = _code_of(function)
    if code is None:
        return False
    filename = code.co_filename
    return filename in _PASSING_ON or is_ours(filename) or _ASSERTIONS in filename


def _method(owner: Any, name: str, given: Sequence[Any]) -> Touches:
    """Of a method written in C."""
    how = READS if name in READING_METHODS or name in _READING_SLOTS else WRITES
    return contents(owner, how) + (_given(given, READS) if looks_into_arguments(owner, name) else NOTHING)


_READING_SLOTS = frozenset(
    ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__str__", "__add__")
)
_TAKES_CONTENTS = frozenset(
    "difference difference_update extend extendleft intersection intersection_update isdisjoint issubset issuperset "
    "join subtract symmetric_difference symmetric_difference_update union update writelines format".split()
)


def looks_into_arguments(owner: Any, name: str) -> bool:
    """Whether a method of that name looks into what it is given, rather than at it."""
    return name in _TAKES_CONTENTS or kind_of(type(owner)) != CONTAINER


def _given(values: Sequence[Any], how: int) -> Touches:
    touches: list[Any] = []
    for value in values:
        if id(type(value)) in BOUND_IN_C:
            # To be called back.
            touches += touches_of_call(value, ())
        else:
            touches += contents(value, how)
    return tuple(touches)


def _code_of(function: Any) -> types.CodeType | None:
    if type(function) is types.MethodType:
        function = function.__func__
    return function.__code__ if type(function) is types.FunctionType else None


def _call_of(function: Any) -> Any:
    for base in bases_of(type(function)):
        if is_made_by_a_program(base):
            found = class_holding(base, "__call__")
            return None if found is None else found[1]
    return None

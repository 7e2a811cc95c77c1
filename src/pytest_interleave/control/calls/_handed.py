"""The touches of handing objects to Python code out of scope, which may do anything with them."""

from __future__ import annotations

import contextlib
import dis
import enum
import functools
import gc
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..code._methods import WRITING_METHODS
from ..identity._natives import is_native
from ..identity._object_names import key_of
from ..identity._owners import attributes_of
from ..identity._types import (
    CONTAINER,
    ITERATOR,
    LOCAL,
    METHOD_OF_CLASS,
    OTHER,
    STILL,
    VIEW,
    bases_of,
    is_class,
    is_one_of,
    kind_of,
    module_of,
    namespace_of,
)
from ..identity._wholes import contents, native, whole
from ..identity._written import in_scope, is_foreign, python_function
from ..steps._touches import FOREIGN, NOTHING, OPAQUE, READS, WRITES, Touches

_DEEPEST = 3
#: At most this many objects are inspected if code reads all that can be reached; the rest are skipped.
_MOST = 64
#: Modules with classes whose instances protect themselves, or never change.
_TRUSTED = frozenset(
    "_pytest concurrent datetime decimal enum fractions ipaddress logging pathlib pytest pytest_interleave queue "
    "random re threading types unittest.case uuid".split()
)


def handed_to_foreign(function: types.FunctionType, given: Sequence[Any], how: int) -> Touches:
    """Return what a call of a Python function that is out of scope touches of what it is given, and of what it has.

    It has the variables of functions around it, and globals that are containers.
    """
    flags = FOREIGN | OPAQUE
    touches = NOTHING
    for value in given:
        if type(value) is tuple:
            for inner in value[:_MOST_INSIDE]:
                touches += _handed(inner, how | flags)
        elif how == READS:
            touches += reachable(value, how | flags)
        else:
            touches += _handed(value, how | flags) + _kept_in(value, how | flags)
    return touches + _kept(function, flags)


#: At most this many elements of a tuple, or containers in an object, are touched; the rest are skipped.
_MOST_INSIDE = 8


def _kept_in(owner: Any, how: int) -> Touches:
    """Return the touches of the containers in an object's attributes: the program may still have them, too."""
    if kind_of(type(owner)) != OTHER or is_trusted(type(owner)) or is_class(type(owner)):
        return NOTHING
    attributes = attributes_of(owner)
    if not attributes:
        return NOTHING
    found = [value for value in list(attributes.values())[:_MOST] if kind_of(type(value)) == CONTAINER]
    return tuple((key_of(value), None, how) for value in found[:_MOST_INSIDE])


def handed_whole(given: Iterable[Any], how: int) -> Touches:
    """Return what handing objects to code that uses their attributes touches; a container as a whole."""
    touches = NOTHING
    for value in given:
        touches += _handed(value, how | OPAQUE)
    return touches


def _handed(value: Any, how: int) -> Touches:
    kind = type(value)
    sort = kind_of(kind)
    if sort in (CONTAINER, VIEW, ITERATOR):
        return contents(value, how)
    if is_one_of(kind, types.BuiltinMethodType, METHOD_OF_CLASS, types.MethodWrapperType):
        # Perhaps to be called.
        return _handed(value.__self__, how)
    if kind is types.MethodType:
        return NOTHING if in_scope(value) else _handed(value.__self__, how)
    if kind is functools.partial:
        return tuple(touch for inner in (value.func, *value.args) for touch in _handed(inner, how))
    if sort in (STILL, LOCAL) or is_class(kind) or kind is types.ModuleType:
        return NOTHING
    if is_trusted(type(value)):
        return native(value, how & ~FOREIGN)
    return whole(value, how)


def is_trusted(kind: type) -> bool:
    """Whether several threads may give a value of this type to code out of scope."""
    if is_native(kind) and kind_of(kind) == OTHER:
        return module_of(kind).partition(".")[0] in _TRUSTED
    for base in bases_of(kind):
        if base is enum.Enum:
            return True
        parameters = namespace_of(base).get("__dataclass_params__")
        if parameters is not None and getattr(parameters, "frozen", False):
            return True
    module = module_of(kind)
    return module in _TRUSTED or module.partition(".")[0] in _TRUSTED


def reachable(value: Any, how: int, deepest: int = _DEEPEST) -> Touches:
    """Return what reading all that can be reached from `value` touches: a container in a container, too."""
    touches: list[Any] = list(_handed(value, how))
    seen = {id(value)}
    waiting = [(value, 0)]
    for thing, depth in waiting:
        if depth >= deepest or len(seen) > _MOST:
            break
        for inner in _inside(thing):
            if id(inner) not in seen:
                seen.add(id(inner))
                waiting.append((inner, depth + 1))
                touches += _handed(inner, how)
    return tuple(touches)


def _inside(thing: Any) -> list[Any]:
    """Return what is in a container, or in the attributes of an object."""
    if type(thing) in (dict, list, set, tuple) or kind_of(type(thing)) in (CONTAINER, OTHER):
        found = gc.get_referents(thing)
        return [
            inner
            for inner in found
            if not (is_class(type(inner)) or type(inner) is types.ModuleType or type(inner) is types.FunctionType)
            and (type(inner) is tuple or kind_of(type(inner)) not in (STILL, LOCAL))
        ]
    return []


class _Summary(NamedTuple):
    """The uses that code itself makes of the globals of its module."""

    code: types.CodeType
    loads: frozenset[str]
    stores: frozenset[str]
    #: The globals in which it changes something.
    changes: frozenset[str]


_summaries: dict[int, _Summary] = {}


def _summary_of(code: types.CodeType) -> _Summary:
    known = _summaries.get(id(code))
    if known is None:
        #: The global that an expression begins with, by where the expression begins.
        begun: dict[Any, str] = {}
        stores: set[str] = set()
        changes: set[str] = set()
        for found in dis.get_instructions(code):
            start = None if found.positions is None else (found.positions.lineno, found.positions.col_offset)
            if found.opname == "LOAD_GLOBAL":
                begun[start] = found.argval
            elif found.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                stores.add(found.argval)
            elif start in begun and (
                found.opname in _CHANGES or (found.opname in _LOADS and found.argval in WRITING_METHODS)
            ):
                changes.add(begun[start])
        known = _Summary(code, frozenset(begun.values()), frozenset(stores), frozenset(changes))
        _summaries[id(code)] = known
    return known


_CHANGES = frozenset(("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"))
_LOADS = frozenset(("LOAD_ATTR", "LOAD_METHOD"))


def closed_over(function: types.FunctionType) -> Iterator[Any]:
    """Yield the values of the variables around a function that it uses, without those that have no value."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            yield cell.cell_contents


def _kept(function: types.FunctionType, flags: int, depth: int = _DEEPEST) -> Touches:
    """Return what a function touches beside its arguments, and what functions in variables around it touch."""
    touches = NOTHING
    for value in closed_over(function):
        inner = python_function(value)
        if inner is None:
            touches += _handed(value, WRITES | flags)
        elif depth and not in_scope(inner) and is_foreign(inner):
            touches += _kept(inner, flags, depth - 1)
    summary = _summary_of(function.__code__)
    variables = function.__globals__
    for name in summary.loads:
        value = variables.get(name)
        if value is not None and kind_of(type(value)) == CONTAINER:
            touches += _handed(value, flags | (WRITES if name in summary.changes else READS))
    return touches + tuple((id(variables), name, WRITES | flags) for name in summary.stores)

"""Whose state an access really concerns, found without running any code of the program.

An attribute that is read from an object may be its class's; a module's attribute is the global of code in it; a loop
over a dictionary's keys is a loop over the dictionary.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import Any

from . import _current
from ._frames import object_at
from ._generators import name_of_generator
from ._kinds import (
    CONTAINER,
    ITERATOR,
    LOCAL,
    STILL,
    VIEW,
    bases_of,
    class_holding,
    is_class,
    is_made_by_a_program,
    is_one_of,
    kind_of,
    namespace_of,
)
from ._methods import READING_METHODS
from ._modules import is_module, namespace_of_module
from ._names import aliases, key_of, name_of
from ._touches import NOTHING, OPAQUE, READS, WRITES, Touches

_DEEPEST = 4


def in_scope(function: Any) -> bool:
    """Whether `function` is written in Python, in code whose accesses are scheduling points."""
    kind = type(function)
    while kind is types.MethodType or kind is staticmethod or kind is classmethod:
        function = function.__func__
        kind = type(function)
    return kind is types.FunctionType and _current.scope.holds_code(function.__code__, function.__globals__)


def runs_in_scope(kind: type, special: str) -> bool:
    """Whether a special method of a type's values is the program's own: what it does is seen where it does it."""
    if not is_made_by_a_program(kind):
        return False
    holder = class_holding(kind, special)
    return holder is not None and in_scope(holder[1])


def attributes_of(owner: Any) -> dict[str, Any] | None:
    """An object's own `__dict__`, where it has an ordinary one."""
    for base in bases_of(type(owner)):
        found = namespace_of(base).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            attributes = found.__get__(owner)
            return attributes if type(attributes) is dict else None
    return None


#: Stands for a value that is not there, or cannot be had.
MISSING = object()


def stored_attribute(owner: Any, name: str) -> Any:
    """An instance's attribute, as it lies there; `MISSING` where it has none of its own."""
    attributes = attributes_of(owner)
    if attributes is not None and name in attributes:
        return attributes[name]
    holder = class_holding(type(owner), name)
    if holder is not None and type(holder[1]) is types.MemberDescriptorType:
        try:
            return holder[1].__get__(owner)
        except AttributeError:
            return MISSING
    return MISSING


def attribute(owner: Any, name: str, how: int, *, plain: bool = False) -> Touches:
    """What reading or writing `owner.name` touches; `plain` where that is done by `object.__setattr__` or its kin."""
    kind = type(owner)
    if not plain and runs_in_scope(kind, "__getattribute__" if how == READS else "__setattr__"):
        # That it is called is its class's doing, which another thread may replace.
        return ((_holder_of(owner), "__class__", READS),)
    if name == "__class__" and how == WRITES:
        # From now on all of it may be otherwise.
        return ((_holder_of(owner), None, WRITES), (_holder_of(owner), name, WRITES))
    if kind is types.ModuleType or (is_module(owner) and class_holding(kind, name) is None):
        return ((id(namespace_of_module(owner)), name, how),)
    if is_class(kind):
        return _looked_for(bases_of(owner), name) if how == READS else ((name_of(owner), name, how),)
    if kind_of(kind) == LOCAL:
        return NOTHING
    if name == "__dict__":
        # What follows may change any attribute through it.
        attributes = attributes_of(owner)
        if attributes is not None:
            aliases[id(attributes)] = name_of(owner)
        return ((name_of(owner), None, READS),)
    holder = class_holding(kind, name)
    if holder is None:
        attributes = attributes_of(owner) if how == READS and runs_in_scope(kind, "__getattr__") else None
        if attributes is not None and name not in attributes:
            # `__getattr__` looks for it, in its own way, as long as nobody adds one.
            how |= OPAQUE
        return ((name_of(owner), name, how),)
    value = holder[1]
    if class_holding(type(value), "__get__" if how == READS else "__set__") is not None and is_made_by_a_program(
        type(value)
    ):
        seen = _by_descriptor(owner, name, value, how)
        if seen is not None:
            return seen
    if type(value) is property:
        wanted = value.fget if how == READS else value.fset
        return NOTHING if in_scope(wanted) else ((name_of(owner), name, how | OPAQUE),)
    if is_one_of(type(value), types.MemberDescriptorType, types.GetSetDescriptorType):
        return ((name_of(owner), name, how),)
    if how == READS:
        attributes = attributes_of(owner)
        if attributes is None:
            return _looked_for(bases_of(kind), name)
        if name not in attributes:
            # It is the class's only as long as the instance has none.
            return ((name_of(owner), name, how), *_looked_for(bases_of(kind), name))
    return ((name_of(owner), name, how),)


def _holder_of(owner: Any) -> int:
    """What stands for an object in accesses to its attributes."""
    return id(namespace_of_module(owner)) if is_module(owner) else name_of(owner)


def _by_descriptor(owner: Any, name: str, descriptor: Any, how: int) -> Touches | None:
    """What it touches that a descriptor written in Python gives, or takes, a value; None where it is not asked."""
    seen = runs_in_scope(type(descriptor), "__get__" if how == READS else "__set__")
    attributes = attributes_of(owner) if how == READS and class_holding(type(descriptor), "__set__") is None else None
    if attributes is None:
        return NOTHING if seen else None
    if name in attributes:
        return None
    # It is asked only as long as the instance has none of its own; often it is what gives it one.
    return ((name_of(owner), name, how if seen else WRITES | OPAQUE),)


def _looked_for(classes: tuple[type, ...], name: str) -> Touches:
    """What it touches to look for an attribute in classes, one after the other, until one of them has it."""
    touches = []
    for base in classes:
        if is_made_by_a_program(base):
            touches.append((name_of(base), name, READS))
        if name in namespace_of(base):
            break
    return tuple(touches)


def is_always_of_the_instance(kind: type, name: str) -> bool:
    """Whether an attribute of that name is each instance's own, so that it need not be looked for again."""
    if issubclass(kind, types.ModuleType) or is_class(kind) or kind_of(kind) == LOCAL or name == "__dict__":
        return False
    if any(runs_in_scope(kind, special) for special in ("__getattribute__", "__setattr__", "__getattr__")):
        return False
    holder = class_holding(kind, name)
    return holder is None or type(holder[1]) is types.MemberDescriptorType


def whole(owner: Any, how: int) -> Touches:
    """What a call touches that looks at all of `owner`, or changes it in a way that is not known more exactly."""
    kind = kind_of(type(owner))
    if kind == CONTAINER:
        return ((key_of(owner), None, how),)
    if kind in (STILL, LOCAL):
        return NOTHING
    if kind == VIEW:
        return _through(owner, how)
    if kind == ITERATOR:
        # Even to look at all that is left uses it up.
        return ((name_of(owner), None, WRITES), *_through(owner, READS))
    if type(owner) is types.GeneratorType:
        return ((name_of_generator(owner), None, WRITES),)
    return ((name_of(owner), None, how | OPAQUE),)


def iteration(thing: Any) -> Touches:
    """What it touches to begin a loop over `thing`."""
    return NOTHING if runs_in_scope(type(thing), "__iter__") else whole(thing, READS)


#: Of an iterator that only its loop knows: the loop's reference, and those that exist while they are counted.
_REFERENCES_OF_A_LOOP = 3


def loop(address: int) -> Touches:
    """What the next round of a loop touches, with its iterator at `address`."""
    iterator = object_at(address)
    if kind_of(type(iterator)) == ITERATOR and sys.getrefcount(iterator) <= _REFERENCES_OF_A_LOOP:
        return _through(iterator, READS)
    return whole(iterator, READS)


def contents(thing: Any, how: int) -> Touches:
    """What it touches to look at what is in `thing`, or to change that, if there is anything in such objects."""
    if type(thing) is types.GeneratorType:
        return whole(thing, how)
    sort = kind_of(type(thing))
    if sort == CONTAINER and any(runs_in_scope(type(thing), special) for special in _WAYS_IN):
        # Which of these are called is not known; what they do is seen where they do it.
        how |= OPAQUE
    return whole(thing, how) if sort in (CONTAINER, VIEW, ITERATOR) else NOTHING


_WAYS_IN = ("__iter__", "__len__", "__bool__", "__contains__", "__getitem__", "__eq__", "__repr__", "keys", "items")


#: These keep the pair that they gave last, to use it again if they can. It is nothing that they go through.
_KEEPING_A_PAIR: tuple[type, ...] = (type(iter({}.items())), type(reversed({}.items())), enumerate)


def _through(outer: Any, how: int, depth: int = 0, *, iterators_only: bool = False) -> Touches:
    """What an iterator or a view goes through."""
    found: list[Any] = []
    for inner in [outer.obj] if type(outer) is memoryview else gc.get_referents(outer):
        kind = kind_of(type(inner))
        if type(inner) is tuple and type(outer) in _KEEPING_A_PAIR:
            continue
        if kind == CONTAINER:
            if not iterators_only:
                found.append((key_of(inner), None, how))
        elif (kind in (ITERATOR, VIEW) or type(inner) is tuple) and depth < _DEEPEST:
            if kind == ITERATOR and sys.getrefcount(inner) > _REFERENCES_OF_A_LOOP + 1:
                found.append((name_of(inner), None, WRITES))
            # `zip` has a tuple of iterators, and one of what they gave last.
            found.extend(_through(inner, how, depth + 1, iterators_only=type(outer) is zip))
        elif type(inner) is types.GeneratorType:
            if sys.getrefcount(inner) > _REFERENCES_OF_A_LOOP + 1:
                found.append((name_of_generator(inner), None, WRITES))
        elif type(inner) is types.BuiltinMethodType:
            # What `map` is to call.
            found.extend(contents(inner.__self__, READS if inner.__name__ in READING_METHODS else WRITES))
    return tuple(found)

"""The object whose state an access to an attribute concerns, found without running any code of the program.

An attribute that is read from an object may be its class's. A module's attribute is a global of the code in it. A
proxy's attribute is that of the object for which the proxy stands.
"""

from __future__ import annotations

import queue
import threading
import types
from typing import Any

from ..scope._modules import is_module, namespace_of_module
from ..steps._touches import FOREIGN, HIDDEN, NOTHING, OPAQUE, READS, UNSURE, WRITES, Touches
from ._any_call import any_call
from ._kept import class_assigned
from ._natives import behind, has_own_access
from ._object_names import aliases, name_of
from ._types import LOCAL, bases_of, class_holding, is_class, is_made_by_a_program, is_one_of, kind_of, namespace_of
from ._written import flags_of, in_scope, is_foreign, is_of_an_object, python_function, runs_in_scope

_object_of_super = vars(super)["__self__"].__get__
#: The methods of a class that does not change how its instances' attributes are looked up or set.
_PLAIN_ACCESS = {READS: object.__dict__["__getattribute__"], WRITES: object.__dict__["__setattr__"]}
_ACCESS = {READS: "__getattribute__", WRITES: "__setattr__"}


#: Attributes that queues and other primitives change in steps of their own.
_KEPT_BY_PRIMITIVES = frozenset(("queue", "unfinished_tasks", "_value", "_flag"))
_PRIMITIVES = (queue.Queue, threading.Semaphore, threading.Event)


def _kept_by_primitive(owner: Any, name: str, how: int) -> Touches:
    """Return the touch of an attribute that holds a primitive's state: the primitive, or the lock of a queue."""
    mutex = stored_attribute(owner, "mutex")
    guard = owner if mutex is MISSING else mutex
    if name == "queue":
        aliases[id(stored_attribute(owner, name))] = id(guard)
    return ((id(guard), None, how),)


def attributes_of(owner: Any) -> dict[str, Any] | None:
    """Return an object's own `__dict__`, or None if it has no ordinary one."""
    for base in bases_of(type(owner)):
        found = namespace_of(base).get("__dict__")
        if is_one_of(type(found), types.GetSetDescriptorType, types.MemberDescriptorType):
            attributes = found.__get__(owner)
            return attributes if type(attributes) is dict else None
    return None


#: Stands for a value that does not exist or cannot be read.
MISSING = object()


def stored_attribute(owner: Any, name: str) -> Any:
    """Return an instance's attribute as it is stored there; `MISSING` if the instance has none of its own."""
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
    """Return what reading or writing `owner.name` touches; `plain` if `object.__setattr__` or the like does it."""
    kind = type(owner)
    flags = 0
    proxied: Touches = NOTHING
    if not plain and is_made_by_a_program(kind):
        holder = class_holding(kind, _ACCESS[how])
        if holder is not None and holder[1] is not _PLAIN_ACCESS[how]:
            if in_scope(holder[1]):
                # The class decides that this method is called, and another thread may replace the class.
                return ((_holder_of(owner), "__class__", READS),)
            if is_foreign(holder[1]):
                flags = FOREIGN
    if name == "__class__" and how == WRITES:
        # From now on, all of the object may be different.
        return ((_holder_of(owner), None, WRITES), (_holder_of(owner), name, WRITES | HIDDEN))
    if kind is types.ModuleType or (is_module(owner) and class_holding(kind, name) is None):
        return ((id(namespace_of_module(owner)), name, how),)
    if kind is super:
        inner = _object_of_super(owner)
        return attribute(inner, name, how) + inherited(inner, name)
    if is_class(kind):
        if how == READS:
            return _looked_for(bases_of(owner), name)
        class_assigned(owner, name)
        return ((name_of(owner), name, WRITES | HIDDEN if _is_asked_for_unseen(name) else WRITES),)
    if kind_of(kind) == LOCAL:
        return _looked_for(bases_of(kind), name) if how == READS else NOTHING
    for thing in behind(owner):
        proxied += tuple((key, part, does | OPAQUE) for key, part, does in attribute(thing, name, how))
    if name == "__dict__":
        # Code that follows may change any attribute through it.
        attributes = attributes_of(owner)
        if attributes is not None:
            aliases[id(attributes)] = name_of(owner)
        return ((name_of(owner), None, how), *proxied)
    holder = class_holding(kind, name)
    if name in _KEPT_BY_PRIMITIVES and isinstance(owner, _PRIMITIVES):
        return _kept_by_primitive(owner, name, how)
    if holder is None:
        fallback = None if how == WRITES else class_holding(kind, "__getattr__")
        if fallback is None:
            return ((name_of(owner), name, how | flags), *proxied)
        if is_of_an_object(fallback[1]):
            proxied += any_call.touches(fallback[1], (name,))
        return (*proxied, (name_of(owner), name, how | flags | _of_fallback(owner, name, fallback[1])))
    value = holder[1]
    if is_made_by_a_program(type(value)):
        seen = _by_descriptor(owner, name, value, how)
        if seen is not None:
            return seen
    if type(value) is property:
        return by_property(owner, value, how, name) + _looked_for(bases_of(kind), name)
    if is_one_of(type(value), types.MemberDescriptorType, types.GetSetDescriptorType):
        if how == WRITES and kind is types.FunctionType and name in _OF_CALLS:
            flags = HIDDEN
        return ((name_of(owner), name, how | flags),)
    if how == READS:
        attributes = attributes_of(owner)
        if attributes is None:
            return _looked_for(bases_of(kind), name) + proxied
        if name not in attributes:
            # The class's attribute is the one found only as long as the instance has none.
            flags |= _flags_of_descriptor(value, "__get__")
            return ((name_of(owner), name, how | flags), *_looked_for(bases_of(kind), name), *proxied)
    else:
        flags |= _flags_of_descriptor(value, "__set__")
    return ((name_of(owner), name, how | flags), *proxied)


#: Attributes of a function that a call of it uses.
_OF_CALLS = frozenset(("__code__", "__defaults__", "__kwdefaults__"))
#: Attributes of a class that are only read by code that names them.
_NAMED = frozenset(("__doc__", "__module__", "__name__", "__qualname__", "__annotations__", "__test__", "__slots__"))


def _is_asked_for_unseen(name: str) -> bool:
    """Whether operators and built-in functions look for a class's attribute of that name: it is a special method."""
    return name.startswith("__") and name.endswith("__") and name not in _NAMED


def _of_fallback(owner: Any, name: str, function: Any) -> int:
    """Return the flags to add if `function`, a `__getattr__`, looks for an attribute that the instance has not."""
    if python_function(function) is None or name in (attributes_of(owner) or ()):
        return 0
    # It finds the attribute in its own way, as long as no code adds one to the instance.
    return OPAQUE if in_scope(function) else OPAQUE | flags_of(function)


def by_property(owner: Any, descriptor: property, how: int, name: Any = None) -> Touches:
    """Return what a property that is not in scope touches.

    `name` is the name of the attribute, or None if that is not known.
    """
    function = descriptor.fget if how == READS else descriptor.fset
    if in_scope(function):
        return NOTHING
    if how == READS and function is not None and python_function(function) is None:
        # As in `property(operator.attrgetter("_name"))`.
        return any_call.touches(function, (owner,))
    return ((name_of(owner), name, how | OPAQUE | flags_of(function)),)


def _holder_of(owner: Any) -> int:
    """Return the name that stands for an object in accesses to its attributes."""
    return id(namespace_of_module(owner)) if is_module(owner) else name_of(owner)


def _by_descriptor(owner: Any, name: str, descriptor: Any, how: int) -> Touches | None:
    """Return what is touched if the class has a descriptor for the attribute, of a type made by the program.

    None if the descriptor does not give or take the value, or is not in scope.
    """
    kind = type(descriptor)
    in_sight = runs_in_scope(kind, "__get__" if how == READS else "__set__")
    if how == READS and class_holding(kind, "__get__") is not None and class_holding(kind, "__set__") is None:
        attributes = attributes_of(owner)
        if attributes is not None and name not in attributes:
            # It is asked only as long as the instance has no attribute of its own. Often it adds one.
            flags = READS if in_sight else WRITES | OPAQUE | _flags_of_descriptor(descriptor, "__get__")
            return ((name_of(owner), name, flags),)
        if attributes is not None:
            return None
    return NOTHING if in_sight else None


def _flags_of_descriptor(value: Any, special: str) -> int:
    """Return the flags to add for a method of such a descriptor that is not in scope."""
    if not is_made_by_a_program(type(value)):
        return 0
    found = class_holding(type(value), special)
    return FOREIGN | UNSURE if found is not None and is_foreign(found[1]) else 0


def _looked_for(classes: tuple[type, ...], name: str) -> Touches:
    """Return what looking for an attribute in classes touches, one after the other, until one of them has it."""
    touches = []
    for base in classes:
        if is_made_by_a_program(base):
            touches.append((name_of(base), name, READS))
        if name in namespace_of(base):
            break
    return tuple(touches)


def inherited(owner: Any, name: str) -> Touches:
    """Return what looking for an attribute by `super` touches: all classes, because the first of them is not known."""
    if is_class(type(owner)) or kind_of(type(owner)) == LOCAL:
        return NOTHING
    return tuple((name_of(base), name, READS) for base in bases_of(type(owner)) if is_made_by_a_program(base))


def is_always_of_the_instance(kind: type, name: str) -> bool:
    """Whether an attribute of that name is each instance's own, so that it need not be looked up again."""
    if (
        issubclass(kind, types.ModuleType)
        or kind is super
        or is_class(kind)
        or kind_of(kind) == LOCAL
        or name == "__dict__"
        or (name in _KEPT_BY_PRIMITIVES and issubclass(kind, _PRIMITIVES))
    ):
        return False
    for special in ("__getattribute__", "__setattr__", "__getattr__"):
        found = class_holding(kind, special)
        if found is not None and python_function(found[1]) is not None:
            return False
    holder = class_holding(kind, name)
    return (holder is None or type(holder[1]) is types.MemberDescriptorType) and not has_own_access(kind)

"""Whose state an access really concerns, found without running any code of the program.

An attribute that is read from an object may be its class's; a module's attribute is the global of code in it; a loop
over a dictionary's keys is a loop over the dictionary.
"""

from __future__ import annotations

import array
import collections
import gc
import itertools
import sys
import threading
import types
import weakref
from typing import Any

from . import _current
from ._frames import object_at
from ._touches import NOTHING, OPAQUE, READS, WRITES, Touches

_bases = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_module_namespace = vars(types.ModuleType)["__dict__"].__get__

#: Values of these types never change; what is in them is another matter.
_UNCHANGING: tuple[type, ...] = (
    int, float, complex, str, bytes, bool, type(None), tuple, frozenset, range, slice, type(...), type(NotImplemented),
    types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.MethodType,
)  # fmt: skip
#: Their methods and items are the container's own.
_CONTAINERS: tuple[type, ...] = (
    list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.defaultdict, array.array,
)  # fmt: skip
#: Their contents are another object's.
_VIEWS: tuple[type, ...] = (
    type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType, memoryview,
    type(collections.OrderedDict().keys()), type(collections.OrderedDict().values()),
    type(collections.OrderedDict().items()),
)  # fmt: skip
#: Going on with one changes it, and reads what it goes through.
_ITERATORS: tuple[type, ...] = (
    type(iter([])), type(reversed([])), type(iter({})), type(iter({}.values())), type(iter({}.items())),
    type(reversed({})), type(reversed({}.values())), type(reversed({}.items())), type(iter(set())),
    type(iter(collections.deque())), type(reversed(collections.deque())), type(iter(bytearray())),
    type(iter(array.array("b"))), type(iter(())), type(iter(range(0))), type(iter("")), type(iter("\xff")),
    type(iter(b"")), type(iter(collections.OrderedDict())), enumerate, zip, map, filter, reversed,
    itertools.chain, itertools.islice, itertools.takewhile, itertools.dropwhile, itertools.filterfalse,
    itertools.starmap, itertools.zip_longest, itertools.compress, itertools.accumulate, itertools.pairwise,
    itertools.cycle,
)  # fmt: skip
#: Keys that are compared without any code of the program.
PLAIN_KEYS = frozenset((str, int, bytes, bool, type(None), float))

_DEEPEST = 4

#: What each type's values are: one of the kinds below.
_kinds: dict[type, int] = {}
STILL, CONTAINER, VIEW, ITERATOR, OTHER, LOCAL = range(6)

#: The names of objects by their addresses: where an object has died, another may be at the same address.
names: dict[int, int] = {}
_watches: list[_Watch] = []
#: The types of those whose names are their addresses; of the first at each.
_addressed: dict[int, type] = {}


class _Watch(weakref.ref[Any]):
    """Notices that an object has died."""

    __slots__ = ("address", "kind")
    address: int
    kind: type


def _died(watch: _Watch) -> None:
    names.pop(watch.address, None)


def name_of(thing: Any) -> int:
    """What stands for an object in this execution.

    No other object has it, unless this one cannot be referred to weakly: then it is the object's address.
    """
    address = id(thing)
    name = names.get(address)
    if name is None:
        try:
            watch = _Watch(thing, _died)
        except TypeError:
            name = address
            _addressed[address] = type(thing)
        else:
            watch.address = address
            watch.kind = type(thing)
            _watches.append(watch)
            # Addresses are positive.
            name = -len(_watches)
        names[address] = name
    return name


def forget_names() -> None:
    """Between executions."""
    names.clear()
    _watches.clear()
    _addressed.clear()
    aliases.clear()


def type_named(name: Any) -> type | None:
    """The type of the object that has `name`, whether or not it lives on; None where that is not known."""
    if type(name) is not int:
        return None
    return _watches[-name - 1].kind if name < 0 else _addressed.get(name)


def object_named(name: Any) -> Any:
    """The object that has `name`, which the calling thread is about to access; None where it cannot be had."""
    if type(name) is not int or (name > 0 and name in aliases.values()):
        return None
    return _watches[-name - 1]() if name < 0 else object_at(name)


#: By address of a `__dict__` that the program has asked for, the name of the object whose attributes it holds.
aliases: dict[int, int] = {}


def kind_of(kind: type) -> int:
    """What the values of a type are, as far as touching them goes."""
    found = _kinds.get(kind)
    if found is None:
        found = _judge(kind)
        if lives_on(kind):
            _kinds[kind] = found
    return found


def lives_on(kind: type) -> bool:
    """Whether a class was not made by a function: one that was may be another at the same address next time."""
    return "<locals>" not in _qualname(kind)


def _judge(kind: type) -> int:
    bases = _bases(kind)
    if kind in _UNCHANGING or (tuple in bases and _has_no_state_of_its_own(kind)):
        return STILL
    if kind in _VIEWS:
        return VIEW
    if kind in _ITERATORS:
        return ITERATOR
    if any(base in _CONTAINERS for base in bases):
        return CONTAINER
    if any(base in _LOCALS for base in bases):
        return LOCAL
    return OTHER


_LOCALS = tuple({threading.local, *(base for base in _bases(threading.local) if base is not object)})


def _has_no_state_of_its_own(kind: type) -> bool:
    return not kind.__dictoffset__


def in_scope(function: Any) -> bool:
    """Whether `function` is written in Python, in a file whose accesses are scheduling points."""
    while type(function) in (types.MethodType, staticmethod, classmethod):
        function = function.__func__
    return type(function) is types.FunctionType and _current.scope.holds[function.__code__.co_filename]


def class_holding(kind: type, name: str) -> tuple[type, Any] | None:
    """The first class, from `kind` on, that has `name`, and what it has there."""
    for base in _bases(kind):
        namespace = _namespace(base)
        if name in namespace:
            return base, namespace[name]
    return None


def attributes_of(owner: Any) -> dict[str, Any] | None:
    """An object's own `__dict__`, where it has an ordinary one."""
    for base in _bases(type(owner)):
        found = _namespace(base).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            attributes = found.__get__(owner)
            return attributes if type(attributes) is dict else None
    return None


def key_of(container: Any) -> int:
    """What stands for a container: the name of the object whose attributes it holds, where it holds some."""
    name = aliases.get(id(container)) if aliases else None
    return name_of(container) if name is None else name


def attribute(owner: Any, name: str, how: int) -> Touches:
    """What reading or writing `owner.name` touches."""
    kind = type(owner)
    if kind is types.ModuleType:
        return ((id(_module_namespace(owner)), name, how),)
    if type in _bases(kind):
        holder = class_holding(owner, name) if how == READS else None
        return ((name_of(owner if holder is None else holder[0]), name, how),)
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
        return ((name_of(owner), name, how),)
    base, value = holder
    if type(value) is property:
        wanted = value.fget if how == READS else value.fset
        return NOTHING if in_scope(wanted) else ((name_of(owner), name, how | OPAQUE),)
    if type(value) in (types.MemberDescriptorType, types.GetSetDescriptorType):
        return ((name_of(owner), name, how),)
    if how == READS:
        attributes = attributes_of(owner)
        if attributes is None or name not in attributes:
            return ((name_of(base), name, how),)
    return ((name_of(owner), name, how),)


def is_always_of_the_instance(kind: type, name: str) -> bool:
    """Whether an attribute of that name is each instance's own, so that it need not be looked for again."""
    if kind is types.ModuleType or type in _bases(kind) or kind_of(kind) == LOCAL or name == "__dict__":
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
        return ((name_of(owner), None, WRITES),)
    return ((name_of(owner), None, how | OPAQUE),)


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
    kind = kind_of(type(thing))
    return whole(thing, how) if kind in (CONTAINER, VIEW, ITERATOR) else NOTHING


def _through(outer: Any, how: int, depth: int = 0) -> Touches:
    """What an iterator or a view goes through."""
    found: list[Any] = []
    for inner in gc.get_referents(outer):
        kind = kind_of(type(inner))
        if kind == CONTAINER:
            found.append((key_of(inner), None, how))
        elif (kind in (ITERATOR, VIEW) or type(inner) is tuple) and depth < _DEEPEST:
            if kind == ITERATOR and sys.getrefcount(inner) > _REFERENCES_OF_A_LOOP + 1:
                found.append((name_of(inner), None, WRITES))
            found.extend(_through(inner, how, depth + 1))
        elif type(inner) is types.GeneratorType:
            found.append((name_of(inner), None, WRITES))
    return tuple(found)


#: Stands for a key that is not known, or not to be looked at.
NO_KEY = object()
#: Stands before the name of a key in a part that says no more than which object the key is.
BY_IDENTITY = object()


def _part_of(key: Any) -> Any:
    """A key as a part: itself, where it is compared without any code of the program."""
    if type(key) in PLAIN_KEYS or _is_plain_tuple(key):
        return key
    return (BY_IDENTITY, name_of(key))


def _is_plain_tuple(key: Any) -> bool:
    return type(key) is tuple and all(type(inner) in PLAIN_KEYS or _is_plain_tuple(inner) for inner in key)


def item(container: Any, key: Any, how: int) -> Touches:
    """What `container[key]` touches, to read it or to assign it.

    Where that is more than one part, the whole comes first, and then the part that the key is.
    """
    kind = type(container)
    if kind is dict:
        name = key_of(container)
        if key is NO_KEY:
            return ((name, None, how),)
        if type(key) not in PLAIN_KEYS:
            return ((name, None, how), (name, _part_of(key), how))
        if how == WRITES and key not in container:
            # A new key changes the order of all, and how many there are.
            return ((name, None, how), (name, key, how))
        return ((name, key, how),)
    if kind is list:
        if type(key) is not int:
            return ((name_of(container), None, how),)
        return ((name_of(container), key + len(container) if key < 0 else key, how),)
    sort = kind_of(kind)
    if sort in (STILL, LOCAL):
        return NOTHING
    if sort == CONTAINER:
        return _item_of_container(container, key, how)
    method = class_holding(kind, "__getitem__" if how == READS else "__setitem__")
    if method is not None and in_scope(method[1]):
        return NOTHING
    return whole(container, how)


def membership(container: Any, key: Any) -> Touches:
    """What `key in container` touches: of a dictionary that key, of others everything."""
    return item(container, key if dict in _bases(type(container)) else NO_KEY, READS)


def deletion(container: Any, key: Any) -> Touches:
    """What `del container[key]` touches."""
    touches = item(container, NO_KEY, WRITES)
    if touches and kind_of(type(container)) == CONTAINER and dict in _bases(type(container)):
        return (*touches, (touches[0][0], _part_of(key), WRITES))
    return touches


def _item_of_container(container: Any, key: Any, how: int) -> Touches:
    name = key_of(container)
    if key is NO_KEY:
        return ((name, None, how),)
    if dict in _bases(type(container)):
        if how == READS and type(key) in PLAIN_KEYS and key not in dict.keys(container):
            # `__missing__` may put it there.
            how = WRITES
        return ((name, None, how), (name, _part_of(key), how))
    if type(key) is not int:
        return ((name, None, how),)
    if key < 0:
        for base in _bases(type(container)):
            if base in _CONTAINERS:
                key += base.__len__(container)
                break
    return ((name, None, how), (name, key, how))

"""The touches of accesses to the items of containers: of single items by key or index, or of the whole container."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import Any

from ..steps._touches import NOTHING, OPAQUE, READS, WRITES, Touches
from ._any_call import any_call
from ._keys import PLAIN_KEYS, UNKNOWN, part_of, read_by_hash
from ._leaving import expect
from ._object_names import key_of, name_of
from ._types import CONTAINER, LOCAL, STILL, bases_of, class_holding, is_dict, is_made_by_a_program, kind_of
from ._wholes import by_given_method, whole
from ._written import special_flags

#: In a dictionary of at most this many items, each key is inspected; in a larger one, only text keys are looked up.
_FEW = 32
#: Stands for a key that is not known or does not matter.
NO_KEY = object()


def _has(container: dict[Any, Any], key: Any) -> bool:
    """Whether a plain key is in a dictionary; False also if asking could run code of the program.

    It could if a key with the same hash has a type of the program's.
    """
    if dict.__len__(container) <= _FEW:
        return all(id(type(known)) in PLAIN_KEYS for known in dict.keys(container)) and dict.__contains__(
            container, key
        )
    return type(key) is str and dict.__contains__(container, key)


def item(container: Any, key: Any, how: int, *, plain: bool = False) -> Touches:
    """Return what reading or assigning `container[key]` touches.

    `plain` if `dict.__getitem__` or the like does it. If more than one part is touched, the whole comes first, then the
    part for the key.
    """
    kind = type(container)
    if kind is dict or kind is OrderedDict:
        name = key_of(container)
        if key is NO_KEY:
            return ((name, None, how),)
        if id(type(key)) not in PLAIN_KEYS:
            return _whole_and_part(name, key, how)
        if how == WRITES and not _has(container, key):
            # A new key changes the order and the number of all keys. In an OrderedDict, too, nothing else does.
            return ((name, None, how), (name, key, how))
        return ((name, key, how),)
    if kind is list:
        if type(key) is not int:
            return ((name_of(container), None, how),)
        return ((name_of(container), key + len(container) if key < 0 else key, how),)
    sort = kind_of(kind)
    if sort in (STILL, LOCAL):
        return NOTHING
    special = "__getitem__" if how == READS else "__setitem__"
    flags = None if plain else special_flags(kind, special)
    if flags is None and not plain:
        return NOTHING
    given = NOTHING if plain else by_given_method(container, special)
    if sort == CONTAINER:
        return given + _flagged(_item_of_container(container, key, how), flags or 0)
    return given + whole(container, how, flags or 0)


def _flagged(touches: Touches, flags: int) -> Touches:
    return tuple([(key, part, how | flags) for key, part, how in touches]) if flags else touches


def _whole_and_part(name: int, key: Any, how: int) -> Touches:
    part = part_of(key)
    if part is UNKNOWN:
        how |= OPAQUE
    return (*read_by_hash(key), (name, None, how), (name, part, how))


def membership(container: Any, key: Any) -> Touches:
    """Return what `key in container` touches: in a dictionary that key, in other containers everything."""
    flags = special_flags(type(container), "__contains__")
    if flags is None:
        return NOTHING
    if is_dict(type(container)):
        touches = item(container, key, READS, plain=True)
    else:
        touches = read_by_hash(key) + item(container, NO_KEY, READS, plain=True)
    return by_given_method(container, "__contains__") + _flagged(touches, flags)


def deletion(container: Any, key: Any, *, plain: bool = False) -> Touches:
    """Return what `del container[key]` touches; `plain` if `dict.__delitem__` does it."""
    kind = type(container)
    flags = None if plain else special_flags(kind, "__delitem__")
    if flags is None and not plain:
        return NOTHING
    if kind_of(kind) == CONTAINER and is_dict(kind):
        return _flagged(_whole_and_part(key_of(container), key, WRITES), flags or 0)
    return _flagged(item(container, NO_KEY, WRITES, plain=True), flags or 0)


def _item_of_container(container: Any, key: Any, how: int) -> Touches:
    name = key_of(container)
    if key is NO_KEY:
        return ((name, None, how),)
    if is_dict(type(container)):
        if how == READS and id(type(key)) in PLAIN_KEYS and _puts_missing(type(container)) and not _has(container, key):
            factory = _factory_of(container)
            expect(factory)
            # It may be a method of an object that threads share.
            made = NOTHING if factory is None else any_call.touches(factory, ())
            return made + by_given_method(container, "__missing__") + _whole_and_part(name, key, WRITES)
        return _whole_and_part(name, key, how)
    if type(key) is not int:
        return ((name, None, how),)
    if key < 0:
        key += _length(container)
    return ((name, None, how), (name, key, how))


_default_factory = defaultdict.__dict__["default_factory"].__get__


def _factory_of(container: Any) -> Any:
    """Return what a `defaultdict` calls for a missing key, or None for any other container."""
    return _default_factory(container) if issubclass(type(container), defaultdict) else None


def _puts_missing(kind: type) -> bool:
    """Whether looking up a missing key may add it."""
    found = class_holding(kind, "__missing__")
    return found is not None and found[0] is not Counter


def _length(container: Any) -> int:
    """Return the number of items as the built-in container counts them, whatever a derived class says."""
    for base in bases_of(type(container)):
        if not is_made_by_a_program(base):
            return int(base.__len__(container))
    return 0

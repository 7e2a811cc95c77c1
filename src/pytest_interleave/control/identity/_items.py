"""What accesses to the items of containers touch: single ones by key or index, or the whole."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import Any

from ..steps._touches import NOTHING, OPAQUE, READS, WRITES, Touches
from ._keys import PLAIN_KEYS, UNKNOWN, part_of
from ._leaving import expect
from ._object_names import key_of, name_of
from ._types import CONTAINER, LOCAL, STILL, bases_of, class_holding, is_dict, is_made_by_a_program, kind_of
from ._wholes import whole
from ._written import special_flags

#: So many keys are looked at one by one.
_FEW = 32
#: Stands for a key that is not known, or not to be looked at.
NO_KEY = object()


def _has(container: dict[Any, Any], key: Any) -> bool:
    """Whether a plain key is in a dictionary; False also where to ask could run code of the program.

    It could where a key of a type of the program's has the same hash.
    """
    if dict.__len__(container) <= _FEW:
        return all(id(type(known)) in PLAIN_KEYS for known in dict.keys(container)) and dict.__contains__(
            container, key
        )
    return type(key) is str and dict.__contains__(container, key)


def item(container: Any, key: Any, how: int, *, plain: bool = False) -> Touches:
    """What `container[key]` touches, to read it or to assign it; `plain` where that is done by `dict.__getitem__`.

    Where that is more than one part, the whole comes first, and then the part that the key is.
    """
    kind = type(container)
    if kind is dict or kind is OrderedDict:
        name = key_of(container)
        if key is NO_KEY:
            return ((name, None, how),)
        if id(type(key)) not in PLAIN_KEYS:
            return _whole_and_part(name, key, how)
        if how == WRITES and not _has(container, key):
            # A new key changes the order of all, and how many there are; in an OrderedDict, too, it alone does.
            return ((name, None, how), (name, key, how))
        return ((name, key, how),)
    if kind is list:
        if type(key) is not int:
            return ((name_of(container), None, how),)
        return ((name_of(container), key + len(container) if key < 0 else key, how),)
    sort = kind_of(kind)
    if sort in (STILL, LOCAL):
        return NOTHING
    flags = None if plain else special_flags(kind, "__getitem__" if how == READS else "__setitem__")
    if flags is None and not plain:
        return NOTHING
    if sort == CONTAINER:
        return _flagged(_item_of_container(container, key, how), flags or 0)
    return whole(container, how, flags or 0)


def _flagged(touches: Touches, flags: int) -> Touches:
    return tuple([(key, part, how | flags) for key, part, how in touches]) if flags else touches


def _whole_and_part(name: int, key: Any, how: int) -> Touches:
    part = part_of(key)
    if part is UNKNOWN:
        how |= OPAQUE
    return ((name, None, how), (name, part, how))


def membership(container: Any, key: Any) -> Touches:
    """What `key in container` touches: of a dictionary that key, of others everything."""
    flags = special_flags(type(container), "__contains__")
    if flags is None:
        return NOTHING
    return _flagged(item(container, key if is_dict(type(container)) else NO_KEY, READS, plain=True), flags)


def deletion(container: Any, key: Any, *, plain: bool = False) -> Touches:
    """What `del container[key]` touches; `plain` where that is done by `dict.__delitem__`."""
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
            how = WRITES
            expect(_factory_of(container))
        return _whole_and_part(name, key, how)
    if type(key) is not int:
        return ((name, None, how),)
    if key < 0:
        key += _length(container)
    return ((name, None, how), (name, key, how))


_default_factory = defaultdict.__dict__["default_factory"].__get__


def _factory_of(container: Any) -> Any:
    """What a `defaultdict` calls for a key that is not there."""
    return _default_factory(container) if issubclass(type(container), defaultdict) else None


def _puts_missing(kind: type) -> bool:
    """Whether looking a key up that is not there may put it there."""
    found = class_holding(kind, "__missing__")
    return found is not None and found[0] is not Counter


def _length(container: Any) -> int:
    """How many items there are, by the container's own reckoning, whatever a class derived from it says."""
    for base in bases_of(type(container)):
        if not is_made_by_a_program(base):
            return int(base.__len__(container))
    return 0

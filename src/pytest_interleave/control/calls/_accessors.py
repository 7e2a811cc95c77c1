"""The touches of calls of C functions that access attributes and items, whatever name they are called by.

These are `operator.attrgetter`, `object.__setattr__`, a dictionary's `get`, `getattr` under another name, and the like.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Sequence
from typing import Any

from ..identity._any_call import any_call
from ..identity._items import NO_KEY, deletion, item, membership
from ..identity._keys import PLAIN_KEYS, read_by_hash
from ..identity._leaving import cache, expect
from ..identity._natives import LruCache
from ..identity._object_names import key_of
from ..identity._owners import MISSING, attribute, by_property, stored_attribute
from ..identity._types import class_holding, is_dict, is_one_of
from ..identity._wholes import contents, operand, whole
from ..steps._touches import FOREIGN, NOTHING, READS, WRITES, Touches
from ._nested import compared, looked_for

#: Takes an object and the arguments; returns what is touched.
_Access = Callable[[Any, Sequence[Any]], Touches]


def accessed(function: Any, given: Sequence[Any]) -> Touches | None:
    """Return what a call touches; None if the function is no accessor, or is not called as one."""
    known = _FUNCTIONS.get(id(function))
    if known is not None:
        return known(given[0], given[1:]) if given else None
    kind = type(function)
    if kind is operator.attrgetter:
        return _attributes(given[0], function.__reduce__()[1]) if given else None
    if kind is operator.itemgetter:
        return _items(given[0], function.__reduce__()[1]) if given else None
    if kind is LruCache:
        return of_cache(function, given)
    return None


def of_cache(function: Any, given: Sequence[Any]) -> Touches:
    """Return what calling a function in a `functools.lru_cache` touches."""
    known = cache(function)
    if known is not None:
        return known
    # It is not seen when the cache keeps what the function has returned.
    return any_call.touches(function.__wrapped__, given) + whole(function, WRITES, FOREIGN)


def accessed_by_method(owner: Any, name: str, given: Sequence[Any]) -> Touches | None:
    """Return what a method of `owner` that is written in C touches; None if its name does not determine that."""
    if name in _OF_EXCEPTIONS and issubclass(type(owner), BaseException):
        return _of_exception(owner, name)
    if not given:
        return None
    known = _METHODS.get(name)
    if known is not None:
        return known(owner, given)
    if name in _KEYED and is_dict(type(owner)):
        return keyed(owner, given[0], changes=name in _KEYED_CHANGES)
    return None


def keyed(container: dict[Any, Any], key: Any, *, changes: bool) -> Touches:
    """Return what `dict.get`, `dict.pop` and `dict.setdefault` touch: the key, and the whole if keys may change."""
    if id(type(key)) not in PLAIN_KEYS:
        return item(container, key, WRITES if changes else READS, plain=True)
    name = key_of(container)
    if changes:
        return ((name, None, WRITES), (name, key, WRITES))
    return ((name, key, READS),)


# -- attributes --------------------------------------------------------------------------------------------------


def _attribute_of(how: int, *, plain: bool) -> _Access:
    def access(owner: Any, given: Sequence[Any]) -> Touches:
        return attribute(owner, given[0], how, plain=plain) if given and type(given[0]) is str else NOTHING

    return access


def _vars(owner: Any, given: Sequence[Any]) -> Touches:  # noqa: ARG001
    return attribute(owner, "__dict__", READS)


def _attributes(owner: Any, paths: Sequence[str]) -> Touches:
    """Return what `operator.attrgetter` touches: the attributes along each path, while they can be followed."""
    touches = NOTHING
    for path in paths:
        thing = owner
        for name in path.split("."):
            if thing is MISSING:
                break
            holder = class_holding(type(thing), name)
            if holder is not None and type(holder[1]) is property:
                expect(holder[1].fget)
            touches += attribute(thing, name, READS)
            thing = stored_attribute(thing, name)
    return touches


def _of_descriptor(how: int) -> _Access:
    """Return the access of a descriptor's own methods `__get__` and `__set__`, such as a slot's."""

    def access(descriptor: Any, given: Sequence[Any]) -> Touches:
        if given[0] is None:
            return NOTHING
        if is_one_of(type(descriptor), types.MemberDescriptorType, types.GetSetDescriptorType):
            return attribute(given[0], descriptor.__name__, how, plain=True)
        return by_property(given[0], descriptor, how) if type(descriptor) is property else NOTHING

    return access


#: Methods of exceptions, and the attribute that each of them sets; None stands for any attribute.
_OF_EXCEPTIONS = {
    "__init__": "args",
    "__reduce__": None,
    "__setstate__": None,
    "add_note": "__notes__",
    "with_traceback": "__traceback__",
}


def _of_exception(owner: BaseException, name: str) -> Touches:
    part = _OF_EXCEPTIONS[name]
    if part is None:
        return whole(owner, READS if name == "__reduce__" else WRITES)
    # The notes are a list that other code may have.
    changed = stored_attribute(owner, part) if name == "add_note" else MISSING
    return attribute(owner, part, WRITES, plain=True) + (NOTHING if changed is MISSING else contents(changed, WRITES))


# -- items -------------------------------------------------------------------------------------------------------


def _items(owner: Any, keys: Sequence[Any]) -> Touches:
    return tuple(touch for key in keys for touch in item(owner, key, READS))


def _item_of(how: int, *, plain: bool) -> _Access:
    def access(owner: Any, given: Sequence[Any]) -> Touches:
        if not given:
            return NOTHING
        touches = item(owner, given[0], how, plain=plain)
        if type(given[0]) is slice and len(given) > 1:
            touches = contents(given[1], READS) + touches
        return touches

    return access


def _deletion_of(*, plain: bool) -> _Access:
    return lambda owner, given: deletion(owner, given[0], plain=plain) if given else NOTHING


def _membership(owner: Any, given: Sequence[Any]) -> Touches:
    return looked_for(owner, given[0]) + membership(owner, given[0]) if given else NOTHING


def _plain_membership(owner: Any, given: Sequence[Any]) -> Touches:
    key = given[0] if is_dict(type(owner)) else NO_KEY
    return looked_for(owner, given[0]) + item(owner, key, READS, plain=True)


def _operator(name: str) -> _Access:
    how = WRITES if name in _IN_PLACE else READS
    specials = (f"__{name.strip('_')}__",)

    def access(owner: Any, given: Sequence[Any]) -> Touches:
        if name in _COMPARING and given:
            return compared(owner, given[0], specials)
        if name in _SEARCHING and given:
            return looked_for(owner, given[0]) + operand(owner, how, specials)
        touches = operand(owner, how, specials)
        for other in given:
            touches += operand(other, READS, specials)
        return touches

    return access


_IN_PLACE = frozenset("iadd isub imul ior iand ixor iconcat".split())
_COMPARING = frozenset("eq ne lt le gt ge".split())
_SEARCHING = frozenset(("countOf", "indexOf"))
_LOOKING = _COMPARING | _SEARCHING | frozenset("truth not_ concat add sub mul or_ and_ xor".split())


def _next(owner: Any, given: Sequence[Any]) -> Touches:  # noqa: ARG001
    return whole(owner, WRITES)


#: Methods that stand for instructions, by name. They are the class's own, so no code of the program runs in between.
_METHODS: dict[str, _Access] = {
    "__getattribute__": _attribute_of(READS, plain=True),
    "__setattr__": _attribute_of(WRITES, plain=True),
    "__delattr__": _attribute_of(WRITES, plain=True),
    "__getitem__": _item_of(READS, plain=True),
    "__setitem__": _item_of(WRITES, plain=True),
    "__delitem__": _deletion_of(plain=True),
    "__contains__": _plain_membership,
    "__get__": _of_descriptor(READS),
    "__set__": _of_descriptor(WRITES),
    "__delete__": _of_descriptor(WRITES),
}
_KEYED_CHANGES = frozenset(("pop", "setdefault"))
_KEYED = _KEYED_CHANGES | {"get"}

#: Functions that stand for instructions, by address.
_FUNCTIONS: dict[int, _Access] = {
    id(getattr): _attribute_of(READS, plain=False),
    id(hasattr): _attribute_of(READS, plain=False),
    id(setattr): _attribute_of(WRITES, plain=False),
    id(delattr): _attribute_of(WRITES, plain=False),
    id(vars): _vars,
    id(next): _next,
    id(hash): lambda key, _: read_by_hash(key),
    id(operator.getitem): _item_of(READS, plain=False),
    id(operator.setitem): _item_of(WRITES, plain=False),
    id(operator.delitem): _deletion_of(plain=False),
    id(operator.contains): _membership,
    **{id(getattr(operator, name)): _operator(name) for name in _IN_PLACE | _LOOKING},
}

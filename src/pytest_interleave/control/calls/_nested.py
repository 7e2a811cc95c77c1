"""The touches of comparing containers, or of writing them as texts: what is in them, and what is in that.

`rows == [{"n": 1}]` reads each dictionary in `rows`, and `f"{(items, 2)}"` reads `items`. The number of objects that
are inspected is limited.
"""

from __future__ import annotations

import collections
import gc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..identity._keys import PLAIN_KEYS, read_by_hash
from ..identity._object_names import key_of
from ..identity._types import CONTAINER, OTHER, STILL, VIEW, kind_of
from ..identity._wholes import TEXT, TRUTH, called_back, contents, elements_of, operand
from ..interpreter._opcodes import COMPARISONS
from ..steps._touches import CUT, FOREIGN, NOTHING, OPAQUE, READS, Touch, Touches

_DEEPEST = 4
#: At most this many objects are inspected, and at most this many touches are listed. `_REST` stands for the rest.
_MOST_OBJECTS = 2_000
_MOST_TOUCHES = 64
#: A container of at most this many elements is searched for elements with contents. `_REST` stands for a larger one.
_MOST_ELEMENTS = 20_000
#: Stands for what was not inspected.
_REST: Touches = (("…", None, READS | OPAQUE | CUT),)

#: The functions that give a container's length and its elements, whatever a derived class says.
_WAYS: tuple[tuple[type, Callable[[Any], int], Callable[[Any], Iterable[Any]]], ...] = (
    (tuple, tuple.__len__, tuple.__iter__),
    (list, list.__len__, list.__iter__),
    (dict, dict.__len__, dict.values),
    (collections.deque, collections.deque.__len__, collections.deque.__iter__),
)


def nested(things: Sequence[Any], specials: Sequence[str]) -> Touches:
    """Return what using `things`, and all that is in them, with an operator touches.

    The operator stands for the special methods `specials`. The things themselves come last: reports describe a step by
    what it touches last.
    """
    touches: list[Touch] = []
    seen: set[int] = set()
    waiting = [(thing, 0) for thing in things]
    for thing, depth in waiting:
        kind = type(thing)
        if id(kind) in PLAIN_KEYS or id(thing) in seen:
            continue
        seen.add(id(thing))
        own = ((key_of(thing), None, READS),) if kind is list or kind is dict else _used(thing, specials)
        touches += own
        inside = _inside(thing, kind, own)
        if inside is None or len(touches) > _MOST_TOUCHES or (inside and depth == _DEEPEST):
            return (*_REST, *touches[_MOST_TOUCHES - 1 :: -1])
        waiting += [(inner, depth + 1) for inner in inside]
        if len(waiting) > _MOST_OBJECTS:
            return (*_REST, *touches[::-1])
    return tuple(touches[::-1])


def _used(thing: Any, specials: Sequence[str]) -> Touches:
    if specials is COMPARISONS:
        # The code does not show which of them is run.
        return operand(thing, READS, COMPARISONS[:1]) or operand(thing, READS, COMPARISONS[1:])
    return operand(thing, READS, specials)


def _inside(thing: Any, kind: type, own: Touches) -> list[Any] | None:
    """Return what is in an object and may have contents itself; None if that is too much to inspect."""
    for base, length, elements in _WAYS:
        if issubclass(kind, base):
            if length(thing) > _MOST_ELEMENTS:
                return None
            return [inner for inner in list(elements(thing)) if id(type(inner)) not in PLAIN_KEYS]
    sort = kind_of(kind)
    if sort == VIEW or (sort == OTHER and own and not any(how & FOREIGN for _, _, how in own)):
        # A generated method compares the attributes, or writes them as texts.
        found = gc.get_referents(thing)
        return [inner for inner in found if type(inner) is tuple or kind_of(type(inner)) == CONTAINER]
    return []


def compared(thing: Any, other: Any, specials: Sequence[str] = COMPARISONS) -> Touches:
    """Return what comparing two objects touches; if neither is a plain value, also each of their elements."""
    plain, other_plain = id(type(thing)) in PLAIN_KEYS, id(type(other)) in PLAIN_KEYS
    if plain or other_plain:
        if plain and other_plain:
            return NOTHING
        return _used(thing, specials) + _used(other, specials)
    return nested((other, thing), specials)


def looked_for(container: Any, key: Any) -> Touches:
    """Return what comparing `key` with the items of `container` touches, beside the container."""
    if id(type(key)) in PLAIN_KEYS and type(key) is not bytes:
        return NOTHING
    if issubclass(type(container), (dict, set, frozenset)):
        # Among keys with contents, only a set can be looked up: the key that stands for it is made of its elements.
        return contents(key, READS)
    return nested((key, *elements_of(container, _MOST_OBJECTS)), COMPARISONS)


def texts_of(*things: Any) -> Touches:
    """Return what writing `things` as texts touches."""
    return nested(things, TEXT)


def truths_of(sources: Sequence[Any]) -> Touches:
    """Return what testing whether each element of each of `sources` is true touches."""
    return _each(sources, lambda element: operand(element, READS, TRUTH))


def contents_of(sources: Sequence[Any]) -> Touches:
    """Return what going through each element of each of `sources` touches."""
    return _each(sources, lambda element: contents(element, READS))


def _each(sources: Sequence[Any], find: Callable[[Any], Touches]) -> Touches:
    touches: list[Touch] = []
    for source in sources:
        for element in elements_of(source, _MOST_OBJECTS):
            if id(type(element)) not in PLAIN_KEYS and len(touches) < _MOST_TOUCHES:
                touches += find(element)
    return (*_REST, *touches) if len(touches) >= _MOST_TOUCHES else tuple(touches)


def begun(thing: Any, *, backwards: bool = False) -> Touches:
    """Return what making an iterator over `thing` touches: except for lists, it keeps how many items there were."""
    kind = type(thing)
    sort = kind_of(kind)
    if sort == VIEW or (sort == CONTAINER and (backwards or not issubclass(kind, (list, bytearray)))):
        return contents(thing, READS)
    return NOTHING


#: Built-in functions that compare what they go through, and that test whether it is true.
_ORDERING = frozenset(("sorted", "min", "max"))
_TESTING = frozenset(("any", "all"))
_ADDITION = ("__radd__", "__add__")


def of_elements(name: str, given: Sequence[Any]) -> Touches:
    """Return what a built-in function touches in the elements of its arguments."""
    if name in _TESTING:
        return truths_of(given)
    if name == "sum":
        return _each(given[:1], lambda element: contents(element, READS) + operand(element, READS, _ADDITION))
    if name == "dict":
        return contents_of(given[:1])
    return _ordered(given) if name in _ORDERING else NOTHING


def of_items(owner: Any, name: str, given: Sequence[Any]) -> Touches:
    """Return what a method of a container touches in the items, or a method of bytes in its argument."""
    if given and issubclass(type(owner), _HASHING):
        hashed = tuple([touch for value in given for touch in read_by_hash(value)])
        return hashed + _of_items(owner, name, given)
    return _of_items(owner, name, given)


#: Containers that hash what their methods are given.
_HASHING = (set, frozenset, dict)


def _of_items(owner: Any, name: str, given: Sequence[Any]) -> Touches:
    if name in _SEARCHING:
        return looked_for(owner, given[0]) if given and kind_of(type(owner)) in (CONTAINER, STILL) else NOTHING
    if name in _COMPARING:
        return compared(owner, given[0]) if given else NOTHING
    if name == "sort":
        return _ordered((owner, *given))
    if name == "join":
        return contents_of(given[:1]) if type(owner) is not str else NOTHING
    return contents_of(given[:1]) if name == "update" and issubclass(type(owner), dict) else NOTHING


_SEARCHING = frozenset(("count", "index", "remove", "__contains__"))
_COMPARING = frozenset(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"))


def _ordered(given: Sequence[Any]) -> Touches:
    """Return what `sorted` and the like touch: they compare all elements, or what a key function makes of them."""
    functions = [value for value in given if callable(value)]
    several = [value for value in given if id(type(value)) not in PLAIN_KEYS and not callable(value)]
    if functions:
        sources = [several] if len(several) > 1 else several
        return tuple(touch for function in functions for touch in called_back(function, sources))
    elements = [element for value in given for element in elements_of(value, _MOST_OBJECTS)]
    return nested([*(several if len(several) > 1 else ()), *elements], COMPARISONS)

"""What it touches to compare containers, or to write them as texts: what is in them, and in that again.

`rows == [{"n": 1}]` reads each dictionary in `rows`, and `f"{(items, 2)}"` reads `items`. Only so much is looked at.
"""

from __future__ import annotations

import collections
import gc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..identity._keys import PLAIN_KEYS
from ..identity._object_names import key_of
from ..identity._types import CONTAINER, OTHER, STILL, VIEW, kind_of
from ..identity._wholes import TEXT, TRUTH, called_back, contents, elements_of, operand
from ..interpreter._opcodes import COMPARISONS
from ..steps._touches import CUT, FOREIGN, NOTHING, OPAQUE, READS, Touch, Touches

_DEEPEST = 4
#: So many objects are looked at, and so many touches are told of.
_MOST_OBJECTS = 2_000
_MOST_TOUCHES = 64
#: So many elements are looked through for such as have a content.
_MOST_ELEMENTS = 20_000
#: Stands for what was not looked at.
_REST: Touches = (("…", None, READS | OPAQUE | CUT),)

#: How the length of a container is found, and its elements, whatever a class derived from it says.
_WAYS: tuple[tuple[type, Callable[[Any], int], Callable[[Any], Iterable[Any]]], ...] = (
    (tuple, tuple.__len__, tuple.__iter__),
    (list, list.__len__, list.__iter__),
    (dict, dict.__len__, dict.values),
    (collections.deque, collections.deque.__len__, collections.deque.__iter__),
)


def nested(things: Sequence[Any], specials: Sequence[str]) -> Touches:
    """What it touches to use `things`, and all that is in them, with an operator that `specials` stand for.

    The things themselves come last: a step is told of by what it touches last.
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
        # Which of them is run, the code does not tell here.
        return operand(thing, READS, COMPARISONS[:1]) or operand(thing, READS, COMPARISONS[1:])
    return operand(thing, READS, specials)


def _inside(thing: Any, kind: type, own: Touches) -> list[Any] | None:
    """What may have contents in an object; None where that is too much to look at."""
    for base, length, elements in _WAYS:
        if issubclass(kind, base):
            if length(thing) > _MOST_ELEMENTS:
                return None
            return [inner for inner in list(elements(thing)) if id(type(inner)) not in PLAIN_KEYS]
    sort = kind_of(kind)
    if sort == VIEW or (sort == OTHER and own and not any(how & FOREIGN for _, _, how in own)):
        # A method that was generated compares the attributes, or writes them as texts.
        found = gc.get_referents(thing)
        return [inner for inner in found if type(inner) is tuple or kind_of(type(inner)) == CONTAINER]
    return []


def compared(thing: Any, other: Any, specials: Sequence[str] = COMPARISONS) -> Touches:
    """What it touches to compare two objects: where neither is a plain value, each of their elements, too."""
    plain, other_plain = id(type(thing)) in PLAIN_KEYS, id(type(other)) in PLAIN_KEYS
    if plain or other_plain:
        if plain and other_plain:
            return NOTHING
        return _used(thing, specials) + _used(other, specials)
    return nested((other, thing), specials)


def looked_for(container: Any, key: Any) -> Touches:
    """What it touches to compare `key` with what is in `container`, beside the container."""
    if id(type(key)) in PLAIN_KEYS and type(key) is not bytes:
        return NOTHING
    if issubclass(type(container), (dict, set, frozenset)):
        # Only a set can be looked for in one: what stands for it is made of what is in it.
        return contents(key, READS)
    return nested((key, *elements_of(container, _MOST_OBJECTS)), COMPARISONS)


def texts_of(*things: Any) -> Touches:
    """What it touches to write `things` as texts."""
    return nested(things, TEXT)


def truths_of(sources: Sequence[Any]) -> Touches:
    """What it touches to ask of the elements of what is in `sources` whether they are true."""
    return _each(sources, lambda element: operand(element, READS, TRUTH))


def contents_of(sources: Sequence[Any]) -> Touches:
    """What it touches to go through the elements of what is in `sources`."""
    return _each(sources, lambda element: contents(element, READS))


def _each(sources: Sequence[Any], find: Callable[[Any], Touches]) -> Touches:
    touches: list[Touch] = []
    for source in sources:
        for element in elements_of(source, _MOST_OBJECTS):
            if id(type(element)) not in PLAIN_KEYS and len(touches) < _MOST_TOUCHES:
                touches += find(element)
    return (*_REST, *touches) if len(touches) >= _MOST_TOUCHES else tuple(touches)


def begun(thing: Any, *, backwards: bool = False) -> Touches:
    """What it touches to make an iterator over `thing`: it keeps how much there was, but for those of lists."""
    kind = type(thing)
    sort = kind_of(kind)
    if sort == VIEW or (sort == CONTAINER and (backwards or not issubclass(kind, (list, bytearray)))):
        return contents(thing, READS)
    return NOTHING


#: By name, built-in functions that compare what they go through; that ask of it whether it is true; or go through it.
_ORDERING = frozenset(("sorted", "min", "max"))
_TESTING = frozenset(("any", "all"))
_GOING_THROUGH = frozenset(("sum", "dict"))


def of_elements(name: str, given: Sequence[Any]) -> Touches:
    """What a built-in function touches in the elements of what it is given."""
    if name in _TESTING:
        return truths_of(given)
    if name in _GOING_THROUGH:
        return contents_of(given[:1])
    return _ordered(given) if name in _ORDERING else NOTHING


def of_items(owner: Any, name: str, given: Sequence[Any]) -> Touches:
    """What a method of a container touches in what is in that, or of bytes in what it is given."""
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
    """Of `sorted` and the like: all is compared with each other, or what a key function makes of it."""
    functions = [value for value in given if callable(value)]
    several = [value for value in given if id(type(value)) not in PLAIN_KEYS and not callable(value)]
    if functions:
        sources = [several] if len(several) > 1 else several
        return tuple(touch for function in functions for touch in called_back(function, sources))
    elements = [element for value in given for element in elements_of(value, _MOST_OBJECTS)]
    return nested([*(several if len(several) > 1 else ()), *elements], COMPARISONS)

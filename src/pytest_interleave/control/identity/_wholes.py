"""The touches of using a whole object: a container, an iterator over one, or an object of which nothing more is known.

A loop over a dictionary's keys is a loop over the dictionary; to advance an iterator changes the iterator.
"""

from __future__ import annotations

import collections
import gc
import itertools
import sys
import types
import weakref
from collections.abc import Sequence
from typing import Any

from ..interpreter._frames import object_at
from ..steps._touches import FOREIGN, HIDDEN, NOTHING, OPAQUE, READS, UNSURE, WRITES, Touches
from ._any_call import any_call
from ._generators import name_of_generator
from ._leaving import expect
from ._natives import behind, is_native
from ._object_names import key_of, name_of
from ._types import (
    CONTAINER,
    ITERATOR,
    LOCAL,
    OTHER,
    STILL,
    VIEW,
    class_holding,
    is_class,
    is_made_by_a_program,
    kind_of,
    stand_ins,
)
from ._written import (
    in_scope,
    is_foreign,
    is_generated,
    is_of_an_object,
    is_primitive_method,
    runs_in_scope,
    special_flags,
)

_DEEPEST = 4
#: At most this many elements are inspected if a function is called with each of them; the rest are skipped.
_MOST_ELEMENTS = 16


def whole(owner: Any, how: int, flags: int = 0) -> Touches:
    """Return what a call touches that reads all of `owner`, or changes it in a way that is not known more exactly."""
    kind = kind_of(type(owner))
    if kind == CONTAINER:
        return ((key_of(owner), None, how | flags),)
    if kind in (STILL, LOCAL):
        return NOTHING
    if kind == VIEW:
        return _through(owner, how)
    if kind == ITERATOR:
        # Even reading all that is left uses it up.
        return ((name_of(owner), None, WRITES), *_through(owner, READS))
    if type(owner) is types.GeneratorType:
        return ((name_of_generator(owner), None, WRITES),)
    how |= OPAQUE | flags
    if type(owner) in _WEAK:
        # An item that dies disappears from it, in a step that does not name it.
        how |= HIDDEN
    return ((name_of(owner), None, how), *((key_of(thing), None, how) for thing in behind(owner)))


_WEAK = frozenset((weakref.WeakKeyDictionary, weakref.WeakSet, weakref.WeakValueDictionary))


def gone_through(iterator: Any) -> Touches:
    """Return what an iterator or a view goes through that only the caller has."""
    return _through(iterator, READS) if kind_of(type(iterator)) in (ITERATOR, VIEW) else NOTHING


def native(thing: Any, how: int) -> Touches:
    """Return what handing `thing` to C code touches, if its state is managed by C code, too."""
    kind = type(thing)
    if kind_of(kind) != OTHER or kind is types.GeneratorType or not is_native(kind):
        return NOTHING
    return whole(thing, how)


def iteration(thing: Any) -> Touches:
    """Return what beginning a loop over `thing` touches."""
    flags = special_flags(type(thing), "__iter__")
    return NOTHING if flags is None else by_given_method(thing, "__iter__") + whole(thing, READS, flags)


def by_given_method(owner: Any, special: str) -> Touches:
    """Return what a special method of `owner` touches if it is one of another object: `__len__ = items.__len__`."""
    kind = type(owner)
    if not is_made_by_a_program(kind):
        return NOTHING
    holder = class_holding(kind, special)
    return any_call.touches(holder[1], ()) if holder is not None and is_of_an_object(holder[1]) else NOTHING


#: The reference count of an iterator that only its loop knows: the loop's reference, and those that exist while they
#: are counted.
_REFERENCES_OF_A_LOOP = 3


def loop(address: int) -> Touches:
    """Return what the next round of a loop touches, with its iterator at `address`."""
    iterator = object_at(address)
    sort = kind_of(type(iterator))
    if sort == ITERATOR and sys.getrefcount(iterator) <= _REFERENCES_OF_A_LOOP:
        return _through(iterator, READS)
    if sort == OTHER and is_native(type(iterator)):
        return whole(iterator, READS) + _through(iterator, READS)
    return whole(iterator, READS)


def contents(thing: Any, how: int) -> Touches:
    """Return what reading or changing the contents of `thing` touches, if such objects have contents."""
    if type(thing) is types.GeneratorType:
        return whole(thing, how)
    sort = kind_of(type(thing))
    if sort == CONTAINER and any(runs_in_scope(type(thing), special) for special in _WAYS_IN):
        # It is not known which of these are called. What they do is seen when they do it.
        how |= OPAQUE
    return whole(thing, how) if sort in (CONTAINER, VIEW, ITERATOR) else NOTHING


_WAYS_IN = ("__iter__", "__len__", "__bool__", "__contains__", "__getitem__", "__eq__", "__repr__", "keys", "items")

#: The special methods that write a value as a text, and those that test whether it is true.
TEXT = ("__format__", "__str__", "__repr__")
TRUTH = ("__bool__", "__len__")


def operand(thing: Any, how: int, specials: Sequence[str]) -> Touches:
    """Return what using `thing` with an operator touches.

    The operator stands for the special methods `specials`; the first that `thing` has is run.
    """
    kind = type(thing)
    sort = kind_of(kind)
    if sort != OTHER:
        return contents(thing, how) if sort != STILL else NOTHING
    if is_class(kind):
        return NOTHING
    for special in specials:
        holder = class_holding(kind, special)
        if holder is None or holder[0] is object or holder[1] is None:
            continue
        function = holder[1]
        # Its code can have another name: `__lt__ = _compare`.
        expect(function)
        if in_scope(function):
            return NOTHING
        if is_primitive_method(function):
            # The text of a primitive shows its state.
            return ((id(thing), None, how),)
        if is_foreign(function):
            return whole(thing, how, FOREIGN | OPAQUE | UNSURE)
        if is_of_an_object(function):
            return any_call.touches(function, ())
        # A generated method reads the attributes. A method of an exception reads its arguments.
        looks = is_native(holder[0]) or is_generated(function) or issubclass(holder[0], BaseException)
        return whole(thing, how) if looks else NOTHING
    return NOTHING


#: Iterators that keep the pair that they gave last, to use it again if they can. The pair is nothing that they go
#: through.
_KEEPING_A_PAIR: tuple[type, ...] = (type(iter({}.items())), type(reversed({}.items())), enumerate)


#: Iterators that test whether each element is true if they have no function.
_FILTERS: tuple[type, ...] = (filter, itertools.filterfalse)


def _through(outer: Any, how: int, depth: int = 0, *, iterators_only: bool = False) -> Touches:
    """Return what an iterator or a view goes through."""
    if id(type(outer)) in stand_ins:
        # An open file, a cursor: its own steps say what it reads.
        return NOTHING
    found: list[Any] = []
    functions: list[Any] = []
    inside = _exported(outer) if type(outer) is memoryview else gc.get_referents(outer)
    for inner in inside:
        kind = kind_of(type(inner))
        if type(inner) is tuple and type(outer) in _KEEPING_A_PAIR:
            continue
        if kind == CONTAINER:
            if not iterators_only:
                found.append((key_of(inner), None, how))
        elif (kind in (ITERATOR, VIEW) or type(inner) is tuple) and depth < _DEEPEST:
            if kind == ITERATOR and sys.getrefcount(inner) > _REFERENCES_OF_A_LOOP + 1:
                found.append((name_of(inner), None, WRITES))
            # `zip` has a tuple of iterators, and a tuple of what they gave last.
            found.extend(_through(inner, how, depth + 1, iterators_only=type(outer) is zip))
        elif type(inner) is types.GeneratorType:
            if sys.getrefcount(inner) > _REFERENCES_OF_A_LOOP + 1:
                found.append((name_of_generator(inner), None, WRITES))
        elif kind == OTHER and not iterators_only and is_native(type(inner)):
            found.extend(whole(inner, how))
            if depth < _DEEPEST:
                found.extend(_through(inner, how, depth + 1))
        elif callable(inner):
            functions.append(inner)
        elif inner is None and type(outer) in _FILTERS:
            functions.append(bool)
    for function in functions:
        # The function that `map` calls.
        found.extend(called_back(function, inside, stars=type(outer) is itertools.starmap))
    return tuple(found)


def _exported(view: memoryview) -> list[Any]:
    try:
        return [view.obj]
    except ValueError:
        # The view was released.
        return []


def called_back(function: Any, sources: Sequence[Any], *, stars: bool = False) -> Touches:
    """Return what calling `function` with each element of `sources` touches, as `map` and `sorted` do.

    `stars` if each element is all the arguments of a call.
    """
    if in_scope(function):
        return NOTHING
    given: list[Sequence[Any]] = []
    for source in sources:
        if type(source) is tuple and len(source) > 1 and all(kind_of(type(inner)) == ITERATOR for inner in source):
            # `map` can have several iterators, and gives the function an element of each.
            given += zip(*map(elements_of, source), strict=False)
        elif stars:
            given += [element for element in elements_of(source) if type(element) in (tuple, list)]
        else:
            given += [(element,) for element in elements_of(source)]
    if not given:
        return any_call.touches(function, ())
    return tuple(dict.fromkeys(touch for arguments in given for touch in any_call.touches(function, arguments)))


def elements_of(source: Any, most: int = _MOST_ELEMENTS) -> list[Any]:
    """Return the first elements of `source`, a container or an iterator over one, if they can be determined."""
    kind = type(source)
    if kind is tuple and source and kind_of(type(source[0])) == ITERATOR:
        return elements_of(source[0], most)
    if issubclass(kind, list) or issubclass(kind, tuple):
        return list(itertools.islice((list if issubclass(kind, list) else tuple).__iter__(source), most))
    if kind is dict:
        return list(dict.keys(source))[:most]
    if kind is _OF_VALUES or kind is _OF_VALUES_ITERATOR:
        return [value for inner in gc.get_referents(source) if type(inner) is dict for value in dict.values(inner)][
            :most
        ]
    if kind is set or kind is frozenset or kind is collections.deque:
        return list(source)[:most]
    if kind_of(kind) in (ITERATOR, VIEW):
        return [element for inner in gc.get_referents(source) for element in elements_of(inner, most)][:most]
    return []


_OF_VALUES: type = type({}.values())
_OF_VALUES_ITERATOR: type = type(iter({}.values()))

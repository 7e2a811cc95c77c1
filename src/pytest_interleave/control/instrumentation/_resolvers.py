"""Resolvers of accesses: given the frame that is about to run an instruction, each returns what it will touch.

They are called at every step, so they read the frame's value stack on the spot, see `_frames`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType, GeneratorType
from typing import Any

from ..calls._nested import compared, looked_for, texts_of
from ..identity._generators import PRIVATE, is_private, visible_in
from ..identity._items import NO_KEY, item, membership
from ..identity._kept import LEFT_ALONE
from ..identity._keys import PLAIN_KEYS
from ..identity._object_names import attributes_at, name_of
from ..identity._owners import attribute, inherited, is_always_of_the_instance
from ..identity._types import class_holding, identities, lives_on
from ..identity._wholes import TRUTH, contents, gone_through, loop, native, operand
from ..interpreter._frames import UNMARKED, frames, object_at, object_in, types_at, words_from
from ..interpreter._opcodes import (
    IN_PLACE,
    REMAINDER,
    opname_at,
    specials_of,
)
from ..steps._operations import Resolver
from ..steps._touches import NOTHING, READS, WRITES, Touches


def for_always(touches: Touches) -> Resolver:
    """Return a resolver that always finds `touches`."""
    return lambda _frame: touches


def for_named(name: str, how: int) -> Resolver:
    """Return the resolver of a variable of a module's code, which `exec` may run in any two dictionaries."""

    def touch(frame: FrameType) -> Touches:
        variables: Any = frame.f_locals
        if how == READS and variables is not frame.f_globals and not (type(variables) is dict and name in variables):
            variables = frame.f_globals
        return ((id(variables), name, how),)

    return touch


def for_by_name(name: str, how: int) -> Resolver:
    """Return a resolver for frames that cannot be read: it finds everything that has the same name."""
    key = "[]" if not name or name.endswith(")") else name
    return for_always(((key, None, how),))


def for_attribute(slot: int, name: str, how: int) -> Resolver:
    """Return the resolver of an attribute of the object in `slot`."""
    slots = words_from(slot)
    key = f"{name}=" if how else name
    known: type | None = None

    def touch(frame: FrameType) -> Touches | None:
        nonlocal known
        word = slots[frames[id(frame) >> 3] >> 3]
        found = attributes_at[word >> 3]
        if found is not None:
            touches = found.get(key)
            if touches is not None:
                return touches
            if found is LEFT_ALONE:
                return None
        owner = object_at(word & UNMARKED)
        kind = type(owner)
        if kind is not known:
            if not (lives_on(kind) and is_always_of_the_instance(kind, name)):
                return attribute(owner, name, how)
            known = kind
        owner_name = name_of(owner)
        touches = ((owner_name, name, how),)
        if owner_name < 0:
            attributes_at.setdefault(word >> 3, {})[key] = touches
        return touches

    return touch


def for_attribute_of_super(slot: int, name: str, how: int) -> Resolver:
    """Return the resolver of `super().name`, with the object in `slot`."""
    owner_in = object_in(slot)

    def touch(frame: FrameType) -> Touches:
        owner = owner_in(frame)
        return attribute(owner, name, how) + inherited(owner, name)

    return touch


def for_cell(slot: int, how: int) -> Resolver:
    """Return the resolver of a closure variable, whose cell lies in `slot`."""
    slots = words_from(slot)
    return lambda frame: ((slots[frames[id(frame) >> 3] >> 3] & UNMARKED, None, how),)


def for_item(slot: int, key_slot: int | None, how: int) -> Resolver:
    """Return the resolver of an item of the container in `slot`; without a key, of all of it."""
    container = object_in(slot)
    if key_slot is None:
        return lambda frame: item(container(frame), NO_KEY, how)
    key = object_in(key_slot)
    return lambda frame: item(container(frame), key(frame), how)


def for_of_one(find: Callable[[Any, int], Touches], slot: int, how: int, top: int) -> Resolver:
    """Return a resolver that calls `find` with the object in `slot`; no access if that is a private generator."""
    thing_in = visible_in(slot, top)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        return None if thing is PRIVATE else find(thing, how)

    return touch


def for_of_two(find: Callable[[Any, Any], Touches], slot: int, other_slot: int, top: int) -> Resolver:
    """Return a resolver that calls `find` with two objects; no access if the first is a private generator."""
    thing_in, other_in = visible_in(slot, top), object_in(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        return None if thing is PRIVATE else find(thing, other_in(frame))

    return touch


def for_if_any(find: Resolver) -> Resolver:
    """Return a resolver for which an instruction is no access if `find` finds no touches."""
    return lambda frame: find(frame) or None


def for_stored_item(slot: int, key_slot: int, source_slot: int) -> Resolver:
    """Return the resolver of `container[key] = source`, which reads the source if the key is a slice."""
    container, key_in, source_in = object_in(slot), object_in(key_slot), object_in(source_slot)

    def touch(frame: FrameType) -> Touches:
        key = key_in(frame)
        touches = item(container(frame), key, WRITES)
        return contents(source_in(frame), READS) + touches if type(key) is slice else touches

    return touch


def for_stored_slice(slot: int, source_slot: int, top: int) -> Resolver:
    """Return the resolver of an assignment to a slice of the container in `slot`, which also reads the source."""
    container, source_in = object_in(slot), visible_in(source_slot, top)
    return lambda frame: contents(source_in(frame), READS) + item(container(frame), NO_KEY, WRITES)


def for_comparison(slot: int, other_slot: int) -> Resolver:
    """Return the resolver of a comparison of the objects in two slots."""
    slots, other_slots = words_from(slot), words_from(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        start = frames[id(frame) >> 3] >> 3
        word, other_word = slots[start], other_slots[start]
        # Nearly all comparisons are of these.
        if types_at[word >> 3] in _NUMBERS_AND_TEXTS and types_at[other_word >> 3] in _NUMBERS_AND_TEXTS:
            return None
        return compared(object_at(word & UNMARKED), object_at(other_word & UNMARKED)) or None

    return touch


#: The addresses of types whose values are no containers, and are not compared to one either.
_NUMBERS_AND_TEXTS = identities((int, str, float, bool, type(None)))


def for_filling(slot: int, other_slot: int) -> Resolver:
    """Return the resolver of `%`, which writes its right operand as texts if the left one is a text."""
    thing, other = object_in(slot), object_in(other_slot)
    specials = specials_of(REMAINDER)

    def touch(frame: FrameType) -> Touches:
        values = other(frame)
        return operand(thing(frame), READS, specials) + (operand(values, READS, specials) or texts_of(values))

    return touch


def for_operator(specials: Sequence[str], slot: int, other_slot: int) -> Resolver:
    """Return the resolver of an operator, for which the special methods `specials` stand."""
    slots, other_slots = words_from(slot), words_from(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        start = frames[id(frame) >> 3] >> 3
        word, other_word = slots[start], other_slots[start]
        if types_at[word >> 3] in _NUMBERS_AND_TEXTS and types_at[other_word >> 3] in _NUMBERS_AND_TEXTS:
            return None
        thing, other = object_at(word & UNMARKED), object_at(other_word & UNMARKED)
        return operand(thing, READS, specials) + operand(other, READS, specials) or None

    return touch


def for_unpacking(slot: int, top: int) -> Resolver:
    """Return the resolver of an instruction that unpacks the object in `slot`."""
    thing_in = visible_in(slot, top)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        # Functions usually return tuples.
        return None if type(thing) is tuple else contents(thing, READS) or None

    return touch


def truth_of(thing: Any, how: int) -> Touches:
    """Return what testing whether `thing` is true touches."""
    return operand(thing, how, TRUTH)


def text_of(thing: Any, _how: int) -> Touches:
    """Return what writing `thing` as a text touches."""
    return NOTHING if id(type(thing)) in PLAIN_KEYS else texts_of(thing)


def membership_of(container: Any, key: Any) -> Touches:
    """Return what `key in container` touches, with the items that the key is compared to."""
    return looked_for(container, key) + membership(container, key)


def _changed(thing: Any, how: int) -> Touches:
    return contents(thing, how) or native(thing, how)


def source_of(thing: Any, how: int) -> Touches:
    """Return what reading the contents of `thing` touches, also if it is an object written in C."""
    return NOTHING if id(type(thing)) in PLAIN_KEYS else contents(thing, how) or native(thing, how)


def for_in_place(argument: int, top: int) -> Resolver:
    """Return the resolver of `items += others`: what is on the left is changed, and what is on the right is read."""
    thing, source = visible_in(top - 2, top), visible_in(top - 1, top)
    slots, source_slots = words_from(top - 2), words_from(top - 1)
    fills = argument - IN_PLACE.start == REMAINDER
    forward, backward = specials_of(argument - IN_PLACE.start)
    specials = (f"__i{forward[2:]}", forward, backward)

    def touch(frame: FrameType) -> Touches | None:
        start = frames[id(frame) >> 3] >> 3
        if (
            types_at[slots[start] >> 3] in _NUMBERS_AND_TEXTS
            and types_at[source_slots[start] >> 3] in _NUMBERS_AND_TEXTS
        ):
            return None
        changed, values = thing(frame), source(frame)
        read = texts_of(values) if fills else source_of(values, READS)
        return read + (_changed(changed, WRITES) or operand(changed, WRITES, specials)) or None

    return touch


def for_returned(slot: int) -> Resolver:
    """Return the resolver of an iterator that a method returns: it reads its source, unless a loop begins with it."""
    thing = object_in(slot)

    def touch(frame: FrameType) -> Touches | None:
        caller = frame.f_back
        if caller is not None and opname_at(caller.f_code, caller.f_lasti) in _LOOPS:
            return None
        return gone_through(thing(frame)) or None

    return touch


_LOOPS = frozenset(("GET_ITER", "FOR_ITER", "GET_YIELD_FROM_ITER"))


def for_match_class(positional: int, top: int) -> Resolver:
    """Return the resolver of `case Point(1, y=2)`, which reads the attributes that the pattern names."""
    subject_in, class_in, names_in = object_in(top - 3), object_in(top - 2), object_in(top - 1)

    def touch(frame: FrameType) -> Touches:
        subject = subject_in(frame)
        names = list(names_in(frame))
        if positional:
            holder = class_holding(class_in(frame), "__match_args__")
            names += () if holder is None else holder[1][:positional]
        touches = contents(subject, READS)
        for name in names:
            touches += attribute(subject, name, READS)
        return touches

    return touch


def for_loop(slot: int, top: int) -> Resolver:
    """Return the resolver of the next round of a loop, whose iterator lies in `slot`."""
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        address = slots[frames[id(frame) >> 3] >> 3] & UNMARKED
        if type(object_at(address)) is GeneratorType and is_private(frame, address, top):
            return None
        return loop(address) or None

    return touch

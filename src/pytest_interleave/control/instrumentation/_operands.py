"""From an instruction that is an access, and the frame that is about to run it, to what it touches.

The operands lie on the frame's value stack; at which depth, the code object tells. Where frames cannot be read (see
`_frames`), an access touches everything that is called the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FrameType, GeneratorType
from typing import Any

from ..calls._entering import entering, leaving
from ..calls._nested import compared, looked_for, texts_of
from ..identity._generators import PRIVATE, is_private, visible_in
from ..identity._items import NO_KEY, deletion, item, membership
from ..identity._kept import LEFT_ALONE
from ..identity._keys import PLAIN_KEYS
from ..identity._object_names import attributes_at, name_of
from ..identity._owners import attribute, inherited, is_always_of_the_instance
from ..identity._types import class_holding, identities, lives_on
from ..identity._wholes import TRUTH, contents, gone_through, iteration, loop, native, operand
from ..interpreter._frames import UNMARKED, frames, layout, object_at, object_in, types_at, words_from
from ..interpreter._opcodes import (
    CALLS,
    IN_PLACE,
    REMAINDER,
    SUBSCRIPT,
    UNPACKINGS,
    asks_for_truth,
    formats_with_specification,
    is_module_code,
    opname_at,
    specials_of,
)
from ..interpreter._stack_depths import stack_depths, variables_of
from ..steps._operations import Resolver
from ..steps._touches import NOTHING, READS, WRITES, Touches
from ._call_operands import foreseen_call, unforeseen_call

_PY314 = sys.version_info >= (3, 14)

#: By instruction, how far below the top of the stack the owner lies, and the key; 0 where there is none.
_ITEMS = {
    "BINARY_SUBSCR": (2, 1),
    "BINARY_SLICE": (3, 0),
}
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"))
_GLOBALS = frozenset(("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"))


class Operands:
    """Makes the resolvers of one code object."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._depths = {} if layout is None else stack_depths(code)
        self._variables = variables_of(code)
        self._of_module = is_module_code(code)

    def resolver(self, opname: str, argument: int, offset: int, name: str, writes: bool) -> Resolver:
        """The resolver of one instruction; `name` is how the access is called, or the attribute or variable."""
        how = WRITES if writes else READS
        if opname in _GLOBALS:
            if self._of_module:
                return _named(name, how)
            return _always(((id(self._namespace), name, how),))
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return _by_name(name, how)
        top = self._variables + depth
        if opname == "LOAD_SUPER_ATTR":
            return _attribute_of_super(top - 1, name, how)
        if opname in _ATTRIBUTES:
            return _attribute(top - 1, name, how)
        if opname.endswith("DEREF"):
            return _cell(argument, how)
        if opname == "BINARY_OP" and argument == SUBSCRIPT:
            opname = "BINARY_SUBSCR"
        if opname == "DELETE_SUBSCR":
            return _of_two(deletion, top - 2, top - 1, top)
        if opname == "CONTAINS_OP":
            return _of_two(_membership, top - 1, top - 2, top)
        if opname == "STORE_SUBSCR":
            return _stored_item(top - 2, top - 1, top - 3)
        if opname == "STORE_SLICE":
            return _stored_slice(top - 3, top - 4, top)
        if opname in _ITEMS:
            owner, key = _ITEMS[opname]
            return _item(top - owner, top - key if key else None, how)
        if opname == "CALL_FUNCTION_EX":
            # What it is called with is known only then.
            return unforeseen_call(opname, argument, top)
        if opname in CALLS:
            return foreseen_call(opname, argument, top, name, how)
        if opname == "FOR_ITER":
            return _loop(top - 1, top)
        if opname == "SEND":
            return _loop(top - 2, top)
        if opname in ("GET_ITER", "GET_YIELD_FROM_ITER"):
            thing = visible_in(top - 1, top)
            return lambda frame: iteration(thing(frame)) or None
        if opname == "MATCH_CLASS":
            return _match_class(argument, top)
        # What concerns a container only if the object is one.
        if asks_for_truth(opname):
            return _of_one(_truth, top - 1, how, top)
        return _of_one(contents, top - 1, how, top)

    def of_block(self, offset: int, leave_alone: Callable[[], object], *, enters: bool) -> Resolver | None:
        """The resolver of an instruction that enters a `with` block, or leaves it."""
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return None
        top = self._variables + depth
        if enters:
            return entering(top - 1, leave_alone)
        # Above it lie three arguments; or an exception, the one before, and where it was raised.
        return leaving(top - 4, leave_alone, bound=not _PY314)

    def unforeseen(self, opname: str, argument: int, offset: int, *, private_owner: bool = False) -> Resolver | None:
        """The resolver of an instruction that is an access only if it comes upon a container.

        `private_owner` where it calls a method of one that no other thread can see.
        """
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return None
        top = self._variables + depth
        if opname in ("STORE_SLICE", "STORE_SUBSCR"):
            return _if_any(_of_one(contents, top - (4 if opname == "STORE_SLICE" else 3), READS, top))
        if opname in CALLS:
            return unforeseen_call(opname, argument, top, private_owner=private_owner)
        if opname == "COMPARE_OP":
            return _comparison(top - 2, top - 1)
        if opname == "BINARY_OP":
            if argument in IN_PLACE and private_owner:
                return _if_any(_of_one(_source, top - 1, READS, top))
            if argument in IN_PLACE:
                return _in_place(argument, top)
            if argument == REMAINDER:
                return _if_any(_filling(top - 2, top - 1))
            return _operator(specials_of(argument), top - 2, top - 1)
        if opname == "RETURN_VALUE":
            return _returned(top - 1)
        if opname == "YIELD_VALUE":
            return _if_any(_of_one(_source, top - 1, READS, top))
        if asks_for_truth(opname):
            return _if_any(_of_one(_truth, top - 1, READS, top))
        if opname in UNPACKINGS:
            return _unpacking(top - 1, top)
        below = 2 if formats_with_specification(opname, argument) else 1
        return _if_any(_of_one(_text, top - below, READS, top))


def _always(touches: Touches) -> Resolver:
    return lambda _frame: touches


def _named(name: str, how: int) -> Resolver:
    """Of a variable of a module's code, which `exec` may run in any two dictionaries."""

    def touch(frame: FrameType) -> Touches:
        variables: Any = frame.f_locals
        if how == READS and variables is not frame.f_globals and not (type(variables) is dict and name in variables):
            variables = frame.f_globals
        return ((id(variables), name, how),)

    return touch


def _by_name(name: str, how: int) -> Resolver:
    key = "[]" if not name or name.endswith(")") else name
    return _always(((key, None, how),))


# These are called at every step, so they read memory on the spot: see `_frames`.


def _attribute(slot: int, name: str, how: int) -> Resolver:
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


def _attribute_of_super(slot: int, name: str, how: int) -> Resolver:
    owner_in = object_in(slot)

    def touch(frame: FrameType) -> Touches:
        owner = owner_in(frame)
        return attribute(owner, name, how) + inherited(owner, name)

    return touch


def _cell(slot: int, how: int) -> Resolver:
    slots = words_from(slot)
    return lambda frame: ((slots[frames[id(frame) >> 3] >> 3] & UNMARKED, None, how),)


def _item(slot: int, key_slot: int | None, how: int) -> Resolver:
    container = object_in(slot)
    if key_slot is None:
        return lambda frame: item(container(frame), NO_KEY, how)
    key = object_in(key_slot)
    return lambda frame: item(container(frame), key(frame), how)


def _of_one(find: Callable[[Any, int], Touches], slot: int, how: int, top: int) -> Resolver:
    thing_in = visible_in(slot, top)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        return None if thing is PRIVATE else find(thing, how)

    return touch


def _of_two(find: Callable[[Any, Any], Touches], slot: int, other_slot: int, top: int) -> Resolver:
    thing_in, other_in = visible_in(slot, top), object_in(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        return None if thing is PRIVATE else find(thing, other_in(frame))

    return touch


def _if_any(find: Resolver) -> Resolver:
    return lambda frame: find(frame) or None


def _stored_item(slot: int, key_slot: int, source_slot: int) -> Resolver:
    container, key_in, source_in = object_in(slot), object_in(key_slot), object_in(source_slot)

    def touch(frame: FrameType) -> Touches:
        key = key_in(frame)
        touches = item(container(frame), key, WRITES)
        return contents(source_in(frame), READS) + touches if type(key) is slice else touches

    return touch


def _stored_slice(slot: int, source_slot: int, top: int) -> Resolver:
    container, source_in = object_in(slot), visible_in(source_slot, top)
    return lambda frame: contents(source_in(frame), READS) + item(container(frame), NO_KEY, WRITES)


def _comparison(slot: int, other_slot: int) -> Resolver:
    slots, other_slots = words_from(slot), words_from(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        start = frames[id(frame) >> 3] >> 3
        word, other_word = slots[start], other_slots[start]
        # Nearly everything that is compared.
        if types_at[word >> 3] in _NUMBERS_AND_TEXTS and types_at[other_word >> 3] in _NUMBERS_AND_TEXTS:
            return None
        return compared(object_at(word & UNMARKED), object_at(other_word & UNMARKED)) or None

    return touch


#: The addresses of the types of what is no container, and not compared to one either.
_NUMBERS_AND_TEXTS = identities((int, str, float, bool, type(None)))


def _filling(slot: int, other_slot: int) -> Resolver:
    """Of `%`, which writes what is on the right as texts if there is a text on the left."""
    thing, other = object_in(slot), object_in(other_slot)
    specials = specials_of(REMAINDER)

    def touch(frame: FrameType) -> Touches:
        values = other(frame)
        return operand(thing(frame), READS, specials) + (operand(values, READS, specials) or texts_of(values))

    return touch


def _operator(specials: Sequence[str], slot: int, other_slot: int) -> Resolver:
    slots, other_slots = words_from(slot), words_from(other_slot)

    def touch(frame: FrameType) -> Touches | None:
        start = frames[id(frame) >> 3] >> 3
        word, other_word = slots[start], other_slots[start]
        if types_at[word >> 3] in _NUMBERS_AND_TEXTS and types_at[other_word >> 3] in _NUMBERS_AND_TEXTS:
            return None
        thing, other = object_at(word & UNMARKED), object_at(other_word & UNMARKED)
        return operand(thing, READS, specials) + operand(other, READS, specials) or None

    return touch


def _unpacking(slot: int, top: int) -> Resolver:
    thing_in = visible_in(slot, top)

    def touch(frame: FrameType) -> Touches | None:
        thing = thing_in(frame)
        # What functions return as a rule.
        return None if type(thing) is tuple else contents(thing, READS) or None

    return touch


def _truth(thing: Any, how: int) -> Touches:
    return operand(thing, how, TRUTH)


def _text(thing: Any, _how: int) -> Touches:
    return NOTHING if id(type(thing)) in PLAIN_KEYS else texts_of(thing)


def _membership(container: Any, key: Any) -> Touches:
    return looked_for(container, key) + membership(container, key)


def _changed(thing: Any, how: int) -> Touches:
    return contents(thing, how) or native(thing, how)


def _source(thing: Any, how: int) -> Touches:
    return NOTHING if id(type(thing)) in PLAIN_KEYS else contents(thing, how) or native(thing, how)


def _in_place(argument: int, top: int) -> Resolver:
    """Of `items += others`: what is on the left is changed, and what is on the right is read."""
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
        read = texts_of(values) if fills else _source(values, READS)
        return read + (_changed(changed, WRITES) or operand(changed, WRITES, specials)) or None

    return touch


def _returned(slot: int) -> Resolver:
    """Of an iterator that a method returns: what it goes through, unless a loop begins with it."""
    thing = object_in(slot)

    def touch(frame: FrameType) -> Touches | None:
        caller = frame.f_back
        if caller is not None and opname_at(caller.f_code, caller.f_lasti) in _LOOPS:
            return None
        return gone_through(thing(frame)) or None

    return touch


_LOOPS = frozenset(("GET_ITER", "FOR_ITER", "GET_YIELD_FROM_ITER"))


def _match_class(positional: int, top: int) -> Resolver:
    """Of `case Point(1, y=2)`: the attributes that are looked at."""
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


def _loop(slot: int, top: int) -> Resolver:
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        address = slots[frames[id(frame) >> 3] >> 3] & UNMARKED
        if type(object_at(address)) is GeneratorType and is_private(frame, address, top):
            return None
        return loop(address) or None

    return touch

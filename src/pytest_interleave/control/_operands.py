"""From an instruction that is an access, and the frame that is about to run it, to what it touches.

The operands lie on the frame's value stack; at which depth, the code object tells. Where frames cannot be read (see
`_frames`), an access touches everything that is called the same.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

from ._calls import BOUND_IN_C, looks_into_arguments, touches_of_call
from ._frames import UNMARKED, layout, object_at, words
from ._items import NO_KEY, PLAIN_KEYS, deletion, item, membership
from ._kinds import lives_on
from ._names import attributes_at, key_of, name_of
from ._owners import attribute, contents, in_scope, is_always_of_the_instance, loop, whole
from ._stack_depths import stack_depths, variables_of
from ._touches import NOTHING, READS, WRITES, Touches

#: Given the frame that is about to run the instruction, what it will touch; None where it is no access after all.
Resolver = Callable[[FrameType], Touches | None]

_PY313 = sys.version_info >= (3, 13)
_PY314 = sys.version_info >= (3, 14)
#: The argument of BINARY_OP that makes it what BINARY_SUBSCR was before 3.14.
SUBSCRIPT = 26
#: By instruction, how far below the top of the stack the owner lies, and the key; 0 where there is none.
_ITEMS = {
    "BINARY_SUBSCR": (2, 1),
    "BINARY_SLICE": (3, 0),
    "STORE_SUBSCR": (2, 1),
    "STORE_SLICE": (3, 0),
}
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR"))
_GLOBALS = frozenset(("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"))
_CALLS = frozenset(("CALL", "CALL_KW", "CALL_FUNCTION_EX"))
#: Methods of dictionaries whose first argument is the only key that they look at.
_KEYED = frozenset((".get()", ".__getitem__()", ".__contains__()"))
#: The same for methods that can add it or remove it.
_KEYED_CHANGES = frozenset((".pop()", ".setdefault()", ".__setitem__()", ".__delitem__()"))
_NAMED = frozenset(("getattr", "hasattr", "setattr", "delattr"))
#: So many arguments of a built-in function are looked at.
_MOST_ARGUMENTS = 4


class Operands:
    """Makes the resolvers of one code object."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._depths = {} if layout is None else stack_depths(code)
        self._variables = variables_of(code)

    def resolver(self, opname: str, argument: int, offset: int, name: str, writes: bool) -> Resolver:
        """The resolver of one instruction; `name` is how the access is called, or the attribute or variable."""
        how = WRITES if writes else READS
        if opname in _GLOBALS:
            return _always(((id(self._namespace), name, how),))
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return _by_name(name, how)
        top = self._variables + depth
        if opname in _ATTRIBUTES:
            return _attribute(top - 1, name, how)
        if opname.endswith("DEREF"):
            return _cell(argument, how)
        if opname == "BINARY_OP" and argument == SUBSCRIPT:
            opname = "BINARY_SUBSCR"
        if opname == "DELETE_SUBSCR":
            return _of_two(deletion, top - 2, top - 1)
        if opname == "CONTAINS_OP":
            return _of_two(membership, top - 1, top - 2)
        if opname in _ITEMS:
            owner, key = _ITEMS[opname]
            return _item(top - owner, top - key if key else None, how)
        if opname in _CALLS:
            return _call(opname, argument, top, name, how)
        if opname == "FOR_ITER":
            return _loop(top - 1)
        if opname == "GET_ITER":
            return _of_one(whole, top - 1, READS)
        if opname == "COMPARE_OP":
            return _of_two(_both_contents, top - 1, top - 2)
        if opname == "MATCH_CLASS":
            return _of_one(whole, top - 3, READS)
        # What concerns a container only if the object is one.
        return _of_one(contents, top - 2 if writes else top - 1, how)

    def unforeseen(self, opname: str, argument: int, offset: int) -> Resolver | None:
        """The resolver of an instruction that is an access only if it comes upon a container."""
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return None
        top = self._variables + depth
        if opname in _CALLS:
            return _unforeseen_call(opname, argument, top)
        if opname in ("COMPARE_OP", "BINARY_OP"):
            return _if_any(_of_two(_both_contents, top - 2, top - 1))
        below = 2 if opname == "FORMAT_WITH_SPEC" or (opname == "FORMAT_VALUE" and argument & 4) else 1
        return _if_any(_of_one(contents, top - below, READS))


def _always(touches: Touches) -> Resolver:
    return lambda _frame: touches


def _by_name(name: str, how: int) -> Resolver:
    key = "[]" if not name or name.endswith(")") else name
    return _always(((key, None, how),))


# These are called at every step, so they read memory on the spot: `_frames[id(frame) >> 3]` is where the interpreter
# has the frame, and `words[_VARIABLES + slot :][that >> 3]` what is in a slot of it. The layout does not change.
_POINTER, _VARIABLES = layout or (0, 0)
_frames = words[_POINTER:]


def _attribute(slot: int, name: str, how: int) -> Resolver:
    slots = words[_VARIABLES + slot :]
    key = f"{name}=" if how else name
    known: type | None = None

    def touch(frame: FrameType) -> Touches:
        nonlocal known
        word = slots[_frames[id(frame) >> 3] >> 3]
        found = attributes_at.get(word >> 3)
        if found is not None:
            touches = found.get(key)
            if touches is not None:
                return touches
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


def _cell(slot: int, how: int) -> Resolver:
    slots = words[_VARIABLES + slot :]
    return lambda frame: ((slots[_frames[id(frame) >> 3] >> 3] & UNMARKED, None, how),)


def _item(slot: int, key_slot: int | None, how: int) -> Resolver:
    container = _object_in(slot)
    if key_slot is None:
        return lambda frame: item(container(frame), NO_KEY, how)
    key = _object_in(key_slot)
    return lambda frame: item(container(frame), key(frame), how)


def _of_one(find: Callable[[Any, int], Touches], slot: int, how: int) -> Resolver:
    thing = _object_in(slot)
    return lambda frame: find(thing(frame), how)


def _of_two(find: Callable[[Any, Any], Touches], slot: int, other_slot: int) -> Resolver:
    thing, other = _object_in(slot), _object_in(other_slot)
    return lambda frame: find(thing(frame), other(frame))


def _if_any(find: Resolver) -> Resolver:
    return lambda frame: find(frame) or None


def _both_contents(first: Any, second: Any) -> Touches:
    return contents(first, READS) + contents(second, READS)


def _loop(slot: int) -> Resolver:
    slots = words[_VARIABLES + slot :]
    return lambda frame: loop(slots[_frames[id(frame) >> 3] >> 3] & UNMARKED)


def _object_in(slot: int) -> Callable[[FrameType], Any]:
    """Finds the object in a slot of a frame; None where the slot is empty."""
    slots = words[_VARIABLES + slot :]

    def find(frame: FrameType) -> Any:
        address = slots[_frames[id(frame) >> 3] >> 3] & UNMARKED
        return object_at(address) if address else None

    return find


def _call(opname: str, argument: int, top: int, name: str, how: int) -> Resolver:
    parts = _parts_of_call(opname, argument, top)

    def touch(frame: FrameType) -> Touches:
        function, owner, given = parts(frame)
        if in_scope(function):
            # What it does there is seen there.
            return NOTHING
        if not name.startswith("."):
            return _of_builtin(name, given, how)
        if owner is None or type(owner) is types.ModuleType:
            return whole(given[0], how) if given else NOTHING
        if name in _KEYED and given and type(owner) is dict and type(given[0]) in PLAIN_KEYS:
            return ((key_of(owner), given[0], how),)
        if name in _KEYED_CHANGES and given and type(owner) is dict and type(given[0]) in PLAIN_KEYS:
            return ((key_of(owner), None, how), (key_of(owner), given[0], how))
        touches = whole(owner, how)
        if given and looks_into_arguments(owner, name[1:-2]):
            for value in given:
                touches += contents(value, READS)
        return touches

    return touch


def _unforeseen_call(opname: str, argument: int, top: int) -> Resolver:
    """Of a call of which the code does not tell what it does."""
    parts = _parts_of_call(opname, argument, top)
    spread = _object_in(top - 1 - (argument & 1 or _PY314)) if opname == "CALL_FUNCTION_EX" else None

    function_in = _object_in(_callable_slot(opname, argument, top))

    def touch(frame: FrameType) -> Touches | None:
        called = function_in(frame)
        if type(called) is types.FunctionType and spread is None and in_scope(called):
            return None
        function, owner, given = parts(frame)
        bound = type(function) in _BOUND or owner is None
        touches = touches_of_call(function, given if bound else (owner, *given))
        if spread is not None:
            touches = contents(spread(frame), READS) + touches
        return touches or None

    return touch


def _parts_of_call(opname: str, argument: int, top: int) -> Callable[[FrameType], tuple[Any, Any, list[Any]]]:
    """Finds what is called, the object whose method that is, and the arguments, as far as they lie on the stack."""
    function_in = _object_in(_callable_slot(opname, argument, top))
    if opname == "CALL_FUNCTION_EX":
        count, self_in = 0, None
    else:
        if opname == "CALL_KW":
            top -= 1
        count = argument
        self_in = _object_in(top - count - 1)
    arguments = [_object_in(slot) for slot in range(top - count, top)[:_MOST_ARGUMENTS]]

    def parts(frame: FrameType) -> tuple[Any, Any, list[Any]]:
        function = function_in(frame)
        owner: Any = None
        if self_in is not None:
            owner = self_in(frame)
            if function is None or (_PY313 and owner is None):
                # Not the form for methods: there is one object only, the function.
                function = owner if function is None else function
                owner = getattr(function, "__self__", None) if type(function) in _BOUND else None
                if type(owner) is types.ModuleType:
                    owner = None
        elif type(function) in _BOUND:
            owner = function.__self__
        return function, owner, [argument_in(frame) for argument_in in arguments]

    return parts


def _callable_slot(opname: str, argument: int, top: int) -> int:
    if opname == "CALL_FUNCTION_EX":
        return top - (4 if _PY314 else (3 if _PY313 else 2) + (argument & 1))
    return top - argument - (3 if opname == "CALL_KW" else 2)


_BOUND = BOUND_IN_C | {types.MethodType}


def _of_builtin(name: str, given: list[Any], how: int) -> Touches:
    if name in _NAMED and len(given) > 1 and type(given[1]) is str:
        return attribute(given[0], given[1], how)
    if name == "vars" and given:
        return attribute(given[0], "__dict__", how)
    if len(given) == 1:
        return whole(given[0], how)
    return tuple(touch for value in given for touch in whole(value, how))

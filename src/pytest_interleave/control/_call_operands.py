"""From an instruction that calls, and the frame that is about to run it, to what the call touches."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from types import FrameType
from typing import Any

from ._calls import BOUND_IN_C, looks_into_arguments, touches_of_call
from ._frames import object_in
from ._generators import PRIVATE, visible_in
from ._items import deletion, item
from ._keys import PLAIN_KEYS
from ._methods import OF_ATTRIBUTES, SPECIAL_OF_ATTRIBUTES, SPECIAL_OF_ITEMS
from ._names import key_of
from ._owners import attribute, contents, in_scope, runs_in_scope, whole
from ._touches import NOTHING, READS, Touches

_PY313 = sys.version_info >= (3, 13)
_PY314 = sys.version_info >= (3, 14)
_BOUND = BOUND_IN_C | {id(types.MethodType)}
#: Methods of dictionaries whose first argument is the only key that they look at.
_KEYED = frozenset((".get()", ".__contains__()"))
#: The same for methods that can add it or remove it.
_KEYED_CHANGES = frozenset((".pop()", ".setdefault()"))
#: So many arguments are looked at.
_MOST_ARGUMENTS = 4


def foreseen_call(opname: str, argument: int, top: int, name: str, how: int) -> Callable[[FrameType], Touches | None]:
    """Of a call whose name tells what it does; `top` is the first free slot of the frame."""
    called = _called(opname, argument, top)
    arguments = _arguments(opname, argument, top)

    def touch(frame: FrameType) -> Touches | None:
        function, owner = called(frame)
        if in_scope(function):
            # What it does there is seen there.
            return NOTHING
        given = [value(frame) for value in arguments]
        if not name.startswith("."):
            found = _of_builtin(name, given, how)
            return None if not found and any(value is PRIVATE for value in given) else found
        if name in SPECIAL_OF_ATTRIBUTES or name in SPECIAL_OF_ITEMS:
            special = given if owner is None else [owner, *given]
            if len(special) > 1:
                return _of_special_method(name, special[0], special[1], how)
        if owner is None or type(owner) is types.ModuleType:
            return whole(given[0], how) if given else NOTHING
        if name in _KEYED and given and type(owner) is dict and id(type(given[0])) in PLAIN_KEYS:
            return ((key_of(owner), given[0], how),)
        if name in _KEYED_CHANGES and given and type(owner) is dict and id(type(given[0])) in PLAIN_KEYS:
            return ((key_of(owner), None, how), (key_of(owner), given[0], how))
        touches = whole(owner, how)
        if given and looks_into_arguments(owner, name[1:-2]):
            for value in given:
                touches += contents(value, READS)
        return touches

    return touch


def unforeseen_call(opname: str, argument: int, top: int) -> Callable[[FrameType], Touches | None]:
    """Of a call of which the code does not tell what it does; None where it touches nothing."""
    called = _called(opname, argument, top)
    arguments = _arguments(opname, argument, top)
    spread = object_in(top - 1 - (argument & 1 or _PY314)) if opname == "CALL_FUNCTION_EX" else None

    def touch(frame: FrameType) -> Touches | None:
        function, owner = called(frame)
        if spread is None and in_scope(function):
            return None
        given = [value(frame) for value in arguments]
        if owner is not None and id(type(function)) not in _BOUND:
            given.insert(0, owner)
        touches = touches_of_call(function, given)
        if spread is not None:
            touches = contents(spread(frame), READS) + touches
        return touches or None

    return touch


def _called(opname: str, argument: int, top: int) -> Callable[[FrameType], tuple[Any, Any]]:
    """Finds what is called, and the object whose method that is; None where it is nobody's."""
    if opname == "CALL_FUNCTION_EX":
        function_in = object_in(top - (4 if _PY314 else (3 if _PY313 else 2) + (argument & 1)))
        owner_in = None
    else:
        first = _first_argument(opname, argument, top)
        function_in, owner_in = object_in(first - 2), visible_in(first - 1, top)

    def called(frame: FrameType) -> tuple[Any, Any]:
        function = function_in(frame)
        owner = None if owner_in is None else owner_in(frame)
        if function is None:
            # Before 3.13, a function that is no method lies where the object would.
            function, owner = owner, None
        if owner is None and id(type(function)) in _BOUND:
            owner = function.__self__
        return function, owner

    return called


def _arguments(opname: str, argument: int, top: int) -> list[Callable[[FrameType], Any]]:
    """What finds the arguments, as far as each lies on the stack, given by name or not."""
    if opname == "CALL_FUNCTION_EX":
        return []
    first = _first_argument(opname, argument, top)
    return [visible_in(slot, top) for slot in range(first, first + min(argument, _MOST_ARGUMENTS))]


def _first_argument(opname: str, argument: int, top: int) -> int:
    # The names of the arguments lie above them.
    return top - argument - (opname == "CALL_KW")


def _of_special_method(name: str, owner: Any, key: Any, how: int) -> Touches:
    if name in SPECIAL_OF_ATTRIBUTES:
        return attribute(owner, key, how, plain=True) if type(key) is str else NOTHING
    return deletion(owner, key, plain=True) if name == ".__delitem__()" else item(owner, key, how, plain=True)


def _of_builtin(name: str, given: list[Any], how: int) -> Touches:
    if name in OF_ATTRIBUTES and len(given) > 1 and type(given[1]) is str:
        return attribute(given[0], given[1], how)
    if name == "vars" and given:
        return attribute(given[0], "__dict__", how)
    special = "__len__" if name == "len" else "__next__" if name == "next" else "__iter__"
    return tuple(touch for value in given if not runs_in_scope(type(value), special) for touch in whole(value, how))

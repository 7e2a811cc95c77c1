"""The touches of an instruction that calls, found in the frame that is about to run it."""

from __future__ import annotations

import sys
import types
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ..calls._accessors import accessed, keyed, of_cache
from ..calls._callees import note_callee
from ..calls._calls import looks_into_arguments, touches_of_call
from ..calls._handed import handed_to_foreign
from ..calls._known_calls import BOUND_IN_C
from ..calls._nested import of_elements, of_items
from ..code._methods import OF_ATTRIBUTES, SPECIAL_OF_ATTRIBUTES, SPECIAL_OF_ITEMS
from ..identity._generators import PRIVATE, visible_in
from ..identity._items import deletion, item
from ..identity._leaving import CALLED_BACK, expect, note_call
from ..identity._natives import LruCache
from ..identity._object_names import key_of
from ..identity._owners import attribute
from ..identity._types import is_class, is_dict
from ..identity._wholes import by_given_method, contents, whole
from ..identity._written import in_scope, is_foreign, python_function, special_flags
from ..interpreter._frames import UNMARKED, frames, object_in, words_from
from ..steps._touches import FOREIGN, HIDDEN, NOTHING, READS, UNSURE, WRITES, Touches

_PY313 = sys.version_info >= (3, 13)
_PY314 = sys.version_info >= (3, 14)
_BOUND = BOUND_IN_C | {id(types.MethodType)}
#: Methods of dictionaries that look up only the key in their first argument.
_KEYED = frozenset((".get()", ".__contains__()", ".pop()", ".setdefault()"))
_KEYED_CHANGES = frozenset((".pop()", ".setdefault()"))
#: At most this many arguments are inspected; the rest are skipped.
_MOST_ARGUMENTS = 32


def foreseen_call(opname: str, argument: int, top: int, name: str, how: int) -> Callable[[FrameType], Touches | None]:
    """Return the resolver of a call whose name determines what it does; `top` is the first free slot of the frame."""
    called = _called(opname, argument, top)
    slots = _slots_of_arguments(opname, argument, top)
    arguments = [visible_in(slot, top) for slot in slots]

    def touch(frame: FrameType) -> Touches | None:
        function, owner = called(frame)
        if in_scope(function):
            # Its accesses are seen in its own code.
            return NOTHING
        given = [value(frame) for value in arguments]
        if type(function) is LruCache:
            return of_cache(function, given)
        for value in given:
            if id(type(value)) in _TO_RUN:
                _expect_calls(frame, name, slots, runs_generators=bool(how))
                break
        if not name.startswith("."):
            found = _of_builtin(name, given, how)
            return None if not found and any(value is PRIVATE for value in given) else found
        if is_foreign(function):
            note_callee(frame, function)
            found = _of_foreign(function, owner, given, how)
            note_call(frame, found)
            return found
        if owner is None or is_class(type(owner)) or type(owner) is types.ModuleType:
            # As in `dict.get(table, key)` and `operator.getitem(table, key)`.
            known = accessed(function, given) if owner is None or type(owner) is types.ModuleType else None
            if known is not None:
                return known
            if not given:
                return NOTHING
            owner, *given = given
        if name in SPECIAL_OF_ATTRIBUTES or name in SPECIAL_OF_ITEMS:
            return _of_special_method(name, owner, given, how)
        if name in _KEYED and given and is_dict(type(owner)):
            return keyed(owner, given[0], changes=name in _KEYED_CHANGES)
        touches = whole(owner, how)
        if given and looks_into_arguments(owner, name[1:-2]):
            for each in given:
                touches += contents(each, READS)
        touches = of_items(owner, name[1:-2], given) + touches
        if id(type(function)) not in BOUND_IN_C:
            note_call(frame, touches)
        return touches

    return touch


def _of_foreign(function: Any, owner: Any, given: list[Any], how: int) -> Touches:
    """Return what a Python method out of scope touches, if its name says what it does to its object."""
    touches = NOTHING if owner is None else whole(owner, how, FOREIGN | UNSURE)
    return touches + handed_to_foreign(python_function(function), given, how)


def call_of(opname: str, argument: int, top: int) -> Callable[[FrameType], tuple[Any, list[Any]]]:
    """Return a function that finds, in a frame that is about to run a call, what is called and with what.

    The arguments are found whether they are given by name or not.
    """
    called = _called(opname, argument, top)
    arguments = [visible_in(slot, top) for slot in _slots_of_arguments(opname, argument, top)]
    spread = _spread(opname, argument, top)

    def find(frame: FrameType) -> tuple[Any, list[Any]]:
        function, owner = called(frame)
        given = [value(frame) for value in arguments] if spread is None else spread(frame)[1]
        if owner is not None and id(type(function)) not in _BOUND:
            given.insert(0, owner)
        return function, given

    return find


def _spread(opname: str, argument: int, top: int) -> Callable[[FrameType], tuple[Any, list[Any]]] | None:
    """Return a function that finds the arguments of `function(*several, **named)`: `several`, and all of them."""
    if opname != "CALL_FUNCTION_EX":
        return None
    several_in = object_in(top - 1 - (argument & 1 or _PY314))
    named_in = object_in(top - 1) if argument & 1 or _PY314 else None

    def find(frame: FrameType) -> tuple[Any, list[Any]]:
        several = several_in(frame)
        given = list(several[:_MOST_ARGUMENTS]) if type(several) in (tuple, list) else []
        named = None if named_in is None else named_in(frame)
        if type(named) is dict:
            given += list(named.values())[:_MOST_ARGUMENTS]
        return several, given

    return find


def unforeseen_call(
    opname: str, argument: int, top: int, *, private_owner: bool = False
) -> Callable[[FrameType], Touches | None]:
    """Return the resolver of a call whose name does not determine what it does; it finds None if nothing is touched.

    `private_owner` if the call is that of a method of an object that no other thread can see.
    """
    called = _called(opname, argument, top)
    slots = _slots_of_arguments(opname, argument, top)
    arguments = [visible_in(slot, top) for slot in slots]
    spread = _spread(opname, argument, top)
    first = top if opname == "CALL_FUNCTION_EX" else _first_argument(opname, argument, top)
    # Before 3.13, a function that is no method lies in the place of the object.
    places = (words_from(first - 2), words_from(first - 1))
    callee = places[0]
    #: The address of a function in scope that was called here before, as long as it lives: most calls are of the same
    #: one.
    known = 0
    watch: weakref.ref[Any] | None = None

    def forget(_watch: weakref.ref[Any]) -> None:
        nonlocal known
        known = 0

    def touch(frame: FrameType) -> Touches | None:
        nonlocal known, callee, watch
        if known and callee[frames[id(frame) >> 3] >> 3] & UNMARKED == known:
            return None
        function, owner = called(frame)
        if spread is None and type(function) is types.FunctionType and in_scope(function):
            known = 0
            watch = weakref.ref(function, forget)
            address = frames[id(frame) >> 3] >> 3
            callee = next(place for place in places if place[address] & UNMARKED == id(function))
            known = id(function)
            return None
        given = [value(frame) for value in arguments]
        touches = NOTHING
        if spread is not None:
            several, given = spread(frame)
            touches = contents(several, READS)
        if owner is not None and id(type(function)) not in _BOUND:
            given.insert(0, owner)
        touches = touches_of_call(function, given) + touches
        if private_owner and owner is not None:
            own = key_of(owner)
            touches = tuple([touch for touch in touches if touch[0] != own])
        if touches:
            for value in given:
                if id(type(value)) in _TO_RUN:
                    _expect_calls(frame, "", slots, runs_generators=any(how & WRITES for _, _, how in touches))
                    break
        if any(how & (FOREIGN | HIDDEN) for _, _, how in touches):
            note_callee(frame, function)
        if id(type(function)) not in BOUND_IN_C:
            note_call(frame, touches)
        return touches or None

    return touch


_TO_RUN = CALLED_BACK | {id(type(PRIVATE))}


def _expect_calls(frame: FrameType, name: str, slots: Sequence[int], *, runs_generators: bool) -> None:
    """Announce that code out of scope may call or resume the arguments."""
    if name == "sorted":
        # It first makes a list of its own.
        return
    for slot in slots:
        value = object_in(slot)(frame)
        if id(type(value)) in CALLED_BACK and (runs_generators or type(value) is not types.GeneratorType):
            expect(value)


def _called(opname: str, argument: int, top: int) -> Callable[[FrameType], tuple[Any, Any]]:
    """Return a function that finds what is called, and the object whose method that is, or None if it is no method."""
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
            # Before 3.13, a function that is no method lies in the place of the object.
            function, owner = owner, None
        if owner is None and id(type(function)) in _BOUND:
            owner = function.__self__
        return function, owner

    return called


def _slots_of_arguments(opname: str, argument: int, top: int) -> range:
    """Return the slots of the arguments that have their own places on the stack, given by name or not."""
    if opname == "CALL_FUNCTION_EX":
        return range(0)
    first = _first_argument(opname, argument, top)
    return range(first, first + min(argument, _MOST_ARGUMENTS))


def _first_argument(opname: str, argument: int, top: int) -> int:
    # The names of the arguments lie above the arguments.
    return top - argument - (opname == "CALL_KW")


def _of_special_method(name: str, owner: Any, given: list[Any], how: int) -> Touches:
    if name in SPECIAL_OF_ATTRIBUTES:
        return attribute(owner, given[0], how, plain=True) if given and type(given[0]) is str else NOTHING
    if not given:
        return whole(owner, how)
    if name == ".__delitem__()":
        return deletion(owner, given[0], plain=True)
    touches = item(owner, given[0], how, plain=True)
    return contents(given[1], READS) + touches if type(given[0]) is slice and len(given) > 1 else touches


def _of_builtin(name: str, given: list[Any], how: int) -> Touches:
    if name in OF_ATTRIBUTES and len(given) > 1 and type(given[1]) is str:
        return attribute(given[0], given[1], how)
    if name == "vars" and given:
        return attribute(given[0], "__dict__", how)
    special = "__len__" if name == "len" else "__next__" if name == "next" else "__iter__"
    touches = NOTHING
    for value in given:
        flags = special_flags(type(value), special)
        if flags is not None:
            touches += by_given_method(value, special) + whole(value, how, flags)
    return of_elements(name, given) + touches

"""The touches of entering and leaving a `with` block, which calls methods that the code does not name."""

from __future__ import annotations

import types
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..identity._any_call import any_call
from ..identity._types import class_holding, is_made_by_a_program
from ..identity._written import is_primitive_method
from ..interpreter._frames import UNMARKED, frames, object_at, object_in, types_at, words, words_from
from ..steps._touches import FOREIGN, Touches
from ._callees import note_callee
from ._managers import function_of, generator_of, method_of, of_method


def entering(slot: int, leave_alone: Callable[[], object]) -> Callable[[FrameType], Touches | None]:
    """Return the resolver of an instruction that enters the context manager in `slot`.

    `leave_alone` is called if that is always a lock or the like.
    """
    return _of_manager(slot, "__enter__", _Doubt(leave_alone))


def leaving(slot: int, leave_alone: Callable[[], object], *, bound: bool) -> Callable[[FrameType], Touches | None]:
    """Return the resolver of an instruction that leaves the context manager in `slot`.

    `bound` if the slot has its method, bound to it. `leave_alone` is called if it is always a lock or the like.
    """
    doubt = _Doubt(leave_alone)
    if not bound:
        return _of_manager(slot, "__exit__", doubt)
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
        if types_at[word >> 3] != _BOUND:
            # The method of a lock or of a file.
            doubt.lessen()
            return None
        owner = words[(word >> 3) + _OWNER]
        if types_at[owner >> 3] in _quiet:
            doubt.lessen()
            return None
        return _touches(frame, object_at(owner), "__exit__", doubt)

    return touch


class _Doubt:
    """The doubt whether an instruction enters or leaves anything of interest.

    If it does not in its first runs, it never will.
    """

    __slots__ = ("_leave_alone", "_left")

    def __init__(self, leave_alone: Callable[[], object]) -> None:
        self._leave_alone = leave_alone
        self._left = _ENOUGH

    def lessen(self) -> None:
        """Note that what it entered or left was of no interest."""
        self._left -= 1
        if not self._left:
            self._leave_alone()

    def stay(self) -> None:
        """Note that what it entered or left was of interest."""
        self._left = -1


#: After this many locks that it enters or leaves, and nothing else, an instruction is no longer inspected: each
#: inspection takes time.
_ENOUGH = 16

#: The address of the type of bound methods that are written in Python.
_BOUND = id(types.MethodType)
#: The position, in words, of the object that such a method is bound to: behind its header and its function.
_OWNER = (object.__basicsize__ >> 3) + 1
#: The addresses of types that stay alive and do nothing of interest here.
_quiet: set[int] = set()


def _of_manager(slot: int, special: str, doubt: _Doubt) -> Callable[[FrameType], Touches | None]:
    slots = words_from(slot)
    method_in = object_in(slot - 1)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
        if not word & UNMARKED:
            # From 3.14 on, if the method takes no manager: a static method, or a method of another object.
            doubt.stay()
            return any_call.touches(method_in(frame), ()) or None
        if types_at[word >> 3] in _quiet:
            doubt.lessen()
            return None
        return _touches(frame, object_at(word & UNMARKED), special, doubt)

    return touch


def _touches(frame: FrameType, manager: Any, special: str, doubt: _Doubt) -> Touches | None:
    kind = type(manager)
    if id(kind) in _quiet:
        return None
    if _lives_on_quietly(kind, special):
        _quiet.add(id(kind))
        return None
    doubt.stay()
    touches = of_method(manager, special)
    if any(how & FOREIGN for _, _, how in touches):
        generator = generator_of(manager)
        note_callee(frame, method_of(manager, special) if generator is None else function_of(generator))
    return touches or None


def _lives_on_quietly(kind: type, special: str) -> bool:
    """Whether a type is the interpreter's, or one of our primitives'.

    A class of a program may change at any time.
    """
    if not is_made_by_a_program(kind):
        return True
    holder = class_holding(kind, special)
    return holder is not None and holder[0] is kind and is_primitive_method(holder[1])

"""What it touches to enter a `with` block, and to leave it: that calls methods which the code does not name."""

from __future__ import annotations

import types
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..identity._types import class_holding, is_made_by_a_program
from ..identity._written import is_primitive_method
from ..interpreter._frames import UNMARKED, frames, object_at, types_at, words, words_from
from ..steps._touches import FOREIGN, Touches
from ._callees import note_callee
from ._managers import function_of, generator_of, method_of, of_method


def entering(slot: int, leave_alone: Callable[[], object]) -> Callable[[FrameType], Touches | None]:
    """Of an instruction that enters what lies in `slot`; `leave_alone` is called if that is always a lock, or alike."""
    return _of_manager(slot, "__enter__", _Doubt(leave_alone))


def leaving(slot: int, leave_alone: Callable[[], object], *, bound: bool) -> Callable[[FrameType], Touches | None]:
    """Of one that leaves what lies in `slot`; `bound` where that is its method, bound to it."""
    doubt = _Doubt(leave_alone)
    if not bound:
        return _of_manager(slot, "__exit__", doubt)
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
        if types_at[word >> 3] != _BOUND:
            # Of a lock, or a file.
            doubt.lessen()
            return None
        owner = words[(word >> 3) + _OWNER]
        if types_at[owner >> 3] in _quiet:
            doubt.lessen()
            return None
        return _touches(frame, object_at(owner), "__exit__", doubt)

    return touch


class _Doubt:
    """Whether an instruction may enter or leave something of interest: if it never does at first, it never will."""

    __slots__ = ("_leave_alone", "_left")

    def __init__(self, leave_alone: Callable[[], object]) -> None:
        self._leave_alone = leave_alone
        self._left = _ENOUGH

    def lessen(self) -> None:
        """It was of no interest."""
        self._left -= 1
        if not self._left:
            self._leave_alone()

    def stay(self) -> None:
        """It was."""
        self._left = -1


#: After how many locks that it enters or leaves, and nothing else, an instruction is no longer looked at: each look
#: takes time.
_ENOUGH = 16

#: The address of the type of a method that is written in Python, and bound.
_BOUND = id(types.MethodType)
#: Where such a method has the object that it is bound to: behind its header, and its function.
_OWNER = (object.__basicsize__ >> 3) + 1
#: The addresses of types, which live on, that do nothing of interest here.
_quiet: set[int] = set()


def _of_manager(slot: int, special: str, doubt: _Doubt) -> Callable[[FrameType], Touches | None]:
    slots = words_from(slot)

    def touch(frame: FrameType) -> Touches | None:
        word = slots[frames[id(frame) >> 3] >> 3]
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
    """Whether a type is the interpreter's, or of one of our primitives: of a class of a program's, one never knows."""
    if not is_made_by_a_program(kind):
        return True
    holder = class_holding(kind, special)
    return holder is not None and holder[0] is kind and is_primitive_method(holder[1])

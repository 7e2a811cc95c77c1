"""The value stack of a running frame: the objects that its next instruction will work on.

Python offers no way to read it, so it is read from the interpreter's memory. Its position in a frame is not assumed but
searched for, in a frame whose contents are known. If it cannot be found (an interpreter with another layout), `layout`
is None, and nothing is ever read. Memory is only read, never written, and only in slots that the frame's code object
says are in use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from ._missing import missing_for_control
from ._stack_depths import variables_of

_HAS_MEMORY = missing_for_control() is None
#: Bytes in a word of memory.
_WORD = 8

if _HAS_MEMORY:
    import ctypes

    #: Words of memory, indexed by address divided by the size of a word. Made once, because `ctypes` is slow at making
    #: views.
    words: Any = memoryview((ctypes.c_size_t * (2**47 // _WORD)).from_address(0)).cast("B").cast("Q")
    _scratch: Any = (ctypes.c_size_t * 1)()
    _object_in_scratch: Any = ctypes.py_object.from_buffer(_scratch)
else:
    # Never read; only slices of it are taken.
    words = memoryview(b"").cast("Q")

#: A mask that removes the marks in the lowest bits of a reference in a frame. The interpreter sets them from 3.14 on
#: and without a GIL.
UNMARKED = ~7

_HEADER = object.__basicsize__ if _HAS_MEMORY else 2 * _WORD
#: The address of an object's type, indexed by the object's address divided by the size of a word. An object begins with
#: its header, and the header ends with the type.
_types: Any = words[_HEADER // _WORD - 1 :]


class Layout(NamedTuple):
    """Offsets in words: from a frame object to the pointer to its frame, and from there to its first local variable."""

    pointer: int
    variables: int


def object_at(address: int) -> Any:
    """Return the object at `address`, which must be the address of a living object."""
    _scratch[0] = address
    return _object_in_scratch.value


#: Whether each object counts its references in the first word; without a GIL, it has two counters behind that.
_HAS_ONE_COUNTER = _HEADER == 2 * _WORD


def is_alive(address: int) -> bool:
    """Whether the object at `address`, whose memory is not yet freed, has references.

    An object without any is about to be freed: code that is run meanwhile must not use it.
    """
    start = address // _WORD
    if _HAS_ONE_COUNTER:
        return bool(words[start] & 0xFFFF_FFFF)
    return bool(words[start + 1] >> 32 or words[start + 2] >> 2)


def _find_layout() -> Layout | None:
    first, second = _probe(object(), object()), _probe(object(), object())
    return first if first == second else None


def _probe(known: object, other: object) -> Layout | None:
    frame = sys._getframe()
    code = id(frame.f_code)
    if _types[id(known) // _WORD] != id(type(known)):
        return None
    # The pointer to the frame follows the pointer to the previous frame object.
    pointer = _HEADER // _WORD + 1
    if pointer >= type(frame).__basicsize__ // _WORD:
        return None
    address = words[id(frame) // _WORD + pointer]
    if address == 0 or address % _WORD:
        return None
    start = address // _WORD
    found = [words[start + place] & UNMARKED for place in range(_SEARCHED)]
    for place in range(_SEARCHED - 1):
        if found[place] == id(known) and found[place + 1] == id(other) and code in found[:place]:
            return Layout(pointer, place)
    return None


_SEARCHED = 16

layout = _find_layout() if _HAS_MEMORY else None


def slot_word(frame: FrameType, slot: int) -> int:
    """Return the word in `slot` of a frame: the address of an object, with its marks.

    Slots number the frame's variables first, then its value stack.
    """
    assert layout is not None
    start = words[id(frame) // _WORD + layout.pointer] // _WORD
    word: int = words[start + layout.variables + slot]
    return word


def slot_address(frame: FrameType, slot: int) -> int:
    """Return the address of the object in `slot` of a frame.

    Slots number the frame's variables first, then its value stack.
    """
    return slot_word(frame, slot) & UNMARKED


# The rest of this module is for slots that are read again and again. The layout does not change, so the constant part
# of the way to a slot is computed once.
_pointer, _variables = layout or (0, 0)
#: At `id(frame) >> 3`: the address where the interpreter keeps the contents of the frame.
frames = words[_pointer:]


def words_from(slot: int) -> Any:
    """Return a view that has, at `frames[id(frame) >> 3] >> 3`, the address of the object in `slot`, with its marks."""
    return words[_variables + slot :]


def words_in(frame: FrameType) -> list[int]:
    """Return the words in all slots of a frame; those that are not in use have any value."""
    code = frame.f_code
    start = (frames[id(frame) >> 3] >> 3) + _variables
    found: list[int] = words[start : start + variables_of(code) + code.co_stacksize].tolist()
    return found


#: At the address of an object divided by the size of a word: the address of its type.
types_at = _types


def object_in(slot: int) -> Callable[[FrameType], Any]:
    """Return a function that finds the object in `slot` of a frame; None if the slot is empty."""
    slots = words_from(slot)

    def find(frame: FrameType) -> Any:
        address = slots[frames[id(frame) >> 3] >> 3] & UNMARKED
        return object_at(address) if address else None

    return find


def _find_link() -> int | None:
    """Return the position, in words, of the address of a frame's caller in the frame; None if it cannot be found.

    It is found by comparing two calls: a frame that C code called has another value there.
    """

    def find(_: object = None) -> tuple[int, ...]:
        frame = sys._getframe()
        start, caller = frames[id(frame) >> 3] >> 3, frames[id(frame.f_back) >> 3]
        return tuple(place for place in range(_variables) if words[start + place] == caller)

    direct = find()
    (called,) = map(find, (None,))
    differing = [place for place in direct if place not in called]
    return differing[0] if len(differing) == 1 else None


def _find_entry() -> bool:
    """Whether, as in 3.11, the word before the variables of a frame says whether C code called it."""

    def entered(_: object = None) -> int:
        return _entered(sys._getframe())

    (called,) = map(entered, (None,))
    return (entered(), called) == (0, 1)


def _entered(frame: FrameType) -> int:
    word: int = words[(frames[id(frame) >> 3] >> 3) + _variables - 1]
    return word >> 32 & 0xFF


_link = _find_link() if layout is not None else None
_says_entered = layout is not None and _link is None and _find_entry()


def is_called_directly(frame: FrameType, caller: FrameType) -> bool:
    """Whether no C code is between a frame and its caller.

    If none is, the arguments of the call are no longer on the caller's stack. Also True if that cannot be determined.
    """
    if _link is not None:
        return bool(words[(frames[id(frame) >> 3] >> 3) + _link] == frames[id(caller) >> 3])
    return not (_says_entered and _entered(frame))

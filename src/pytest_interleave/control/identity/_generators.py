"""Generators that threads can share: running one changes it, from where it resumes to where it yields a value.

Another thread that asks it for a value meanwhile gets `ValueError: generator already executing`. A generator that only
the variables and the value stack of the running thread's frames refer to belongs to that thread alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, GeneratorType
from typing import Any

from ..interpreter._frames import UNMARKED, frames, layout, object_at, words_from
from ..interpreter._stack_depths import variables_of
from ..steps._expected import expect_code
from ._object_names import name_of, names

_slots = words_from(0)
#: At most this many callers' variables are searched for references; other references count as those of other threads.
_CALLERS = 3


def _find_offset() -> int | None:
    """Return how many bytes behind a generator's address its frame lies, or None if that cannot be determined."""
    if layout is None:
        return None

    def probe() -> Any:
        yield frames[id(sys._getframe()) >> 3]

    found = []
    for _ in range(2):
        generator = probe()
        found.append((next(generator) & UNMARKED) - id(generator))
    return found[0] if found[0] == found[1] and 0 < found[0] < GeneratorType.__basicsize__ else None


_offset = _find_offset()


def name_of_generator(generator: GeneratorType[Any, Any, Any]) -> int:
    """Return the name of a generator that another thread can reach, and that is about to be entered."""
    if id(generator) not in names:
        expect_code(generator.gi_code)
    return name_of(generator)


def running_generator(frame: FrameType) -> int | None:
    """Return the name of the generator whose frame is `frame`, or None if no other thread can reach the generator.

    A generator that another thread can reach was named before.
    """
    return None if _offset is None else names[(frames[id(frame) >> 3] & UNMARKED) - _offset]


def is_private(frame: FrameType, address: int, top: int) -> bool:
    """Whether no other thread can reach the object at `address`, which lies in `frame`.

    `top` is the frame's first free slot.
    """
    if layout is None:
        return False
    # One more reference exists while they are counted. A reference in a slot that has a mark is not counted by the
    # interpreter.
    others = sys.getrefcount(object_at(address)) - 1 - _count(frame, address, top)
    caller = frame
    for _ in range(_CALLERS):
        if others <= 0 or caller.f_back is None:
            break
        caller = caller.f_back
        others -= _count(caller, address, variables_of(caller.f_code))
    return others <= 0


def _count(frame: FrameType, address: int, top: int) -> int:
    start = frames[id(frame) >> 3] >> 3
    words: list[int] = _slots[start : start + top].tolist()
    return words.count(address)


#: Stands for an object that no other thread can reach; it is something that never changes.
PRIVATE = ...


def visible_in(slot: int, top: int) -> Callable[[FrameType], Any]:
    """Return a function that finds the object in `slot` of a frame.

    It returns `PRIVATE` for a generator that no other thread can reach, and None if the slot is empty. `top` is the
    frame's first free slot.
    """
    slots = words_from(slot)

    def visible(frame: FrameType) -> Any:
        address = slots[frames[id(frame) >> 3] >> 3] & UNMARKED
        if not address:
            return None
        thing = object_at(address)
        if type(thing) is not GeneratorType:
            return thing
        # This variable must not be counted among the references.
        del thing
        return PRIVATE if is_private(frame, address, top) else object_at(address)

    return visible

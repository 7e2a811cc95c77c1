"""The innermost loop around an instruction, as far as it tells whether a thread there waits for time to pass."""

from __future__ import annotations

import dis
import functools
from types import CodeType, FrameType
from typing import NamedTuple

#: Frames outwards from the one that reads the clock in which the loop is looked for.
_MOST_FRAMES = 6


class Loop(NamedTuple):
    """A loop that does not end by itself, as far as its code tells."""

    #: In how many frames outwards from the one that reads the clock.
    depth: int
    #: How many calls there are in it, apart from the one that reads the clock.
    calls: int


def loop_around(frame: FrameType | None) -> Loop | None:
    """The innermost loop that a thread is in; None if it ends by itself, or there is none."""
    calls = 0
    for depth in range(_MOST_FRAMES):
        if frame is None:
            break
        found = _loop_at(frame.f_code, frame.f_lasti)
        if found is not None:
            ends, within = found
            return None if ends else Loop(depth, calls + within - 1)
        calls += _calls_in(frame.f_code) - 1
        frame = frame.f_back
    return None


@functools.lru_cache(maxsize=1_000)
def _loop_at(code: CodeType, lasti: int) -> tuple[bool, int] | None:
    """Whether the innermost loop around an instruction ends by itself, and how many calls there are in it."""
    instructions = list(dis.get_instructions(code))
    loops = [
        (instruction.argval, instruction.offset)
        for instruction in instructions
        if instruction.opname.startswith(("JUMP_BACKWARD", "POP_JUMP_BACKWARD"))
        and instruction.argval <= lasti <= instruction.offset
    ]
    if not loops:
        return None
    begin, end = min(loops, key=lambda loop: loop[1] - loop[0])
    inside = [instruction.opname for instruction in instructions if begin <= instruction.offset <= end]
    return inside[0] in _ENDING, sum(map(_is_call, inside))


#: What loops begin with that go through an iterator, or wait for another coroutine.
_ENDING = frozenset(("FOR_ITER", "GET_ANEXT", "SEND"))


@functools.lru_cache(maxsize=1_000)
def _calls_in(code: CodeType) -> int:
    return sum(_is_call(instruction.opname) for instruction in dis.get_instructions(code))


def _is_call(opname: str) -> bool:
    return opname.startswith(("CALL", "SEND", "YIELD", "IMPORT")) and not opname.startswith("CALL_INTRINSIC")

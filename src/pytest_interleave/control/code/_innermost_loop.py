"""The innermost loop around an instruction, from which it is clear whether a thread there waits for time to pass."""

from __future__ import annotations

import dis
import itertools
from dis import Instruction
from types import CodeType, FrameType
from typing import NamedTuple

#: At most this many frames, from the one that reads the clock outwards, are searched for the loop.
_MOST_FRAMES = 6


class Loop(NamedTuple):
    """A loop in a code object; there is one object for each."""

    #: Whether it ends by itself, judged by the code.
    ends: bool
    #: How many calls a round of it has at most.
    calls: int


class Found(NamedTuple):
    """The loop in which a thread reads the clock."""

    loop: Loop
    #: Calls on the way from the loop to the clock, apart from those that lead there.
    aside: int


def loop_around(frame: FrameType | None) -> Found | None:
    """Return the innermost loop that a thread is in, or None if that loop ends by itself or there is none."""
    aside = 0
    for _ in range(_MOST_FRAMES):
        if frame is None:
            break
        code = frame.f_code
        known = _known_in(code)
        loop = known.loop_at(frame.f_lasti)
        if loop is not None:
            return None if loop.ends else Found(loop, aside)
        aside += known.calls - 1
        frame = frame.f_back
    return None


class _Known:
    """The loops and calls that are known of one code object."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self._instructions = list(dis.get_instructions(code))
        self.calls = sum(map(_is_call, self._instructions))
        #: The loops by the offset of an instruction in them, and by the offset of their end.
        self._loops: dict[int, Loop | None] = {}
        self._by_end: dict[int, Loop] = {}

    def loop_at(self, lasti: int) -> Loop | None:
        """Return the innermost loop around an instruction, or None."""
        if lasti not in self._loops:
            self._loops[lasti] = self._find(lasti)
        return self._loops[lasti]

    def _find(self, lasti: int) -> Loop | None:
        around = [
            (instruction.argval, instruction.offset)
            for instruction in self._instructions
            if "JUMP_BACKWARD" in instruction.opname and instruction.argval <= lasti <= instruction.offset
        ]
        if not around:
            return None
        begin, end = min(around, key=lambda loop: loop[1] - loop[0])
        if end not in self._by_end:
            inside = [instruction for instruction in self._instructions if begin <= instruction.offset <= end]
            calls = sum(map(_is_call, _coming_round(inside)))
            self._by_end[end] = Loop(inside[0].opname in _ENDING, calls)
        return self._by_end[end]


#: The first instructions of loops that go through an iterator, or wait for another coroutine.
_ENDING = frozenset(("FOR_ITER", "GET_ANEXT", "SEND"))
#: Instructions that are never followed by the next one.
_LEAVING = frozenset(("RAISE_VARARGS", "RERAISE", "RETURN_VALUE", "RETURN_CONST"))


def _coming_round(inside: list[Instruction]) -> list[Instruction]:
    """Return the instructions of a loop from which its end can be reached, not those that raise what ends it."""
    reaching = {inside[-1].offset}
    following = {instruction.offset: after.offset for instruction, after in itertools.pairwise(inside)}
    found = True
    while found:
        found = False
        for instruction in reversed(inside):
            if instruction.offset in reaching:
                continue
            jumps = instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs
            goes_on = instruction.opname not in _LEAVING and not instruction.opname.startswith("JUMP")
            if (jumps and instruction.argval in reaching) or (goes_on and following[instruction.offset] in reaching):
                reaching.add(instruction.offset)
                found = True
    return [instruction for instruction in inside if instruction.offset in reaching]


def _is_call(instruction: Instruction) -> bool:
    opname = instruction.opname
    return opname.startswith(("CALL", "SEND", "YIELD", "IMPORT")) and not opname.startswith("CALL_INTRINSIC")


#: By address of the code object. Each entry keeps its code object, so that no other one gets the address.
_known: dict[int, _Known] = {}
#: At most this many code objects are kept; beyond it, all are forgotten.
_MOST_KNOWN = 1_000


def _known_in(code: CodeType) -> _Known:
    known = _known.get(id(code))
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[id(code)] = _Known(code)
    return known

"""Iterators that no other thread can see: those of loops over ranges, constants and private containers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..interpreter._opcodes import CALLS
from ._instructions import Instruction
from ._private_generators import PRIVATE_ITERABLES
from ._private_names import Span

#: Instructions that may come between the iterator of a comprehension and its loop.
_BEFORE_A_COMPREHENSION = frozenset(
    ("LOAD_FAST_AND_CLEAR", "MAKE_CELL", "SWAP", "COPY", "BUILD_LIST", "BUILD_SET", "BUILD_MAP")
)


def has_iterator(instructions: Sequence[Instruction], index: int) -> bool:
    """Whether the instruction asks for the iterator of an object that is an iterator already.

    From 3.13.1 on, comprehensions ask again.
    """
    span = instructions[index].span
    for position in range(index - 1, -1, -1):
        before = instructions[position]
        if before.argval == ".0":
            return True
        if before.opname == "GET_ITER":
            return before.span == span
        if before.opname not in _BEFORE_A_COMPREHENSION:
            break
    return False


def iterates_private(instructions: Sequence[Instruction], index: int, names: Collection[Span]) -> bool:
    """Whether `for` runs over a `range`, over a constant, or over an `enumerate` and the like of such things.

    `names` has the spans of private containers, which count as such things, too.
    """
    before = instructions[index - 1] if index else None
    if before is None or before.opname == "LOAD_CONST":
        return True
    if before.opname not in CALLS:
        return False
    for position in range(index - 2, -1, -1):
        earlier = instructions[position]
        if earlier.span[:2] == before.span[:2] and earlier.opname == "LOAD_GLOBAL":
            if earlier.argval not in PRIVATE_ITERABLES:
                return False
            arguments = instructions[position + 1 : index - 1]
            return earlier.argval == "range" or all(_is_private(argument, names) for argument in arguments)
    return False


def _is_private(instruction: Instruction, names: Collection[Span]) -> bool:
    """Whether an instruction among the arguments of a call fetches a value that no other thread sees."""
    name = instruction.opname
    if name == "LOAD_GLOBAL":
        return instruction.argval in PRIVATE_ITERABLES
    return name == "LOAD_CONST" or name in CALLS or instruction.span in names

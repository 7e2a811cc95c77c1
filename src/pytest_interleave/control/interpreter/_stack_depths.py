"""The depth of the value stack before each instruction of a code object."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from types import CodeType

_ENDS = frozenset(
    (
        "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT", "INTERPRETER_EXIT",
    )
)  # fmt: skip
# From 3.14 on, the "jump" of END_ASYNC_FOR is no jump: it only says where its loop is.
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs)) - {dis.opmap["END_ASYNC_FOR"]}
_PY311 = sys.version_info < (3, 12)


def variables_of(code: CodeType) -> int:
    """Return how many slots of a frame its variables take, cells included; the value stack follows them."""
    return len({*code.co_varnames, *code.co_cellvars}) + len(code.co_freevars)


#: The depths by address of a code object, which is kept, so that no other one gets the address. They are needed at each
#: write of a detailed execution.
_known: dict[int, tuple[CodeType, dict[int, int]]] = {}
#: At most this many code objects are kept, because programs may make code again and again; beyond it, all are
#: forgotten.
_MOST_KNOWN = 1_000


def stack_depths(code: CodeType) -> dict[int, int]:
    """Return the depth of the value stack before each instruction, by byte offset.

    Instructions that are never reached, or whose depth cannot be determined, are left out.
    """
    known = _known.get(id(code))
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[id(code)] = (code, depths_of(code, list(dis.get_instructions(code))))
    return known[1]


def depths_of(code: CodeType, instructions: Sequence[dis.Instruction]) -> dict[int, int]:
    """Return the same for code whose depths are needed once; `instructions` has all its instructions."""
    position = {instruction.offset: index for index, instruction in enumerate(instructions)}
    depths: dict[int, int] = {}
    unclear: set[int] = set()
    waiting = [(0, 0)]
    # An exception handler begins with the depth that the table says, the exception, and where it was raised if that is
    # kept.
    waiting += [
        (entry.target, entry.depth + 1 + entry.lasti)
        for entry in dis._parse_exception_table(code)  # type: ignore[attr-defined]
    ]
    while waiting:
        offset, depth = waiting.pop()
        index = position.get(offset)
        if index is None:
            continue
        if offset in depths:
            if depths[offset] != depth:
                unclear.add(offset)
            continue
        depths[offset] = depth
        instruction = instructions[index]
        argument = instruction.arg if instruction.opcode >= dis.HAVE_ARGUMENT else None
        try:
            if instruction.opcode in _JUMPS:
                after = depth + dis.stack_effect(instruction.opcode, argument, jump=True)
                waiting.append((instruction.argval, after))
            if instruction.opname not in _ENDS and index + 1 < len(instructions):
                after = depth + _effect(instruction, argument)
                waiting.append((instructions[index + 1].offset, after))
        except ValueError:
            unclear.add(offset)
    for offset in unclear:
        depths.pop(offset, None)
    return depths


def _effect(instruction: dis.Instruction, argument: int | None) -> int:
    """Return how many objects the instruction adds to the stack if it does not jump."""
    effect = dis.stack_effect(instruction.opcode, argument, jump=False)
    if instruction.opname == "RETURN_GENERATOR":
        # Up to 3.12, `dis.stack_effect` does not report its effect.
        return 1
    if _PY311:
        # What `dis.stack_effect` reports for PRECALL is done by the CALL that follows it.
        if instruction.opname == "PRECALL":
            return 0
        if instruction.opname == "CALL":
            return effect + dis.stack_effect(dis.opmap["PRECALL"], argument)
    return effect

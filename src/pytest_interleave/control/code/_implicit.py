"""Reads of containers by instructions that are no accesses: truth tests, patterns, unpacking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..interpreter._opcodes import asks_for_truth
from ..steps._kinds import READ, Kind
from ._methods import READING_METHODS, WRITING_METHODS

if TYPE_CHECKING:
    from ._instructions import Instruction
    from ._private_names import Span

#: Instructions that read a whole object, which threads may share.
_SPREADING = frozenset(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE", "UNPACK_SEQUENCE", "UNPACK_EX"))
_LOADS = frozenset(
    ("LOAD_ATTR", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "BINARY_SUBSCR")
)
#: Instructions that read the subject of a `match`.
_MATCHES = frozenset(("MATCH_MAPPING", "MATCH_SEQUENCE", "MATCH_CLASS"))


class Implicit(NamedTuple):
    """An instruction that reads a container."""

    instruction: Instruction
    kind: Kind
    #: Whether it is a scheduling point of its own, rather than part of the step before it.
    announced: bool


def implicit_accesses(instructions: Sequence[Instruction], private: frozenset[Span]) -> Iterator[Implicit]:
    """Yield the implicit accesses among a function's instructions, except those to `private` containers."""
    containers = set(_local_containers(instructions))
    for index, instruction in enumerate(instructions):
        name = instruction.opname
        if name in _SPREADING:
            if _loads(instructions[index - 1]) and instructions[index - 1].span not in private:
                yield Implicit(instruction, READ, announced=True)
        elif name in _MATCHES:
            yield Implicit(instruction, READ, announced=True)
        elif _loads(instruction) and instruction.span not in private:
            test = tested_by(instructions, index)
            if test is None:
                continue
            if name in _LOADS:
                yield Implicit(test, READ, announced=False)
            elif str(instruction.argval) in containers:
                yield Implicit(test, READ, announced=True)


def tested_by(instructions: Sequence[Instruction], index: int) -> Instruction | None:
    """Return the instruction that tests at once whether the object loaded at `index` is true, or None."""
    for following in instructions[index + 1 : index + 3]:
        if asks_for_truth(following.opname):
            return following
        if following.opname != "COPY":
            return None
    return None


def _loads(instruction: Instruction) -> bool:
    return instruction.opname in _LOADS or instruction.opname in ("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK")


def _local_containers(instructions: Sequence[Instruction]) -> Iterator[str]:
    """Yield the local variables that are used as containers are."""
    for index, instruction in enumerate(instructions[:-1]):
        if not instruction.opname.startswith("LOAD_FAST") or not isinstance(instruction.argval, str):
            continue
        following = instructions[index + 1]
        if following.opname == "GET_ITER" or (
            following.opname in ("LOAD_ATTR", "LOAD_METHOD") and following.argval in READING_METHODS | WRITING_METHODS
        ):
            yield instruction.argval

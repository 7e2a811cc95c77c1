"""The instructions of a code object that matter for what it accesses."""

from __future__ import annotations

import dis
from types import CodeType
from typing import Any, NamedTuple

from ._private_names import Span

_SKIPPED = frozenset(("CACHE", "PRECALL", "KW_NAMES", "PUSH_NULL", "NOP", "RESUME", "EXTENDED_ARG", "NOT_TAKEN"))
_NOWHERE: Span = (None, None, None, None)


class Instruction(NamedTuple):
    """An instruction, and the span of its expression in the source."""

    opname: str
    arg: int
    argval: Any
    offset: int
    span: Span


def instructions_of(code: CodeType) -> list[dis.Instruction]:
    """Return the instructions of `code` that do something."""
    return [found for found in dis.get_instructions(code) if found.opname not in _SKIPPED]


def span_of(instruction: dis.Instruction) -> Span:
    """Return the lines and columns where the expression of an instruction begins and ends."""
    positions = instruction.positions
    if positions is None:
        return _NOWHERE
    return positions.lineno, positions.col_offset, positions.end_lineno, positions.end_col_offset

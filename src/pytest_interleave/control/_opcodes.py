"""Kinds of instructions that more than one place has to tell apart, by their names and arguments in `dis`."""

from __future__ import annotations

CALLS = frozenset(("CALL", "CALL_KW", "CALL_FUNCTION_EX"))
#: The arguments of BINARY_OP that are in-place operators: it changes what is on the left, if it can.
IN_PLACE = range(13, 26)
#: The argument of BINARY_OP that makes it what BINARY_SUBSCR was before 3.14.
SUBSCRIPT = 26


def asks_for_truth(opname: str) -> bool:
    """Whether an instruction asks whether something is true: of a container, whether anything is in it."""
    if opname in ("TO_BOOL", "UNARY_NOT"):
        return True
    return opname.startswith(("POP_JUMP_", "JUMP_IF_")) and opname.endswith(("TRUE", "FALSE", "OR_POP"))


def formats_with_specification(opname: str, argument: int) -> bool:
    """Whether how to format a value lies above it, as in `f"{value:>10}"`."""
    return opname == "FORMAT_WITH_SPEC" or (opname == "FORMAT_VALUE" and bool(argument & 4))

"""Follows values through a code object: from where they are loaded to the instructions that work with them.

The classes derived from `Follower` decide what is known of a value; None stands for a value of which nothing is known.
An instruction that is not known here leaves only such values on the stack.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Any

from ..interpreter._opcodes import CALLS, loads_method
from ..interpreter._stack_depths import stack_depths

LOADS_OF_TWO = frozenset(("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"))
LOADS = frozenset(("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK"))
STORES = frozenset(("STORE_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST"))
_UNCHANGED = frozenset(
    "CACHE COPY_FREE_VARS DELETE_FAST EXTENDED_ARG KW_NAMES MAKE_CELL NOP NOT_TAKEN PRECALL RESUME".split()
)
#: How many objects each instruction takes from the stack, and how many it leaves there.
_EXCHANGED = {
    "BEFORE_WITH": (1, 2), "BINARY_OP": (2, 1), "BINARY_SLICE": (3, 1), "BINARY_SUBSCR": (2, 1),
    "CALL_INTRINSIC_1": (1, 1), "CHECK_EXC_MATCH": (1, 1), "COMPARE_OP": (2, 1), "CONTAINS_OP": (2, 1),
    "CONVERT_VALUE": (1, 1), "DELETE_ATTR": (1, 0), "DELETE_SUBSCR": (2, 0), "FORMAT_SIMPLE": (1, 1),
    "FORMAT_WITH_SPEC": (2, 1), "FOR_ITER": (0, 1), "GET_ITER": (1, 1), "IS_OP": (2, 1), "LIST_APPEND": (1, 0),
    "LIST_EXTEND": (1, 0), "LOAD_CLOSURE": (0, 1), "LOAD_CONST": (0, 1), "LOAD_DEREF": (0, 1),
    "LOAD_FAST_AND_CLEAR": (0, 1), "LOAD_SMALL_INT": (0, 1), "LOAD_SPECIAL": (1, 2), "MAP_ADD": (2, 0),
    "POP_EXCEPT": (1, 0), "POP_TOP": (1, 0), "PUSH_EXC_INFO": (1, 2), "PUSH_NULL": (0, 1), "SET_ADD": (1, 0),
    "STORE_ATTR": (2, 0), "STORE_DEREF": (1, 0), "STORE_FAST": (1, 0), "STORE_FAST_LOAD_FAST": (1, 1),
    "STORE_FAST_STORE_FAST": (2, 0), "STORE_GLOBAL": (1, 0), "STORE_SLICE": (4, 0), "STORE_SUBSCR": (3, 0),
    "TO_BOOL": (1, 1), "UNARY_INVERT": (1, 1), "UNARY_NEGATIVE": (1, 1), "UNARY_NOT": (1, 1),
    "UNARY_POSITIVE": (1, 1), "WITH_EXCEPT_START": (0, 1), **dict.fromkeys(LOADS, (0, 1)),
    **dict.fromkeys(LOADS_OF_TWO, (0, 2)),
}  # fmt: skip
_BUILDS = frozenset(("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_SLICE", "BUILD_STRING"))
_ENDS = frozenset(
    ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD",
     "JUMP_BACKWARD_NO_INTERRUPT", "INTERPRETER_EXIT")
)  # fmt: skip
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs)) - {dis.opmap["END_ASYNC_FOR"]}


def exchanged(instruction: dis.Instruction) -> tuple[int, int] | None:
    """Return how many objects an instruction takes from the top of the stack and leaves there; None if unknown.

    If it jumps, the numbers may be different.
    """
    name, arg = instruction.opname, instruction.arg or 0
    if name in _UNCHANGED:
        return 0, 0
    if name in _EXCHANGED:
        return _EXCHANGED[name]
    if name == "LOAD_GLOBAL":
        # If the lowest bit is set, the place of a method's object is added, before or after the global.
        return 0, 1 + (arg & 1)
    if name in ("LOAD_ATTR", "LOAD_METHOD"):
        return 1, 1 + loads_method(instruction)
    if name == "FORMAT_VALUE":
        return 2 if arg & 4 else 1, 1
    if name in _BUILDS:
        return arg, 1
    if name == "BUILD_MAP":
        return 2 * arg, 1
    if name == "UNPACK_SEQUENCE":
        return 1, arg
    if name in CALLS and name != "CALL_FUNCTION_EX":
        return arg + 2 + (name == "CALL_KW"), 1
    if name.startswith(("POP_JUMP", "JUMP_IF")):
        return 1, 0
    if name in ("END_FOR", "POP_ITER"):
        return -dis.stack_effect(instruction.opcode, None), 0
    return None


class Follower:
    """Follows values through one code object."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._depths = stack_depths(code)
        self._instructions = [found for found in dis.get_instructions(code) if found.offset in self._depths]
        self._at = {found.offset: index for index, found in enumerate(self._instructions)}
        self._handlers = dis._parse_exception_table(code)  # type: ignore[attr-defined]

    def _after(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any] | None:
        """Return the stack after an instruction that does not jump, or None if it is not known."""
        name, argval = instruction.opname, instruction.argval
        if name in STORES:
            return self._stored(instruction, stack)
        if name in LOADS or name in LOADS_OF_TWO:
            return [*stack, *map(self._held, argval if name in LOADS_OF_TWO else (argval,))]
        moved = self._moved(instruction, stack)
        if moved is not None:
            return moved
        exchange = exchanged(instruction)
        if exchange is None:
            return None
        taken, left = exchange
        at = len(stack) - taken
        return [*stack[:at], *self._leaves(instruction, stack[at:], left, stack)]

    def _stored(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any] | None:
        """Return the stack after an instruction that stores into variables, or None if it is not known."""
        raise NotImplementedError

    def _held(self, name: str) -> Any:
        """Return what is known of the value of a variable."""
        raise NotImplementedError

    def _leaves(self, instruction: dis.Instruction, taken: list[Any], left: int, stack: list[Any]) -> list[Any]:
        """Return the `left` values that an instruction leaves in place of the values `taken` from the stack."""
        raise NotImplementedError

    def _either(self, value: Any, other: Any) -> Any:
        """Return what is known of a value that is one of two."""
        raise NotImplementedError

    def _moved(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any] | None:
        """Return the stack after an instruction that only moves values; None for any other instruction."""
        at = -(instruction.arg or 0)
        if instruction.opname == "COPY":
            return [*stack, stack[at]]
        if instruction.opname == "SWAP":
            stack[-1], stack[at] = stack[at], stack[-1]
            return stack
        return None

    def _dropped(self, values: list[Any]) -> None:
        """Note values whose fate is not known after an instruction takes or leaves them."""

    def _states(self) -> dict[int, tuple[Any, ...]]:
        """Return the stack before each instruction, given what is known of local variables so far."""
        states: dict[int, tuple[Any, ...]] = {}
        waiting: list[tuple[int, tuple[Any, ...]]] = [(0, ())]
        while waiting:
            offset, stack = waiting.pop()
            if offset not in self._at:
                continue
            known = states.get(offset)
            if known is not None:
                stack = tuple(map(self._either, known, stack))
                if stack == known:
                    continue
            states[offset] = stack
            waiting += self._following(self._instructions[self._at[offset]], stack)
        return states

    def _following(self, instruction: dis.Instruction, stack: tuple[Any, ...]) -> Iterator[tuple[int, Any]]:
        index = self._at[instruction.offset]
        for entry in self._handlers:
            if entry.start <= instruction.offset < entry.end:
                # An exception handler keeps what lies below its depth.
                yield entry.target, self._fitted(entry.target, stack[: entry.depth])
        if instruction.opcode in _JUMPS:
            target = instruction.argval
            yield target, self._fitted(target, self._after_jump(instruction, stack))
        if instruction.opname in _ENDS:
            if not instruction.opname.startswith("JUMP"):
                self._dropped(list(stack))
        elif index + 1 < len(self._instructions):
            following = self._instructions[index + 1].offset
            after = self._after(instruction, list(stack))
            if after is None or len(after) != self._depths.get(following):
                self._dropped(list(stack))
                after = [None] * self._depths.get(following, 0)
            yield following, tuple(after)

    def _fitted(self, target: int, stack: tuple[Any, ...]) -> tuple[Any, ...]:
        depth = self._depths.get(target, 0)
        return (*stack[:depth], *[None] * (depth - len(stack)))

    def _after_jump(self, instruction: dis.Instruction, stack: tuple[Any, ...]) -> tuple[Any, ...]:
        name = instruction.opname
        if name.startswith("JUMP_"):
            # It always jumps, or it keeps the value that it tests.
            return stack
        if name == "FOR_ITER" or name.startswith("POP_JUMP"):
            return stack[:-1]
        self._dropped(list(stack))
        return (None,) * len(stack)

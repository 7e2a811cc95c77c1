"""Which operators of a code object have numbers and texts alone to work with, as far as the code tells.

Their values are followed through local variables and the value stack, from constants, from loops over a `range` and
from other operators. Two things are taken for granted, and have to be watched: that arguments are numbers or texts
when a function begins, and that operators that are looked at, because one of their operands is not known, come upon
nothing else either. Then an operator that has only such values gives one, too, and can touch nothing that threads
share.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Collection, Iterator, Mapping
from types import CodeType
from typing import Any, NamedTuple

from ._opcodes import CALLS, SUBSCRIPT, arguments_of, asks_for_truth, is_resumed, loads_method
from ._stack_depths import stack_depths

#: The types of plain values: they never change, and nothing of a program's is called to work with them.
PLAIN_TYPES = (int, str, float, bool, type(None))

#: A plain value is known by the arguments that it was made of; None stands for any other value.
_PLAIN: frozenset[str] = frozenset()


class _Special(NamedTuple):
    """A value that matters for what is made of it: a function, a range, or an iterator over one."""

    name: str


_RANGE = _Special("range")
_RANGE_MADE = _Special("a range")
_STEPS = _Special("steps of a range")
#: Whatever these are given, they give a number, a text or a truth value.
_MEASURING = frozenset("bool callable chr float hash id int isinstance issubclass len ord".split())
#: They do if they are given such.
_CALCULATING = frozenset("abs max min pow round".split())
_FUNCTIONS = _MEASURING | _CALCULATING | {"range"}
_ORIGINALS = {name: getattr(builtins, name) for name in _FUNCTIONS}

_FORMATS = frozenset(("FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE"))
_LOADS_OF_TWO = frozenset(("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"))
_LOADS = frozenset(("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK"))
_OPERATORS = frozenset(("BINARY_OP", "COMPARE_OP"))
_SAME_OF_PLAIN = frozenset(("UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_INVERT"))
_TRUTHS = frozenset(("UNARY_NOT", "TO_BOOL"))
_UNCHANGED = frozenset(
    "CACHE COPY_FREE_VARS DELETE_FAST EXTENDED_ARG KW_NAMES MAKE_CELL NOP NOT_TAKEN PRECALL RESUME".split()
)
#: How many objects they take from the stack, and how many that are not known they leave there.
_EXCHANGED = {
    "BEFORE_WITH": (1, 2), "BINARY_SLICE": (3, 1), "BINARY_SUBSCR": (2, 1), "CALL_INTRINSIC_1": (1, 1),
    "CHECK_EXC_MATCH": (1, 1), "DELETE_ATTR": (1, 0), "DELETE_SUBSCR": (2, 0), "LIST_APPEND": (1, 0),
    "LIST_EXTEND": (1, 0), "LOAD_CLOSURE": (0, 1), "LOAD_DEREF": (0, 1), "LOAD_FAST_AND_CLEAR": (0, 1),
    "LOAD_SPECIAL": (1, 2), "MAP_ADD": (2, 0), "POP_EXCEPT": (1, 0), "POP_TOP": (1, 0), "PUSH_EXC_INFO": (1, 2),
    "PUSH_NULL": (0, 1), "SET_ADD": (1, 0), "STORE_ATTR": (2, 0), "STORE_DEREF": (1, 0), "STORE_GLOBAL": (1, 0),
    "STORE_SLICE": (4, 0), "STORE_SUBSCR": (3, 0), "WITH_EXCEPT_START": (0, 1), "FORMAT_WITH_SPEC": (2, 1),
}  # fmt: skip
_BUILDS = frozenset(("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_SLICE"))
_ENDS = frozenset(
    ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD",
     "JUMP_BACKWARD_NO_INTERRUPT", "INTERPRETER_EXIT")
)  # fmt: skip
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs)) - {dis.opmap["END_ASYNC_FOR"]}


class Arithmetic(NamedTuple):
    """What was found out about a code object."""

    #: Offsets of operators, out of those that were asked for, that have plain values alone.
    operators: frozenset[int]
    #: The names of arguments that this rests on.
    arguments: frozenset[str]


NO_ARITHMETIC = Arithmetic(frozenset(), frozenset())


class Reader:
    """Reads a code object, once; what it may rest on can become less."""

    def __init__(self, code: CodeType, looked_at: Collection[int], globals_: Mapping[str, Any], rebound: Any) -> None:
        """`looked_at` are the offsets of operators that are looked at; `rebound`, globals that functions assign."""
        self._code = code
        self._looked_at = looked_at
        self._depths = stack_depths(code)
        self._instructions = [found for found in dis.get_instructions(code) if found.offset in self._depths]
        #: Those operators that are looked at, and whose result rests on what they come upon.
        self.watched = [
            found.offset for found in self._instructions if found.offset in looked_at and found.opname in _OPERATORS
        ]
        self._at = {found.offset: index for index, found in enumerate(self._instructions)}
        self._handlers = dis._parse_exception_table(code)  # type: ignore[attr-defined]
        self._builtins = {
            name
            for name in _FUNCTIONS
            if name not in globals_ and name not in rebound and vars(builtins).get(name) is _ORIGINALS[name]
        }
        self._has_loop = any(found.opname.startswith("JUMP_BACKWARD") for found in self._instructions)
        self._hidden = {*code.co_cellvars, *code.co_freevars}
        # What a generator has begun with may be long ago, and nobody may have looked.
        self._nothing_granted = is_resumed(code)
        #: By local variable: what it may hold.
        self._locals: dict[str, Any] = {}
        self._doubted: Collection[Any] = ()

    def read(self, doubted: Collection[Any]) -> Arithmetic:
        """Find the operators; nothing is taken for granted of `doubted` arguments and offsets."""
        found = self._read(doubted)
        if found.arguments and not self._has_loop and len(found.operators) < 2:
            # To watch the arguments costs as much as to look at the operator.
            found = self._read({*doubted, *found.arguments})
        return found

    def _read(self, doubted: Collection[Any]) -> Arithmetic:
        self._doubted = doubted
        self._locals = dict.fromkeys(self._hidden)
        single, several = arguments_of(self._code)
        for name in (*single, *several):
            granted = name in single and name not in doubted and not self._nothing_granted
            if not granted or name in self._hidden:
                self._locals[name] = None
            else:
                self._locals[name] = frozenset((name,))
        while True:
            before = dict(self._locals)
            states = self._states()
            if self._locals == before:
                break
        operators: set[int] = set()
        arguments: set[str] = set()
        for instruction in self._instructions:
            if instruction.offset in self._looked_at and instruction.offset in states:
                operands = _operands(instruction, states[instruction.offset])
                if operands and all(map(_is_plain, operands)):
                    operators.add(instruction.offset)
                    arguments.update(*operands)
        return Arithmetic(frozenset(operators), frozenset(arguments))

    def _states(self) -> dict[int, tuple[Any, ...]]:
        """What lies on the stack before each instruction, by what is known of local variables so far."""
        states: dict[int, tuple[Any, ...]] = {}
        waiting: list[tuple[int, tuple[Any, ...]]] = [(0, ())]
        while waiting:
            offset, stack = waiting.pop()
            if offset not in self._at:
                continue
            known = states.get(offset)
            if known is not None:
                stack = tuple(map(_either, known, stack))
                if stack == known:
                    continue
            states[offset] = stack
            waiting += self._following(self._instructions[self._at[offset]], stack)
        return states

    def _following(self, instruction: dis.Instruction, stack: tuple[Any, ...]) -> Iterator[tuple[int, Any]]:
        index = self._at[instruction.offset]
        for entry in self._handlers:
            if entry.start <= instruction.offset < entry.end:
                # What lay below is still there.
                yield entry.target, self._fitted(entry.target, stack[: entry.depth])
        if instruction.opcode in _JUMPS:
            target = instruction.argval
            yield target, self._fitted(target, self._after_jump(instruction, stack))
        if instruction.opname not in _ENDS and index + 1 < len(self._instructions):
            following = self._instructions[index + 1].offset
            after = self._after(instruction, list(stack))
            if after is None or len(after) != self._depths.get(following):
                after = [None] * self._depths.get(following, 0)
            yield following, tuple(after)

    def _fitted(self, target: int, stack: tuple[Any, ...]) -> tuple[Any, ...]:
        depth = self._depths.get(target, 0)
        return (*stack[:depth], *[None] * (depth - len(stack)))

    def _after_jump(self, instruction: dis.Instruction, stack: tuple[Any, ...]) -> tuple[Any, ...]:
        name = instruction.opname
        if name.startswith("JUMP_"):
            # One that jumps in any case, or keeps what it looks at.
            return stack
        if name == "FOR_ITER" or name.startswith("POP_JUMP"):
            return stack[:-1]
        return (None,) * len(stack)

    def _after(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any] | None:
        """The stack after an instruction that does not jump; None where that is not known."""
        name, arg, argval = instruction.opname, instruction.arg or 0, instruction.argval
        if name in _UNCHANGED:
            return stack
        if name in ("LOAD_CONST", "LOAD_SMALL_INT"):
            return [*stack, _PLAIN if type(argval) in PLAIN_TYPES else None]
        if name in _LOADS:
            return [*stack, self._held(argval)]
        if name in _LOADS_OF_TWO:
            return [*stack, *map(self._held, argval)]
        if name == "STORE_FAST":
            self._assign(argval, stack.pop())
            return stack
        if name == "STORE_FAST_LOAD_FAST":
            self._assign(argval[0], stack.pop())
            return [*stack, self._held(argval[1])]
        if name == "STORE_FAST_STORE_FAST":
            self._assign(argval[0], stack.pop())
            self._assign(argval[1], stack.pop())
            return stack
        if name in _OPERATORS and not (name == "BINARY_OP" and arg == SUBSCRIPT):
            return [*stack[:-2], self._result(instruction.offset, *stack[-2:])]
        if name in _OPERATORS:
            return [*stack[:-2], None]
        if name in ("IS_OP", "CONTAINS_OP"):
            return [*stack[:-2], _PLAIN]
        if name in _TRUTHS:
            return [*stack[:-1], _PLAIN]
        if name in _SAME_OF_PLAIN or name in _FORMATS:
            below = 2 if name == "FORMAT_VALUE" and arg & 4 else 1
            value = stack[-1] if below == 1 and _is_plain(stack[-1]) else None
            return [*stack[:-below], value]
        if name == "COPY":
            return [*stack, stack[-arg]]
        if name == "SWAP":
            stack[-1], stack[-arg] = stack[-arg], stack[-1]
            return stack
        if name == "LOAD_GLOBAL":
            value = _Special(argval) if argval in self._builtins else None
            # With what a method's object would be, before or behind it.
            return [*stack, value, value] if arg & 1 else [*stack, value]
        if name in ("LOAD_ATTR", "LOAD_METHOD"):
            return [*stack[:-1], *[None] * (1 + loads_method(instruction))]
        if name in _EXCHANGED:
            taken, left = _EXCHANGED[name]
            return [*stack[: len(stack) - taken], *[None] * left]
        if name in _BUILDS or name in ("BUILD_STRING", "BUILD_MAP"):
            taken = 2 * arg if name == "BUILD_MAP" else arg
            return [*stack[: len(stack) - taken], _PLAIN if name == "BUILD_STRING" else None]
        if name in CALLS and name != "CALL_FUNCTION_EX":
            taken = arg + 2 + (name == "CALL_KW")
            return [*stack[:-taken], _called(stack[-taken:], plainly=name == "CALL")]
        if name == "GET_ITER":
            return [*stack[:-1], _STEPS if stack[-1] == _RANGE_MADE else None]
        if name == "FOR_ITER":
            return [*stack, _PLAIN if stack[-1] == _STEPS else None]
        if name.startswith(("POP_JUMP", "JUMP_IF")):
            return stack[:-1]
        if name in ("END_FOR", "POP_ITER"):
            return stack[: len(stack) + dis.stack_effect(instruction.opcode, None)]
        return None

    def _held(self, variable: str) -> Any:
        # A variable that nothing was assigned to yet has no value.
        return self._locals.get(variable, _PLAIN)

    def _assign(self, variable: str, value: Any) -> None:
        value = value if _is_plain(value) else None
        self._locals[variable] = _either(self._locals.get(variable, value), value)

    def _result(self, offset: int, left: Any, right: Any) -> Any:
        if _is_plain(left) and _is_plain(right):
            return left | right
        watched = offset in self._looked_at and offset not in self._doubted and not self._nothing_granted
        return _PLAIN if watched else None


def _called(stack: list[Any], *, plainly: bool) -> Any:
    """What a call gives; `stack` has what is called, and then the arguments."""
    for function in stack[:2]:
        if isinstance(function, _Special):
            if function == _RANGE:
                return _RANGE_MADE
            if function.name in _MEASURING:
                return _PLAIN
            arguments = stack[2:]
            if function.name in _CALCULATING and plainly and all(map(_is_plain, arguments)):
                return frozenset().union(*arguments)
    return None


def _operands(instruction: dis.Instruction, stack: tuple[Any, ...]) -> tuple[Any, ...]:
    """What an instruction works with that touches nothing if that is plain."""
    if instruction.opname in _OPERATORS:
        return stack[-2:]
    if instruction.opname in _FORMATS and not (instruction.opname == "FORMAT_VALUE" and (instruction.arg or 0) & 4):
        return stack[-1:]
    return stack[-1:] if asks_for_truth(instruction.opname) else ()


def _is_plain(value: Any) -> bool:
    return type(value) is frozenset


def _either(value: Any, other: Any) -> Any:
    """What is known of a value that is one of two."""
    if value == other:
        return value
    return value | other if _is_plain(value) and _is_plain(other) else None

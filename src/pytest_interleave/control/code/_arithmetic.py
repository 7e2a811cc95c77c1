"""Finds the operators of a code object that work with numbers and texts only.

Values are followed through local variables and the value stack, from constants, from loops over a `range` and from
other operators. Two things are assumed, and have to be watched: that arguments are numbers or texts when a function
begins, and that operators that are inspected at run time, because one of their operands is not known, find nothing else
either. Then an operator that has only such values gives such a value, too, and can touch nothing that threads share.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Collection, Mapping
from types import CodeType
from typing import Any, NamedTuple

from ..interpreter._opcodes import CALLS, SUBSCRIPT, arguments_of, asks_for_truth, is_resumed
from ._followed import Follower

#: The types of plain values. They never change, and operators on them call no code of a program.
PLAIN_TYPES = (int, str, float, bool, type(None))

#: A plain value is represented by the names of the arguments that it was made of; None stands for any other value.
_PLAIN: frozenset[str] = frozenset()


class _Special(NamedTuple):
    """A value that matters for what is made of it: a function, a range, or an iterator over one."""

    name: str


_RANGE = _Special("range")
_RANGE_MADE = _Special("a range")
_STEPS = _Special("steps of a range")
#: Functions that return a number, a text or a truth value, whatever they are given.
_MEASURING = frozenset("bool callable chr float hash id int isinstance issubclass len ord".split())
#: Functions that do so if they are given such values.
_CALCULATING = frozenset("abs max min pow round".split())
_FUNCTIONS = _MEASURING | _CALCULATING | {"range"}
_ORIGINALS = {name: getattr(builtins, name) for name in _FUNCTIONS}

_FORMATS = frozenset(("FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE"))
_OPERATORS = frozenset(("BINARY_OP", "COMPARE_OP"))
_SAME_OF_PLAIN = _FORMATS | {"UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_INVERT"}
#: Instructions that give a text or a truth value, whatever they work with.
_OF_ANYTHING = frozenset(("BUILD_STRING", "CONTAINS_OP", "IS_OP", "TO_BOOL", "UNARY_NOT"))


class Arithmetic(NamedTuple):
    """The findings about a code object."""

    #: The offsets of the operators, of those that were asked for, that have plain values only.
    operators: frozenset[int]
    #: The names of the arguments that this relies on.
    arguments: frozenset[str]


class Reader(Follower):
    """Finds operators in one code object; `read` can be called again when less may be assumed."""

    def __init__(self, code: CodeType, looked_at: Collection[int], globals_: Mapping[str, Any], rebound: Any) -> None:
        """`looked_at` has the offsets of inspected operators; `rebound` has the globals that functions assign."""
        super().__init__(code)
        self._looked_at = looked_at
        #: The offsets of inspected operators whose result depends on their operands.
        self.watched = [
            found.offset for found in self._instructions if found.offset in looked_at and found.opname in _OPERATORS
        ]
        self._builtins = {
            name
            for name in _FUNCTIONS
            if name not in globals_ and name not in rebound and vars(builtins).get(name) is _ORIGINALS[name]
        }
        self._has_loop = any(found.opname.startswith("JUMP_BACKWARD") for found in self._instructions)
        self._hidden = {*code.co_cellvars, *code.co_freevars}
        # A generator's arguments may have been passed long ago, when they were not watched.
        self._nothing_granted = is_resumed(code)
        #: The value that each local variable may hold.
        self._locals: dict[str, Any] = {}
        self._doubted: Collection[Any] = ()

    def read(self, doubted: Collection[Any]) -> Arithmetic:
        """Find the operators; nothing is assumed of the arguments and offsets in `doubted`."""
        found = self._read(doubted)
        if found.arguments and not self._has_loop and len(found.operators) < 2:
            # Watching the arguments costs as much as inspecting the operator.
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

    def _leaves(self, instruction: dis.Instruction, taken: list[Any], left: int, stack: list[Any]) -> list[Any]:
        return [self._left(instruction, taken, stack)] * left

    def _left(self, instruction: dis.Instruction, taken: list[Any], stack: list[Any]) -> Any:
        """Return what an instruction leaves on the stack."""
        name, argval = instruction.opname, instruction.argval
        if name in ("LOAD_CONST", "LOAD_SMALL_INT"):
            return _PLAIN if type(argval) in PLAIN_TYPES else None
        if name in _OPERATORS and not (name == "BINARY_OP" and instruction.arg == SUBSCRIPT):
            return self._result(instruction.offset, *taken)
        if name in _OF_ANYTHING:
            return _PLAIN
        if name in _SAME_OF_PLAIN:
            return taken[0] if len(taken) == 1 and _is_plain(taken[0]) else None
        if name == "LOAD_GLOBAL":
            return _Special(argval) if argval in self._builtins else None
        if name in CALLS:
            return _called(taken, plainly=name == "CALL")
        if name == "GET_ITER":
            return _STEPS if taken[0] == _RANGE_MADE else None
        if name == "FOR_ITER":
            return _PLAIN if stack[-1] == _STEPS else None
        return None

    def _stored(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any]:
        name, argval = instruction.opname, instruction.argval
        if name == "STORE_FAST":
            self._assign(argval, stack.pop())
            return stack
        self._assign(argval[0], stack.pop())
        if name == "STORE_FAST_LOAD_FAST":
            return [*stack, self._held(argval[1])]
        self._assign(argval[1], stack.pop())
        return stack

    def _either(self, value: Any, other: Any) -> Any:
        if value == other:
            return value
        return value | other if _is_plain(value) and _is_plain(other) else None

    def _held(self, variable: str) -> Any:
        # A variable that was not assigned yet has no value.
        return self._locals.get(variable, _PLAIN)

    def _assign(self, variable: str, value: Any) -> None:
        value = value if _is_plain(value) else None
        self._locals[variable] = self._either(self._locals.get(variable, value), value)

    def _result(self, offset: int, left: Any, right: Any) -> Any:
        if _is_plain(left) and _is_plain(right):
            return left | right
        watched = offset in self._looked_at and offset not in self._doubted and not self._nothing_granted
        return _PLAIN if watched else None


def _called(stack: list[Any], *, plainly: bool) -> Any:
    """Return what a call gives; `stack` has the callee, and then the arguments."""
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
    """Return the operands of an instruction that touches nothing if they are plain; empty for any other instruction."""
    if instruction.opname in _OPERATORS:
        return stack[-2:]
    if instruction.opname in _FORMATS and not (instruction.opname == "FORMAT_VALUE" and (instruction.arg or 0) & 4):
        return stack[-1:]
    return stack[-1:] if asks_for_truth(instruction.opname) else ()


def _is_plain(value: Any) -> bool:
    return type(value) is frozenset

"""Instructions that are accesses only if they find a container, which the code does not show.

These are comparisons, operators, formatting, truth tests and calls: `a < b`, `f"{a}"`, `print(a)`, `add = a.append;
add(1)`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from ..calls._known_calls import touches_nothing_else
from ..code._methods import SYNC_METHODS
from ..identity._natives import arrays_exist
from ..interpreter._opcodes import (
    CALLS,
    IN_PLACE,
    REMAINDER,
    UNPACKINGS,
    arguments_of,
    asks_for_truth,
    enters,
    exits,
    formats_with_specification,
    loads_method,
)

if TYPE_CHECKING:
    from ..code._file_facts import FileFacts
    from ..code._instructions import Instruction

_FORMATS = frozenset(("FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE"))
#: The arguments of BINARY_OP that are `*` and `*=`.
_MULTIPLICATIONS = frozenset((5, IN_PLACE.start + 5))
#: Instructions that leave no container, and instructions that leave a container that no other code has.
_PLAIN = frozenset(
    ("LOAD_CONST", "WITH_EXCEPT_START", "LOAD_SMALL_INT", "COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "TO_BOOL")
)
_FRESH = frozenset(("BUILD_LIST", "BUILD_MAP", "BUILD_SET", "LIST_EXTEND", "SET_UPDATE", "LIST_APPEND", "MAP_ADD"))
_ROOTS = frozenset(
    (
        "LOAD_GLOBAL",
        "LOAD_FAST",
        "LOAD_FAST_BORROW",
        "LOAD_FAST_CHECK",
        "LOAD_FAST_AND_CLEAR",
        "LOAD_DEREF",
        "LOAD_CONST",
    )
)
_OF_OWNERS = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_PATHS = _ROOTS | _OF_OWNERS
_CONSTANTS = frozenset(("LOAD_CONST", "LOAD_SMALL_INT"))
#: Methods that return iterators or views of what an object of the program's own class has.
_GIVING_ITERATORS = frozenset(("__iter__", "__reversed__", "items", "keys", "values"))
#: Names that only methods of primitives have. Methods of caches and settings have some of the other names in
#: `SYNC_METHODS`, too.
_ALWAYS_SYNC = SYNC_METHODS - frozenset("set clear abort reset put put_nowait get get_nowait submit result".split())


def unforeseen_accesses(
    code: CodeType, instructions: Sequence[Instruction], facts: FileFacts, namespace: Mapping[str, Any]
) -> Iterator[Instruction]:
    """Yield the unforeseen accesses among a function's instructions, except those to private containers."""
    #: The instructions that fetch what an expression is about, by where the expression begins.
    loads: dict[Any, list[Instruction]] = {}
    before: Instruction | None = None
    numbers = _numbers(instructions) - {name for names in arguments_of(code) for name in names}
    arrays = arrays_exist()
    in_expression = any(instruction.argval == ".0" for instruction in instructions)
    for at, instruction in enumerate(instructions):
        name = instruction.opname
        start = instruction.span[:2]
        if name in _PATHS and not _names_arguments(instructions, at):
            if name in _ROOTS:
                loads[start] = []
            loads.setdefault(start, []).append(instruction)
        last = "" if before is None else before.opname
        if name in CALLS:
            seen = name != "CALL_FUNCTION_EX" and _is_seen(instructions, at, loads.pop(start, ()), namespace)
            # The calls of a `with` block are handled separately.
            if not (seen or enters(instructions, at) or exits(instructions, at)):
                yield instruction
        elif name in UNPACKINGS:
            if last not in _PLAIN and last not in _FRESH and last != "BUILD_TUPLE":
                yield instruction
        elif name == "BINARY_OP" and instruction.arg in IN_PLACE:
            loaded = instructions[at - 2] if at > 1 else None
            if (
                last not in _CONSTANTS
                or arrays
                or (loaded is not None and _loads_other(loaded, numbers))
                or (before is not None and type(before.argval) in (bytes, tuple))
                or (instruction.arg in _MULTIPLICATIONS and (loaded is None or _name(loaded) not in numbers))
            ):
                yield instruction
        elif name == "STORE_SLICE" or (name == "STORE_SUBSCR" and before is not None and _is_slice(before)):
            # Other stores are accesses; their source is inspected together with what is changed.
            if instruction.span in facts.private.accesses:
                yield instruction
        elif formats_with_specification(name, instruction.arg):
            yield instruction
        elif name == "RETURN_VALUE":
            # C code goes through what these methods return at once, as in `list(playlist)`.
            if code.co_name in _GIVING_ITERATORS:
                yield instruction
        elif name == "YIELD_VALUE":
            # C code goes through a generator expression, and reads at once what that gives.
            if in_expression and _is_loaded(last):
                yield instruction
        elif before is None:
            pass
        elif name == "COMPARE_OP" or (name == "BINARY_OP" and instruction.arg < IN_PLACE.start):
            if not _fills_in(instruction, before) and not _is_of_numbers(
                instructions, at, before, numbers, arrays=arrays
            ):
                yield instruction
        elif last in _PLAIN:
            pass
        elif name in _FORMATS or (
            asks_for_truth(name) and last not in _FRESH and before.span not in facts.private.names
        ):
            yield instruction
        if name != "COPY":
            before = instruction


def is_message_of_pytest(instructions: Sequence[Instruction], at: int) -> bool:
    """Whether pytest, which rewrites `assert`, loads an attribute there to build its message.

    What it reads for that is no part of the test.
    """
    method, owner = instructions[at], instructions[at - 1]
    if at == 0 or not _name(owner).startswith("@py"):
        return False
    # The values in an assertion have such names, too, but the methods of these are loaded before they are called.
    return owner.opname == "LOAD_GLOBAL" or (method.argval == "append" and loads_method(method))


def _name(load: Instruction) -> str:
    """Return the name that is loaded last: one instruction may store and load, or load twice."""
    if not load.opname.startswith(("LOAD_GLOBAL", "LOAD_FAST", "STORE_FAST_LOAD_FAST")):
        return ""
    return str(load.argval[-1] if isinstance(load.argval, tuple) else load.argval)


def _is_loaded(opname: str) -> bool:
    return opname in _PATHS or opname in ("BINARY_SUBSCR", "STORE_FAST_LOAD_FAST")


def _is_slice(key: Instruction) -> bool:
    return key.opname == "BUILD_SLICE" or type(key.argval) is slice


def _is_of_numbers(
    instructions: Sequence[Instruction], at: int, before: Instruction, numbers: frozenset[str], *, arrays: bool
) -> bool:
    """Whether an operator is used with numbers or texts only, judged by the operand on the right.

    `arrays` if the left operand may be an array.
    """
    if before.opname not in _PLAIN:
        return False
    if before.opname not in _CONSTANTS:
        return True
    value = before.argval
    left = instructions[at - 2] if at > 1 else None
    if left is not None and (left.opname in _PLAIN or (_name(left) in numbers and _name(left))):
        return True
    if arrays:
        return False
    if type(value) is int:
        # Only multiplication uses containers with numbers.
        operator = instructions[at]
        return operator.opname != "BINARY_OP" or operator.arg not in _MULTIPLICATIONS
    return not (type(value) is bytes or (type(value) is tuple and any(type(inner) is bytes for inner in value)))


def _fills_in(operator: Instruction, before: Instruction) -> bool:
    """Whether it is `text % {...}`, with a dictionary that no other code has."""
    return (
        operator.opname == "BINARY_OP"
        and operator.arg == REMAINDER
        and before.opname in ("BUILD_MAP", "BUILD_CONST_KEY_MAP")
    )


def _is_seen(
    instructions: Sequence[Instruction],
    at: int,
    loads: Sequence[Instruction],
    namespace: Mapping[str, Any],
) -> bool:
    """Whether the code shows that a call touches nothing beside what is seen anyway.

    `loads` are the instructions that fetch what is called, if names alone determine that.
    """
    call = instructions[at]
    if at and _name(instructions[at - 1]).startswith("@py_format"):
        return True
    if at and call.opname == "CALL" and _is_constant_of(instructions[at - 1], call):
        # The call of `__exit__` at the end of a `with`. The names of arguments, before a CALL_KW, have the same
        # position.
        return True
    if not loads:
        return False
    first, last = loads[0], loads[-1]
    if last.opname != "LOAD_GLOBAL" and last.argval in _ALWAYS_SYNC:
        return last.argval != "join" or call.arg == 0
    if first.opname != "LOAD_GLOBAL":
        return False
    value = namespace.get(first.argval, vars(builtins).get(first.argval))
    for load in loads[1:]:
        if type(value) is not ModuleType:
            return False
        value = vars(value).get(load.argval)
    return touches_nothing_else(value)


def _names_arguments(instructions: Sequence[Instruction], at: int) -> bool:
    """Whether an instruction loads the names of a call's arguments, and no part of what is called."""
    following = instructions[at + 1 : at + 2]
    return bool(following) and following[0].opname == "CALL_KW" and _is_constant_of(instructions[at], following[0])


def _is_constant_of(load: Instruction, call: Instruction) -> bool:
    """Whether an instruction loads a constant for a call that the source does not show."""
    return load.opname == "LOAD_CONST" and load.span == call.span


def _numbers(instructions: Sequence[Instruction]) -> frozenset[str]:
    """Return the local variables that are only ever assigned constants and results of operators: usually counters."""
    assigned: set[str] = set()
    others: set[str] = set()
    before = ""
    for at, instruction in enumerate(instructions):
        if "STORE_FAST" in instruction.opname:
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            if _counts(instructions, at):
                assigned.add(names[0])
            else:
                plain = instruction.opname == "STORE_FAST" and (before in _CONSTANTS or before == "BINARY_OP")
                (assigned if plain else others).update(names)
        before = instruction.opname
    return frozenset(assigned - others)


def _counts(instructions: Sequence[Instruction], at: int) -> bool:
    """Whether a loop over a `range` assigns its variable there."""
    if at < 3 or instructions[at].opname not in ("STORE_FAST", "STORE_FAST_LOAD_FAST"):
        return False
    call, begin, step = instructions[at - 3 : at]
    if step.opname != "FOR_ITER" or begin.opname != "GET_ITER" or call.opname not in CALLS:
        return False
    loads = (load for load in instructions[max(at - 10, 0) : at - 3] if load.span[:2] == call.span[:2])
    return any(load.opname == "LOAD_GLOBAL" and load.argval == "range" for load in loads)


def _loads_other(load: Instruction, numbers: frozenset[str]) -> bool:
    """Whether the local variable that is loaded last is none of `numbers`."""
    return load.opname.startswith(("LOAD_FAST", "STORE_FAST_LOAD_FAST")) and _name(load) not in numbers

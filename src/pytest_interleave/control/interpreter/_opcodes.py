"""Kinds of instructions, by their names and arguments in `dis`, that several modules distinguish."""

from __future__ import annotations

import dis
import itertools
import sys
from collections.abc import Sequence
from types import CodeType
from typing import Any

#: The flag of code whose variables have slots of their own in the frame. Not from `inspect`, which is slow to import.
_OPTIMIZED = 0x1
_GENERATOR = 0x20
#: The flags of code that can be suspended and resumed: of generators and coroutines of all kinds.
_RESUMED = _GENERATOR | 0x80 | 0x100 | 0x200
_VARARGS, _VARKEYWORDS = 0x4, 0x8
_LEAVING = frozenset(("YIELD_VALUE", "RETURN_VALUE", "RETURN_CONST"))
#: The argument of CALL_INTRINSIC_1 with which, from 3.12 on, exceptions leave a generator.
_STOP_ITERATION_ERROR = 3
CALLS = frozenset(("CALL", "CALL_KW", "CALL_FUNCTION_EX"))
#: The arguments of BINARY_OP that are in-place operators. Those change the left operand, if they can.
IN_PLACE = range(13, 26)
#: The argument of BINARY_OP that is `%`.
REMAINDER = 6
#: The argument of BINARY_OP with which it does what BINARY_SUBSCR did before 3.14.
SUBSCRIPT = 26
#: The names of the operators' methods, without underscores, by the argument of BINARY_OP.
_OPERATORS = "add and floordiv lshift matmul mul mod or pow rshift sub truediv xor".split()
#: The methods that stand for comparisons.
COMPARISONS = ("__eq__", "__lt__")
#: Instructions that take what they unpack from the top of the stack.
UNPACKINGS = frozenset(("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"))


def is_function_code(code: CodeType) -> bool:
    """Whether `code` belongs to a function, a lambda or a comprehension, not to a module or a class body."""
    return bool(code.co_flags & _OPTIMIZED)


def is_module_code(code: CodeType) -> bool:
    """Whether `code` belongs to a module, or is what `exec` and `eval` run."""
    return not is_function_code(code) and code.co_name == "<module>"


def is_generator_code(code: CodeType) -> bool:
    """Whether `code` belongs to a generator, not to a coroutine or an asynchronous generator."""
    return bool(code.co_flags & _GENERATOR)


def is_resumed(code: CodeType) -> bool:
    """Whether `code` can be suspended and resumed, as the code of a generator or a coroutine can."""
    return bool(code.co_flags & _RESUMED)


def uses_set(code: CodeType) -> bool:
    """Whether `code` makes a set or has a constant one."""
    by_name = not _SETS.isdisjoint(code.co_names)
    return by_name or _BUILD_SET in code.co_code[::2] or any(type(const) is frozenset for const in code.co_consts)


def items_set(code: CodeType) -> int:
    """Return the number of instructions of `code` that set items."""
    return code.co_code[::2].count(dis.opmap["STORE_SUBSCR"])


_SETS = frozenset(("set", "frozenset"))
_BUILD_SET = dis.opmap["BUILD_SET"]


def arguments_of(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a function's single arguments, and those of `*args` and `**kwargs`."""
    single = code.co_argcount + code.co_kwonlyargcount
    several = bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    return code.co_varnames[:single], code.co_varnames[single : single + several]


def leaves(instruction: Any) -> bool:
    """Whether a function returns at the instruction, or a generator yields a value or ends there."""
    return instruction.opname in _LEAVING or (
        instruction.opname == "CALL_INTRINSIC_1" and instruction.arg == _STOP_ITERATION_ERROR
    )


def loads_method(instruction: Any) -> bool:
    """Whether an instruction loads an attribute in order to call it at once."""
    if instruction.opname == "LOAD_METHOD":
        return True
    attributes = ("LOAD_ATTR", "LOAD_SUPER_ATTR")
    return sys.version_info >= (3, 12) and instruction.opname in attributes and bool(instruction.arg & 1)


def enters(instructions: Sequence[Any], at: int) -> bool:
    """Whether an instruction enters a `with` block; up to 3.13 it also loads the method that leaves the block."""
    if instructions[at].opname == "CALL":
        before = instructions[at - 1] if at else None
        return before is not None and before.opname == "LOAD_SPECIAL" and before.arg == _ENTER
    return bool(instructions[at].opname == "BEFORE_WITH")


#: The argument of LOAD_SPECIAL that stands for `__enter__`.
_ENTER = 0


def exits(instructions: Sequence[Any], at: int) -> bool:
    """Whether an instruction leaves a `with` block, normally or by an exception; False for `async with`."""
    this = instructions[at]
    following = instructions[at + 1].opname if at + 1 < len(instructions) else ""
    if following == "GET_AWAITABLE":
        return False
    if this.opname == "CALL" and at >= _NONES:
        return all(
            before.opname == "LOAD_CONST" and before.argval is None and before.span == this.span
            for before in instructions[at - _NONES : at]
        )
    return bool(this.opname == "WITH_EXCEPT_START")


#: A block that ends normally calls the method that leaves it with this many arguments, all None.
_NONES = 3


def asks_for_truth(opname: str) -> bool:
    """Whether an instruction tests whether an object is true; for a container, that is whether it has any items."""
    if opname in ("TO_BOOL", "UNARY_NOT"):
        return True
    return opname.startswith(("POP_JUMP_", "JUMP_IF_")) and opname.endswith(("TRUE", "FALSE", "OR_POP"))


def formats_with_specification(opname: str, argument: int) -> bool:
    """Whether the specification for formatting a value lies above it on the stack, as in `f"{value:>10}"`."""
    return opname == "FORMAT_WITH_SPEC" or (opname == "FORMAT_VALUE" and bool(argument & 4))


#: By address of a code object, which is kept, so that no other one gets the address: the names of its instructions by
#: their offsets.
_opnames: dict[int, tuple[CodeType, dict[int, str]]] = {}


def opname_at(code: CodeType, lasti: int) -> str:
    """Return the name of the instruction at byte offset `lasti`, or an empty string if none begins there."""
    known = _opnames.get(id(code))
    if known is None:
        names = {found.offset: found.opname for found in dis.get_instructions(code)}
        known = _opnames[id(code)] = (code, names)
    return known[1].get(lasti, "")


def column_at(code: CodeType, lasti: int) -> int:
    """Return the column in which the expression of the instruction at byte offset `lasti` begins; -1 if unknown.

    A condition of a loop is often compiled twice: both copies have the same column.
    """
    # An instruction, or a part of it, takes two bytes.
    found = next(itertools.islice(code.co_positions(), lasti // 2, None), None)
    return -1 if found is None or found[2] is None else found[2]


def specials_of(argument: int) -> tuple[str, ...]:
    """Return the special methods that BINARY_OP with this argument looks up in its operands."""
    if argument >= len(_OPERATORS):
        return ()
    return (f"__{_OPERATORS[argument]}__", f"__r{_OPERATORS[argument]}__")


_SPECIALS = {
    "BINARY_SUBSCR": ("__getitem__",),
    "STORE_SUBSCR": ("__setitem__",),
    "DELETE_SUBSCR": ("__delitem__",),
    "CONTAINS_OP": ("__contains__",),
    "GET_ITER": ("__iter__",),
    "FOR_ITER": ("__next__",),
    "LOAD_ATTR": ("__getattribute__", "__getattr__"),
    "LOAD_METHOD": ("__getattribute__", "__getattr__"),
    "STORE_ATTR": ("__setattr__",),
    "DELETE_ATTR": ("__delattr__",),
    "COMPARE_OP": COMPARISONS,
}
_OF_BUILTINS = {"len": "__len__", "next": "__next__"}


def specials_at(code: CodeType, lasti: int, called: str) -> tuple[str, ...]:
    """Return the special methods that an instruction stands for.

    `called` is the name of the built-in function that the instruction calls, if it calls one.
    """
    opname = opname_at(code, lasti)
    if opname == "BINARY_OP":
        argument = code.co_code[lasti + 1]
        return ("__getitem__",) if argument == SUBSCRIPT else specials_of(argument)
    if opname in CALLS:
        return (_OF_BUILTINS.get(called, "__iter__"),) if called.isidentifier() else ()
    if asks_for_truth(opname):
        return ("__bool__", "__len__")
    if opname.startswith(("FORMAT", "CONVERT")):
        return ("__format__", "__str__", "__repr__")
    return _SPECIALS.get(opname, ())

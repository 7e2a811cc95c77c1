"""Instructions by their names and arguments in `dis`: kinds that more than one place has to tell apart."""

from __future__ import annotations

import dis
import sys
from collections.abc import Sequence
from types import CodeType
from typing import Any

#: The flag of code whose variables have slots of their own in the frame. Not by `inspect`, which is slow to import.
_OPTIMIZED = 0x1
_GENERATOR = 0x20
#: The flags of code that can stop halfway and be gone on with: of generators and coroutines of all kinds.
_RESUMED = _GENERATOR | 0x80 | 0x100 | 0x200
_VARARGS, _VARKEYWORDS = 0x4, 0x8
_LEAVING = frozenset(("YIELD_VALUE", "RETURN_VALUE", "RETURN_CONST"))
#: The argument of CALL_INTRINSIC_1 by which, from 3.12 on, exceptions leave a generator.
_STOP_ITERATION_ERROR = 3
CALLS = frozenset(("CALL", "CALL_KW", "CALL_FUNCTION_EX"))
#: The arguments of BINARY_OP that are in-place operators: it changes what is on the left, if it can.
IN_PLACE = range(13, 26)
#: The argument of BINARY_OP that is `%`.
REMAINDER = 6
#: The argument of BINARY_OP that makes it what BINARY_SUBSCR was before 3.14.
SUBSCRIPT = 26
#: By the argument of BINARY_OP, the names of the operators' methods.
_OPERATORS = "add and floordiv lshift matmul mul mod or pow rshift sub truediv xor".split()
#: The methods of comparisons.
COMPARISONS = ("__eq__", "__lt__")
#: They take what is to be unpacked from the top of the stack.
UNPACKINGS = frozenset(("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"))


def is_function_code(code: CodeType) -> bool:
    """Whether it is the code of a function, a lambda or a comprehension: not that of a module, nor a class body."""
    return bool(code.co_flags & _OPTIMIZED)


def is_module_code(code: CodeType) -> bool:
    """Whether it is the code of a module, or what `exec` and `eval` run."""
    return not is_function_code(code) and code.co_name == "<module>"


def is_generator_code(code: CodeType) -> bool:
    """Whether it is the code of a generator; not that of a coroutine, or of an asynchronous one."""
    return bool(code.co_flags & _GENERATOR)


def is_resumed(code: CodeType) -> bool:
    """Whether code can stop halfway and go on later, as that of a generator or a coroutine does."""
    return bool(code.co_flags & _RESUMED)


def arguments_of(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a function's arguments, and of those that stand for several: what they are, the caller says."""
    single = code.co_argcount + code.co_kwonlyargcount
    several = bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    return code.co_varnames[:single], code.co_varnames[single : single + several]


def leaves(instruction: Any) -> bool:
    """Whether a function returns there, or a generator gives a value or ends."""
    return instruction.opname in _LEAVING or (
        instruction.opname == "CALL_INTRINSIC_1" and instruction.arg == _STOP_ITERATION_ERROR
    )


def loads_method(instruction: Any) -> bool:
    """Whether an instruction loads an attribute to call it at once."""
    if instruction.opname == "LOAD_METHOD":
        return True
    attributes = ("LOAD_ATTR", "LOAD_SUPER_ATTR")
    return sys.version_info >= (3, 12) and instruction.opname in attributes and bool(instruction.arg & 1)


def enters(instructions: Sequence[Any], at: int) -> bool:
    """Whether an instruction enters a `with` block; up to 3.13 it also loads what leaves it."""
    if instructions[at].opname == "CALL":
        before = instructions[at - 1] if at else None
        return before is not None and before.opname == "LOAD_SPECIAL" and before.arg == _ENTER
    return bool(instructions[at].opname == "BEFORE_WITH")


#: The argument of LOAD_SPECIAL that stands for `__enter__`.
_ENTER = 0


def exits(instructions: Sequence[Any], at: int) -> bool:
    """Whether an instruction leaves a `with` block, in good order or by an exception; not one of `async with`."""
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


#: In good order, the method that leaves it is called with so many.
_NONES = 3


def asks_for_truth(opname: str) -> bool:
    """Whether an instruction asks whether something is true: of a container, whether anything is in it."""
    if opname in ("TO_BOOL", "UNARY_NOT"):
        return True
    return opname.startswith(("POP_JUMP_", "JUMP_IF_")) and opname.endswith(("TRUE", "FALSE", "OR_POP"))


def formats_with_specification(opname: str, argument: int) -> bool:
    """Whether how to format a value lies above it, as in `f"{value:>10}"`."""
    return opname == "FORMAT_WITH_SPEC" or (opname == "FORMAT_VALUE" and bool(argument & 4))


#: By address of a code object, which is kept with it: its instructions' names by their offsets.
_opnames: dict[int, tuple[CodeType, dict[int, str]]] = {}


def opname_at(code: CodeType, lasti: int) -> str:
    """The name of the instruction at byte offset `lasti`; empty where none begins there."""
    known = _opnames.get(id(code))
    if known is None:
        names = {found.offset: found.opname for found in dis.get_instructions(code)}
        known = _opnames[id(code)] = (code, names)
    return known[1].get(lasti, "")


def specials_of(argument: int) -> tuple[str, ...]:
    """The methods that BINARY_OP with this argument asks its operands for."""
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
    """The special methods that an instruction stands for; `called` is the built-in function, if it calls one."""
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

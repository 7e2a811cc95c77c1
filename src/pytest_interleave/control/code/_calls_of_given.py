"""The calls in a function of the standard library of what it was given, or keeps: `action(*argument)` in `sched`.

What is called there may be a method of an object that the program's threads share, such as `items.append`.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import CodeType
from typing import Any, NamedTuple

from ..interpreter._opcodes import CALLS, arguments_of, loads_method
from ..interpreter._stack_depths import depths_of
from ..scope._places import STDLIB_DIRECTORY, is_ours, is_stdlib

#: Instructions that load a variable whose value the function may have been given.
_OF_VARIABLES = frozenset(("LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "STORE_FAST_LOAD_FAST", "LOAD_DEREF"))
#: Instructions that leave a value that the function has looked up.
_LOOK_UPS = frozenset(("BINARY_SUBSCR", "BINARY_OP", *CALLS))
_OF_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
#: Functions whose calls are announced before they begin.
_ANNOUNCED = frozenset(("Thread.run", "_WorkItem.run"))


class GivenCall(NamedTuple):
    """A call of what a function was given, or keeps."""

    opname: str
    argument: int
    #: The depth of the value stack before the call.
    depth: int
    #: The name by which it is called; empty if it has none.
    name: str
    #: Whether that is the name of an attribute.
    of_attribute: bool
    #: The attributes that the function itself has put in the variable.
    looked_up: frozenset[str]
    #: The variable, and the attributes from there on, at which it lies from the beginning of the function; empty if
    #: that is not known.
    path: tuple[str, ...]

    def looks_up(self, method: str) -> bool:
        """Whether the function itself has looked up the method of that name, of an object that it knows."""
        # As `append = parts.append; append(part)`, and `self._append(part)`.
        return method in self.looked_up or self.name.endswith(method)


class _Interesting(dict[str, bool]):
    """File name to whether its functions call what the program gives them."""

    def __missing__(self, filename: str) -> bool:
        answer = self[filename] = (
            is_stdlib(filename)
            and not is_ours(filename)
            and not filename.startswith(("<frozen importlib", "<frozen zipimport", STDLIB_DIRECTORY + "importlib"))
        )
        return answer


interesting = _Interesting()


def given_calls(code: CodeType) -> dict[int, GivenCall]:
    """Return the calls in `code` of what it was given, or keeps, by byte offset."""
    if not interesting[code.co_filename] or code.co_qualname in _ANNOUNCED:
        return {}
    found: dict[int, GivenCall] = {}
    all_instructions = instructions = list(dis.get_instructions(code))
    if not any(each.opname in CALLS for each in instructions):
        return found
    depths = depths_of(code, instructions)
    instructions = [each for each in instructions if each.offset in depths]
    for at, call in enumerate(instructions):
        if call.opname in CALLS:
            loader = _loader(instructions, at, depths)
            if loader is None:
                continue
            load = instructions[loader]
            if load.opname in _OF_ATTRIBUTES:
                name, of_attribute = load.argval, True
                owner = instructions[loader - 1]
                if owner.opname == "LOAD_GLOBAL":
                    # A function of a module, or of a class.
                    continue
            elif load.opname in _OF_VARIABLES:
                name, of_attribute = load.argval[-1] if type(load.argval) is tuple else load.argval, False
                if name.lstrip("_") in _BUILTINS:
                    # As a default of an argument: it is found faster.
                    continue
            elif load.opname in _LOOK_UPS:
                name, of_attribute = "", False
            else:
                continue
            looked_up = frozenset() if of_attribute or not name else _put_in(instructions, name)
            argument, depth = call.arg or 0, depths[call.offset]
            path = _path(code, all_instructions, instructions, loader)
            found[call.offset] = GivenCall(call.opname, argument, depth, name, of_attribute, looked_up, path)
    return found


_BUILTINS = frozenset(
    "abs chr dict float getattr hasattr hash id int isinstance issubclass len list max min ord repr str sum tuple "
    "type".split()
)


def _path(
    code: CodeType, every: Sequence[dis.Instruction], instructions: Sequence[dis.Instruction], loader: int
) -> tuple[str, ...]:
    """Return the variable, and the attributes from there on, at which lies from the beginning what is called."""
    attributes: list[str] = []
    while loader and instructions[loader].opname in _OF_ATTRIBUTES:
        attributes.insert(0, instructions[loader].argval)
        loader -= 1
    load = instructions[loader]
    name = load.argval
    if load.opname not in _OF_VARIABLES or type(name) is not str:
        return ()
    single, several = arguments_of(code)
    if name not in code.co_freevars and (name not in single + several or name in code.co_cellvars):
        return ()
    changed = {
        inner
        for each in every
        if each.opname.startswith(("STORE_", "DELETE_"))
        for inner in (each.argval if type(each.argval) is tuple else (each.argval,))
    }
    return () if changed.intersection((name, *attributes)) else (name, *attributes)


def _loader(instructions: Sequence[dis.Instruction], at: int, depths: Mapping[int, int]) -> int | None:
    """Return the position of the instruction that loads what is called at the position `at`."""
    call = instructions[at]
    slot = depths[call.offset] - taken_by(call.opname, call.arg or 0) + 1
    for position in range(at - 1, -1, -1):
        before = instructions[position]
        if depths[instructions[position + 1].offset] == slot + 1 and not _leaves_nothing(before.opname):
            if before.opname != "PUSH_NULL":
                return position
            slot -= 1
    return None


def _leaves_nothing(opname: str) -> bool:
    """Whether an instruction leaves no object on the stack: what lies on top then was there before."""
    return opname in _WITHOUT_EFFECT or (opname.startswith(("POP_", "STORE_", "JUMP_")) and opname not in _OF_VARIABLES)


_WITHOUT_EFFECT = frozenset(("EXTENDED_ARG", "KW_NAMES", "NOP", "NOT_TAKEN", "PRECALL", "RESUME"))


def taken_by(opname: str, argument: int) -> int:
    """Return how many objects a call takes from the stack."""
    if opname == "CALL_FUNCTION_EX":
        return 1 - dis.stack_effect(dis.opmap[opname], argument if dis.opmap[opname] >= dis.HAVE_ARGUMENT else None)
    # The names of the arguments lie above the arguments.
    return argument + 2 + (opname == "CALL_KW")


def _put_in(instructions: Sequence[dis.Instruction], name: str) -> frozenset[str]:
    """Return the attributes that are put in a variable right after they are loaded."""
    found = set()
    for before, store in pairwise(instructions):
        if before.opname == "LOAD_ATTR" and not loads_method(before) and "STORE_" in store.opname:
            names = store.argval if type(store.argval) is tuple else (store.argval,)
            if names[0] == name:
                found.add(before.argval)
    return frozenset(found)


#: By the address of a module's globals: the names under which its classes keep methods written in C of objects of
#: their own.
_own_names: dict[int, frozenset[str]] = {}


def names_of_own_methods(namespace: Mapping[str, Any]) -> frozenset[str]:
    """Return the names under which the classes of a module keep methods written in C of objects of their own."""
    known = _own_names.get(id(namespace))
    if known is None:
        module = namespace.get("__name__")
        known = _own_names[id(namespace)] = frozenset(
            name
            for kind in list(namespace.values())
            if type(kind) is type and kind.__module__ == module
            for name, value in list(vars(kind).items())
            if type(value) is types.BuiltinMethodType or type(value) is types.MethodWrapperType
        )
    return known

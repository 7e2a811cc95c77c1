"""Finds objects that a function makes and keeps for itself, because it uses nothing but their attributes.

`box = Box()` puts an object into a local variable that nothing else refers to. As long as the function only reads and
assigns attributes of the object, and calls methods that do nothing else with it either, no other thread can ever reach
it.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from ..code._followed import Follower
from ..interpreter._opcodes import CALLS, arguments_of, is_function_code, is_resumed, loads_method
from ._types import bases_of, class_holding, is_made_by_a_program, namespace_of


class _Value(NamedTuple):
    """A value that matters: an object, its method about to be called, a class, or what a call of a class gives."""

    kind: str
    name: str


_OBJECT, _METHOD, _GLOBAL, _MADE = "object", "method", "global", "made"
#: Functions that give their caller's variables to other code.
_REVEALING = frozenset("_getframe currentframe dir eval exec globals locals super vars".split())
_TESTS_FOR_NONE = ("POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE", "POP_JUMP_FORWARD_IF_NONE")
_HARMLESS = frozenset((*_TESTS_FOR_NONE, "IS_OP", "POP_TOP", "POP_JUMP_FORWARD_IF_NOT_NONE"))
_PLAIN_CALLS = CALLS - {"CALL_FUNCTION_EX"}
#: Special methods that are called for a new object. The code does not show what the others are called for.
_MAKING = frozenset(("__init__", "__post_init__"))
#: Methods by which a class decides what becomes of its objects without the code showing it.
_SPECIAL = "__new__ __del__ __getattribute__ __getattr__ __setattr__ __delattr__".split()


class Kept(NamedTuple):
    """The uses of the object in one variable."""

    #: The name of the class that is called for it; empty for a method's own object.
    maker: str
    attributes: frozenset[str]
    methods: frozenset[str]
    #: The offsets where its attributes are used, where its methods are called, and where it is assigned.
    uses: frozenset[int]
    calls: frozenset[int]
    assigned: frozenset[int]


def kept_in(code: CodeType) -> dict[str, Kept]:
    """Return the objects that a function keeps for itself, by variable, judged by its own code."""
    if not is_function_code(code) or is_resumed(code) or _REVEALING.intersection(code.co_names):
        return {}
    return _Keeper(code).kept()


def kept_by_method(code: CodeType) -> Kept | None:
    """Return what a method does to its object, or None if it may give the object away."""
    if not code.co_argcount or is_resumed(code) or _REVEALING.intersection(code.co_names):
        return None
    if "__class__" in code.co_freevars:
        return None
    return _Keeper(code, code.co_varnames[0]).kept().get(code.co_varnames[0])


class _Keeper(Follower):
    """Follows the objects in local variables."""

    def __init__(self, code: CodeType, own: str | None = None) -> None:
        """`own` is the argument that holds a method's object."""
        super().__init__(code)
        self._own = own
        #: Variables that hold an object that other code may know.
        self._lost: set[str] = {*code.co_cellvars, *code.co_freevars}
        self._lost.update(name for names in arguments_of(code) for name in names if name != own)
        self._makers: dict[str, set[str]] = {}
        self._attributes: dict[str, set[str]] = {}
        self._methods: dict[str, set[str]] = {}
        self._uses: dict[str, set[int]] = {}
        self._calls: dict[str, set[int]] = {}
        self._assigned: dict[str, set[int]] = {}

    def kept(self) -> dict[str, Kept]:
        self._states()
        found = {}
        own = () if self._own is None else (self._own,)
        for name in {*self._uses, *self._makers, *own} - self._lost:
            makers = {""} if name == self._own else self._makers.get(name, set())
            if len(makers) == 1:
                found[name] = Kept(
                    makers.pop(),
                    frozenset(self._attributes.get(name, ())),
                    frozenset(self._methods.get(name, ())),
                    frozenset(self._uses.get(name, ())),
                    frozenset(self._calls.get(name, ())),
                    frozenset(self._assigned.get(name, ())),
                )
        return found

    def _held(self, name: str) -> _Value:
        return _Value(_OBJECT, name)

    def _leaves(self, instruction: dis.Instruction, taken: list[Any], left: int, stack: list[Any]) -> list[Any]:  # noqa: ARG002
        name, argval, offset = instruction.opname, instruction.argval, instruction.offset
        if name == "LOAD_GLOBAL":
            return [_Value(_GLOBAL, argval)] * left
        if name in ("LOAD_ATTR", "LOAD_METHOD") and _is(taken[0], _OBJECT):
            owner = taken[0].name
            self._uses.setdefault(owner, set()).add(offset)
            known = self._methods if loads_method(instruction) else self._attributes
            known.setdefault(owner, set()).add(argval)
            return [_Value(_METHOD, owner) if loads_method(instruction) else None] * left
        if name in ("STORE_ATTR", "DELETE_ATTR") and _is(taken[-1], _OBJECT):
            owner = taken[-1].name
            self._uses.setdefault(owner, set()).add(offset)
            self._attributes.setdefault(owner, set()).add(argval)
            self._dropped(taken[:-1])
            return []
        if name in _PLAIN_CALLS and _is(taken[0], _METHOD) and taken[0] == taken[1]:
            self._calls.setdefault(taken[0].name, set()).add(offset)
            self._dropped(taken[2:])
            return [None]
        if name in _PLAIN_CALLS and any(_is(value, _GLOBAL) for value in taken[:2]):
            self._dropped(taken[2:])
            return [next(_Value(_MADE, value.name) for value in taken[:2] if _is(value, _GLOBAL))]
        if name not in _HARMLESS:
            self._dropped(taken)
        return [None] * left

    def _stored(self, instruction: dis.Instruction, stack: list[Any]) -> list[Any]:
        name, argval = instruction.opname, instruction.argval
        variable = argval if name == "STORE_FAST" else argval[0]
        value = stack.pop()
        if _is(value, _MADE) and variable != self._own:
            self._makers.setdefault(variable, set()).add(value.name)
            self._assigned.setdefault(variable, set()).add(instruction.offset)
        else:
            self._dropped([value])
            self._lost.add(variable)
        if name == "STORE_FAST_LOAD_FAST":
            return [*stack, _Value(_OBJECT, argval[1])]
        if name == "STORE_FAST_STORE_FAST":
            self._dropped([stack.pop()])
            self._lost.add(argval[1])
        return stack

    def _either(self, value: Any, other: Any) -> Any:
        if value == other:
            return value
        self._dropped([value, other])
        return None

    def _dropped(self, values: list[Any]) -> None:
        self._lost.update(value.name for value in values if _is(value, _OBJECT) or _is(value, _METHOD))


def _is(value: Any, kind: str) -> bool:
    return type(value) is _Value and value.kind == kind


#: A class, a name in it, its value there, and the code of the value if that is a function.
Found = tuple[type, str, Any, Any]
_NOTHING = object()


def what_it_rests_on(kept: Kept, namespace: Mapping[str, Any]) -> tuple[type, list[Found]] | None:
    """Return the class of a kept object and what must not change in it; None if it may give its objects away."""
    kind = namespace.get(kept.maker)
    if type(kind) is not type:
        return None
    bases = bases_of(kind)
    if not all(is_made_by_a_program(base) or base is object for base in bases):
        return None
    if class_holding(kind, "__weakref__") is None:
        # Without weak references, there is no way to notice when the objects die.
        return None
    attributes, methods = set(kept.attributes), set(kept.methods)
    if not _follow(kind, attributes, {*methods, "__init__"}, methods):
        return None
    found: list[Found] = []
    for base in bases[:-1]:
        if any(name in namespace_of(base) for name in _SPECIAL):
            return None
        for name in attributes:
            value = namespace_of(base).get(name, _NOTHING)
            if value is not _NOTHING and type(value) is not types.MemberDescriptorType:
                return None
        for name in (*attributes, *methods, *_SPECIAL, "__init__"):
            value = namespace_of(base).get(name, _NOTHING)
            found.append((base, name, value, _code_of(value)))
    return kind, found


def _follow(kind: type, attributes: set[str], new: set[str], methods: set[str]) -> bool:
    """Add what methods do to their object, and the methods that they call; return False if one may give it away."""
    while new:
        name = new.pop()
        if name.startswith("__") and name not in _MAKING:
            return False
        holder = class_holding(kind, name)
        if holder is None or holder[0] is object:
            if name == "__init__":
                continue
            return False
        if type(holder[1]) is not FunctionType:
            return False
        done = kept_by_method(holder[1].__code__)
        if done is None:
            return False
        attributes |= done.attributes
        new |= done.methods - methods
        methods |= done.methods
    return not any(name.startswith("__") and name.endswith("__") for name in attributes)


def _code_of(value: Any) -> Any:
    return value.__code__ if type(value) is FunctionType else None


def holds_still(found: list[Found]) -> bool:
    """Whether the classes still have what they had."""
    for base, name, value, code in found:
        if namespace_of(base).get(name, _NOTHING) is not value or _code_of(value) is not code:
            return False
    return True

"""The variables that an access concerns for the race detector, and the way in which it accesses each of them.

An attribute, a global, a closure variable or an item is one variable, read or written. A container as a whole is
another one, and there are more ways to access it than those two: what CPython does in one step (a method of a built-in
container, `len`, a copy) cannot be interrupted, while a loop sees what other threads do between its rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...control import Operation, Touches
from ...control.code import OF_ATTRIBUTES, SPECIAL_OF_ATTRIBUTES, SPECIAL_OF_ITEMS
from ...control.identity import class_holding, type_named
from ...control.interpreter import opname_at
from ...control.steps import OPAQUE, WRITES, kinds

#: Ways to access an item, an attribute or the like: a call of a method changes an item in one step.
#: Ways to access a container as a whole: a loop; calls that read or change all of it; accesses to single items.
(
    READ, WRITE, CALL_CHANGES,
    LOOP, CALL_READS, CALL_WRITES, ITEM_CHANGED, ITEM_READ, ITEM_WRITTEN,
) = range(9)  # fmt: skip

#: By way of an access: the ways of other accesses that it must be ordered with.
Rules = dict[int, tuple[int, ...]]

#: Single calls are atomic, and may run in any order.
LENIENT: Rules = {
    READ: (WRITE,),
    WRITE: (READ, WRITE, CALL_CHANGES),
    CALL_CHANGES: (WRITE,),
    LOOP: (CALL_WRITES, ITEM_CHANGED, ITEM_WRITTEN),
    CALL_READS: (),
    CALL_WRITES: (LOOP, ITEM_WRITTEN),
    ITEM_CHANGED: (LOOP,),
    ITEM_READ: (),
    ITEM_WRITTEN: (LOOP, CALL_WRITES),
}
#: All accesses must be ordered, unless both only read.
STRICT: Rules = {
    READ: (WRITE, CALL_CHANGES),
    WRITE: (READ, WRITE, CALL_CHANGES),
    CALL_CHANGES: (READ, WRITE, CALL_CHANGES),
    LOOP: (CALL_WRITES, ITEM_CHANGED, ITEM_WRITTEN),
    CALL_READS: (CALL_WRITES, ITEM_CHANGED, ITEM_WRITTEN),
    CALL_WRITES: (LOOP, CALL_READS, CALL_WRITES, ITEM_CHANGED, ITEM_READ, ITEM_WRITTEN),
    ITEM_CHANGED: (LOOP, CALL_READS, CALL_WRITES),
    ITEM_READ: (CALL_WRITES,),
    ITEM_WRITTEN: (LOOP, CALL_READS, CALL_WRITES),
}

#: The part of a variable that is a closure variable, and of one that is a container as a whole.
CELL, WHOLE = "a closure variable", "all of it"


class Variable(NamedTuple):
    """A part of an object. The object is known by its name in the execution."""

    name: int
    part: Any
    #: Whether the part is `CELL` or `WHOLE` rather than an attribute, a key or an index.
    special: bool = False


#: The forms of accesses, by what the instruction does.
VALUE, CLOSURE, ITEM, CALL, ROUND = range(5)

_NAMED = OF_ATTRIBUTES | SPECIAL_OF_ATTRIBUTES
_FORMS = {
    "BINARY_SUBSCR": ITEM, "STORE_SUBSCR": ITEM, "DELETE_SUBSCR": ITEM,
    "GET_ITER": ROUND, "FOR_ITER": ROUND, "GET_YIELD_FROM_ITER": ROUND, "SEND": ROUND,
}  # fmt: skip


def opname_of(operation: Operation) -> str:
    """Return the name of the instruction that does an access."""
    return opname_at(operation.code, operation.lasti)


def form_of(operation: Operation) -> int:
    """Return the form of an access: `VALUE`, `CLOSURE`, `ITEM`, `CALL` or `ROUND`."""
    opname = opname_of(operation)
    if opname.startswith("BINARY_OP") and operation.name == "[]" and operation.kind == kinds.READ:
        return ITEM
    form = _FORMS.get(opname)
    if form is not None:
        return form
    if opname.endswith("DEREF"):
        return CLOSURE
    if opname.endswith(("_ATTR", "_METHOD", "_GLOBAL")):
        return VALUE
    if operation.name in SPECIAL_OF_ITEMS:
        return ITEM
    return VALUE if operation.name in _NAMED or opname == "MATCH_CLASS" else CALL


def is_attribute(kind: type | None, part: Any) -> bool:
    """Whether a part of an object of type `kind`, touched by a call, is an attribute rather than an item."""
    if kind is None or type(part) is not str or class_holding(kind, "__getitem__") is not None:
        return False
    return class_holding(kind, "__dict__") is not None or class_holding(kind, part) is not None


def variables_of(operation: Operation, touches: Touches) -> Iterator[tuple[Variable, int]]:
    """Yield the variables that an access concerns, each with the way of the access."""
    form = form_of(operation)
    for name, part, how in touches:
        # Without a way to read frames, only the name of an attribute is known, which is not enough to report a race.
        if type(name) is not int or how & OPAQUE:
            continue
        writes = bool(how & WRITES)
        if form == CLOSURE:
            yield Variable(name, CELL, True), WRITE if writes else READ
        elif form == VALUE:
            if part is not None:
                yield Variable(name, part), WRITE if writes else READ
        elif part is None:
            if form == ROUND and not writes:
                yield Variable(name, WHOLE, True), LOOP
            elif not any(other == name and key is not None for other, key, _ in touches):
                yield Variable(name, WHOLE, True), CALL_WRITES if writes else CALL_READS
        elif form == ITEM and not (writes and operation.kind == kinds.READ):
            yield Variable(name, part), WRITE if writes else READ
            yield Variable(name, WHOLE, True), ITEM_WRITTEN if writes else ITEM_READ
        elif is_attribute(type_named(name), part):
            # The attribute is changed by `object.__setattr__` under another name, for example.
            yield Variable(name, part), WRITE if writes else READ
        else:
            yield Variable(name, part), CALL_CHANGES if writes else READ
            yield Variable(name, WHOLE, True), ITEM_CHANGED if writes else ITEM_READ

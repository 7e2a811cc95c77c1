"""The touches of an instruction that is an access, found in the frame that is about to run it.

The operands lie on the frame's value stack, at a depth that the code object determines. If frames cannot be read (see
`_frames`), an access touches everything that has the same name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from ..calls._entering import entering, leaving
from ..identity._generators import visible_in
from ..identity._items import deletion
from ..identity._wholes import contents, iteration
from ..interpreter._frames import layout
from ..interpreter._opcodes import (
    CALLS,
    IN_PLACE,
    REMAINDER,
    SUBSCRIPT,
    UNPACKINGS,
    asks_for_truth,
    formats_with_specification,
    is_module_code,
    specials_of,
)
from ..interpreter._stack_depths import stack_depths, variables_of
from ..steps._operations import Resolver
from ..steps._touches import READS, WRITES
from ._call_operands import foreseen_call, unforeseen_call
from ._resolvers import (
    for_always,
    for_attribute,
    for_attribute_of_super,
    for_by_name,
    for_cell,
    for_comparison,
    for_filling,
    for_if_any,
    for_in_place,
    for_item,
    for_loop,
    for_match_class,
    for_named,
    for_of_one,
    for_of_two,
    for_operator,
    for_returned,
    for_stored_item,
    for_stored_slice,
    for_unpacking,
    membership_of,
    source_of,
    text_of,
    truth_of,
)

_PY314 = sys.version_info >= (3, 14)

#: How far below the top of the stack the owner lies, and the key, by instruction; 0 if there is no key.
_ITEMS = {
    "BINARY_SUBSCR": (2, 1),
    "BINARY_SLICE": (3, 0),
}
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"))
_GLOBALS = frozenset(("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"))


class Operands:
    """Makes the resolvers for one code object."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._depths = {} if layout is None else stack_depths(code)
        self._variables = variables_of(code)
        self._of_module = is_module_code(code)

    def resolver(self, opname: str, argument: int, offset: int, name: str, writes: bool) -> Resolver:
        """Return the resolver of one instruction; `name` is that of the access, or of the attribute or variable."""
        how = WRITES if writes else READS
        if opname in _GLOBALS:
            if self._of_module:
                return for_named(name, how)
            return for_always(((id(self._namespace), name, how),))
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return for_by_name(name, how)
        top = self._variables + depth
        if opname == "LOAD_SUPER_ATTR":
            return for_attribute_of_super(top - 1, name, how)
        if opname in _ATTRIBUTES:
            return for_attribute(top - 1, name, how)
        if opname.endswith("DEREF"):
            return for_cell(argument, how)
        if opname == "BINARY_OP" and argument == SUBSCRIPT:
            opname = "BINARY_SUBSCR"
        if opname == "DELETE_SUBSCR":
            return for_of_two(deletion, top - 2, top - 1, top)
        if opname == "CONTAINS_OP":
            return for_of_two(membership_of, top - 1, top - 2, top)
        if opname == "STORE_SUBSCR":
            return for_stored_item(top - 2, top - 1, top - 3)
        if opname == "STORE_SLICE":
            return for_stored_slice(top - 3, top - 4, top)
        if opname in _ITEMS:
            owner, key = _ITEMS[opname]
            return for_item(top - owner, top - key if key else None, how)
        if opname == "CALL_FUNCTION_EX":
            # The arguments are known only when it is called.
            return unforeseen_call(opname, argument, top)
        if opname in CALLS:
            return foreseen_call(opname, argument, top, name, how)
        if opname == "FOR_ITER":
            return for_loop(top - 1, top)
        if opname == "SEND":
            return for_loop(top - 2, top)
        if opname in ("GET_ITER", "GET_YIELD_FROM_ITER"):
            thing = visible_in(top - 1, top)
            return lambda frame: iteration(thing(frame)) or None
        if opname == "MATCH_CLASS":
            return for_match_class(argument, top)
        # These instructions concern a container only if the object is one.
        if asks_for_truth(opname):
            return for_of_one(truth_of, top - 1, how, top)
        return for_of_one(contents, top - 1, how, top)

    def of_block(self, offset: int, leave_alone: Callable[[], object], *, enters: bool) -> Resolver | None:
        """Return the resolver of an instruction that enters or leaves a `with` block; None if frames cannot be read."""
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return None
        top = self._variables + depth
        if enters:
            return entering(top - 1, leave_alone)
        # Above it lie three arguments; or an exception, the exception before it, and where it was raised.
        return leaving(top - 4, leave_alone, bound=not _PY314)

    def unforeseen(self, opname: str, argument: int, offset: int, *, private_owner: bool = False) -> Resolver | None:
        """Return the resolver of an instruction that is an access only if it finds a container.

        None if frames cannot be read. `private_owner` if the instruction calls a method of a container that no other
        thread can see.
        """
        depth = self._depths.get(offset)
        if layout is None or depth is None:
            return None
        top = self._variables + depth
        if opname in ("STORE_SLICE", "STORE_SUBSCR"):
            return for_if_any(for_of_one(contents, top - (4 if opname == "STORE_SLICE" else 3), READS, top))
        if opname in CALLS:
            return unforeseen_call(opname, argument, top, private_owner=private_owner)
        if opname == "COMPARE_OP":
            return for_comparison(top - 2, top - 1)
        if opname == "BINARY_OP":
            if argument in IN_PLACE and private_owner:
                return for_if_any(for_of_one(source_of, top - 1, READS, top))
            if argument in IN_PLACE:
                return for_in_place(argument, top)
            if argument == REMAINDER:
                return for_if_any(for_filling(top - 2, top - 1))
            return for_operator(specials_of(argument), top - 2, top - 1)
        if opname == "RETURN_VALUE":
            return for_returned(top - 1)
        if opname == "YIELD_VALUE":
            return for_if_any(for_of_one(source_of, top - 1, READS, top))
        if asks_for_truth(opname):
            return for_if_any(for_of_one(truth_of, top - 1, READS, top))
        if opname in UNPACKINGS:
            return for_unpacking(top - 1, top)
        below = 2 if formats_with_specification(opname, argument) else 1
        return for_if_any(for_of_one(text_of, top - below, READS, top))

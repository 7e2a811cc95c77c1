"""The instructions of a code object that are accesses to state that threads can share.

Everything here is decided from the code object, its file and, for names of modules, its globals; never from values that
a test computes. So the scheduling points of a program are the same in every execution and every process.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from ..code._file_facts import NO_FACTS, FileFacts
from ..code._implicit import implicit_accesses, tested_by
from ..code._instructions import Instruction, instructions_of, span_of
from ..code._iterations import has_iterator, iterates_private
from ..code._methods import (
    READING_BUILTINS,
    READING_METHODS,
    READING_OPERATORS,
    SYNC_METHODS,
    WRITING_BUILTINS,
    WRITING_METHODS,
    WRITING_OPERATORS,
)
from ..interpreter._opcodes import (
    CALLS,
    IN_PLACE,
    SUBSCRIPT,
    enters,
    exits,
    is_generator_code,
    is_module_code,
    loads_method,
)
from ..scope._modules import is_module, namespace_of_module
from ..steps._kinds import DELETE, ITERATE, READ, WRITE, Kind
from ..steps._operations import Operation, Resolver
from ._operands import Operands
from ._unforeseen import is_message_of_pytest, unforeseen_accesses

_PY314 = sys.version_info >= (3, 14)

_STORES = {
    "STORE_ATTR": WRITE,
    "DELETE_ATTR": DELETE,
    "STORE_SUBSCR": WRITE,
    "DELETE_SUBSCR": DELETE,
    "STORE_SLICE": WRITE,
    "STORE_GLOBAL": WRITE,
    "DELETE_GLOBAL": DELETE,
    "STORE_DEREF": WRITE,
    "DELETE_DEREF": DELETE,
}
_LOADS = {
    "LOAD_ATTR": READ,
    "LOAD_METHOD": READ,
    "LOAD_SUPER_ATTR": READ,
    "BINARY_SUBSCR": READ,
    "BINARY_SLICE": READ,
    "CONTAINS_OP": READ,
    "LOAD_GLOBAL": READ,
    "LOAD_DEREF": READ,
    "LOAD_CLASSDEREF": READ,
    "LOAD_FROM_DICT_OR_DEREF": READ,
    "GET_ITER": ITERATE,
    "FOR_ITER": ITERATE,
}
#: Instructions that access an object under a name, as in `name[key]` and `name.method()`. What they access is private
#: if the object under the name is.
_THROUGH = CALLS | {"BINARY_SUBSCR", "BINARY_SLICE", "STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR", "BINARY_OP"}
#: Instructions of modules and classes, and what the names of the instructions for globals or local variables begin
#: with.
_OF_NAMES = {"LOAD_NAME": "LOAD_", "STORE_NAME": "STORE_", "DELETE_NAME": "DELETE_"}
_STORES_OF_NAMES = frozenset(("STORE_NAME", "DELETE_NAME"))


class Accesses(NamedTuple):
    """The operations of a code object that are scheduling points."""

    #: By byte offset.
    table: dict[int, Operation]
    #: The offsets of those that are none if they find only numbers and texts.
    unforeseen: frozenset[int]


def accesses_of(code: CodeType, namespace: Mapping[str, Any], facts: FileFacts | None) -> Accesses:
    """Return the accesses of `code`; the module's globals, `namespace`, show which names are data."""
    return _Analysis(code, namespace, facts or NO_FACTS, facts is not None).run()


class _Analysis:
    def __init__(self, code: CodeType, namespace: Mapping[str, Any], facts: FileFacts, known: bool) -> None:
        self.code = code
        self.namespace = namespace
        self.facts = facts
        self.known = known
        found_instructions = instructions_of(code)
        #: The variables of a module, or of a class, that its code assigns.
        self.own_names = {found.argval for found in found_instructions if found.opname in _STORES_OF_NAMES}
        self.instructions = [
            Instruction(self._as_in_a_function(found), found.arg or 0, found.argval, found.offset, span_of(found))
            for found in found_instructions
        ]
        self.operands = Operands(code, namespace)
        self.table: dict[int, Operation] = {}
        #: Callables waiting for their call: the start of the call expression, and the kind of the access, whether it
        #: writes, and its name; or None.
        self.pending: list[tuple[tuple[int | None, int | None], tuple[Kind, bool, str] | None]] = []

    def _as_in_a_function(self, instruction: dis.Instruction) -> str:
        """Return the name of the instruction that does the same in a function.

        A function has a different instruction for each kind of variable.
        """
        name = instruction.opname
        if name not in _OF_NAMES:
            return name
        if is_module_code(self.code):
            return _OF_NAMES[name] + "GLOBAL"
        # A class body's own variables belong to no other code.
        return _OF_NAMES[name] + ("FAST" if instruction.argval in self.own_names else "GLOBAL")

    def run(self) -> Accesses:
        #: The span of the expression, in a comprehension or a generator expression.
        whole = next((found.span for found in self.instructions if found.argval == ".0"), None)
        private_iterators = whole in self.facts.private.loops
        for index, instruction in enumerate(self.instructions):
            name = instruction.opname
            if name in _STORES:
                self._store(instruction)
            elif name in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
                self._load_attribute(index, instruction)
            elif name == "LOAD_GLOBAL":
                self._load_global(index, instruction)
            elif name in CALLS:
                self._call(instruction)
            elif name in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"):
                if self._cell_is_shared(instruction.argval) or self._is_tested(index):
                    self._add(instruction, READ, False, instruction.argval)
                self._may_be_called(instruction, None)
            elif name == "GET_ITER" and not has_iterator(self.instructions, index):
                names = self.facts.private.names
                private_iterators = instruction.span in names or iterates_private(self.instructions, index, names)
                if not private_iterators:
                    self._add(instruction, ITERATE, False, "")
            elif name in ("GET_YIELD_FROM_ITER", "SEND"):
                if is_generator_code(self.code):
                    self._add(instruction, ITERATE, False, "")
            elif name == "FOR_ITER":
                if not private_iterators:
                    self._add(instruction, ITERATE, False, "")
                private_iterators = False
            elif name == "CONTAINS_OP":
                if not self._is_of_assertion(index):
                    self._add(instruction, READ, False, "[]")
            elif name in ("BINARY_SUBSCR", "BINARY_SLICE") or (
                _PY314 and name == "BINARY_OP" and instruction.arg == SUBSCRIPT
            ):
                self._add(instruction, READ, False, "[]")
        for implicit in implicit_accesses(self.instructions, self.facts.private.names):
            if implicit.instruction.offset not in self.table:
                kind = implicit.kind
                self._add(implicit.instruction, kind, kind == WRITE, "[]", announced=implicit.announced)
        unforeseen: set[int] = set()
        self._find_blocks()
        for instruction in unforeseen_accesses(self.code, self.instructions, self.facts, self.namespace):
            if instruction.offset not in self.table:
                private = instruction.opname in _THROUGH and instruction.span in self.facts.private.accesses
                touch = self.operands.unforeseen(
                    instruction.opname, instruction.arg, instruction.offset, private_owner=private
                )
                if touch is not None:
                    changes = instruction.opname == "BINARY_OP" and instruction.arg in IN_PLACE and not private
                    kind = WRITE if changes else READ
                    self._put(instruction, Operation(kind, None, self.code, instruction.offset, changes, "[]"), touch)
                    unforeseen.add(instruction.offset)
        return Accesses(self.table, frozenset(unforeseen))

    def _find_blocks(self) -> None:
        """Add the instructions that enter `with` blocks, and those that leave them."""
        for at, instruction in enumerate(self.instructions):
            entered = enters(self.instructions, at)
            if entered or exits(self.instructions, at):
                offset = instruction.offset
                leave_alone = functools.partial(self.table.pop, offset, None)
                touch = self.operands.of_block(offset, leave_alone, enters=entered)
                if touch is not None:
                    self._put(instruction, Operation(READ, None, self.code, offset, mutates=False, name="[]"), touch)

    def _add(self, instruction: Instruction, kind: Kind, mutates: bool, name: str, announced: bool = True) -> None:
        private = self.facts.private
        if instruction.span in (private.accesses if instruction.opname in _THROUGH else private.names):
            return
        operation = Operation(kind, None, self.code, instruction.offset, mutates=mutates, name=name)
        operation.announced = announced
        offset = instruction.offset
        self._put(
            instruction, operation, self.operands.resolver(instruction.opname, instruction.arg, offset, name, mutates)
        )

    def _put(self, instruction: Instruction, operation: Operation, touch: Resolver) -> None:
        operation.touch = touch
        self.table[instruction.offset] = operation

    def _store(self, instruction: Instruction) -> None:
        name = instruction.opname
        if name.endswith("_DEREF") and not self._cell_is_shared(instruction.argval):
            return
        label = instruction.argval if isinstance(instruction.argval, str) else "[]"
        self._add(instruction, _STORES[name], True, label)

    def _cell_is_shared(self, name: str) -> bool:
        if name in ("__class__", "__classdict__"):
            return False
        return not self.known or name in self.facts.assigned_cells

    def _is_of_assertion(self, index: int) -> bool:
        """Whether pytest looks up a name there, to describe an `assert` that has failed."""
        return (
            index >= 3
            and self.instructions[index - 1].opname in CALLS
            and self.instructions[index - 2].argval == "locals"
            and is_message_of_pytest(self.instructions, index - 2)
        )

    def _is_tested(self, index: int) -> bool:
        """Whether the loaded object is tested at once for being true: for a container, whether it has any items."""
        return tested_by(self.instructions, index) is not None

    def _load_global(self, index: int, instruction: Instruction) -> None:
        name = instruction.argval
        may_change = not self.known or self._is_tested(index)
        if (
            name in self.own_names
            or name in self.facts.assigned_globals
            or (may_change and not self._is_fixed_global(name))
        ):
            self._add(instruction, READ, False, name)
        effect: tuple[Kind, bool, str] | None = None
        if name not in self.namespace:
            if name in READING_BUILTINS:
                effect = (READ, False, name)
            elif name in WRITING_BUILTINS:
                effect = (WRITE, True, name)
        self._may_be_called(instruction, effect)

    def _is_fixed_global(self, name: str) -> bool:
        return name not in self.namespace or _is_fixed(self.namespace[name])

    def _load_attribute(self, index: int, instruction: Instruction) -> None:
        name = instruction.argval
        as_method = loads_method(instruction)
        effect: tuple[Kind, bool, str] | None = None
        if is_message_of_pytest(self.instructions, index):
            pass
        elif self._loads_from_module(index):
            # A function of a module that is assigned, or patched, in the same file is data.
            is_replaced = name in self.facts.assigned_attributes
            if is_replaced or (not as_method and not self._is_fixed_module_member(index)):
                self._add(instruction, READ, False, name)
            elif getattr(self._static_owner(index), "__name__", None) == "operator":
                if name in WRITING_OPERATORS:
                    effect = (WRITE, True, f".{name}()")
                elif name in READING_OPERATORS:
                    effect = (READ, False, f".{name}()")
        elif as_method:
            if name in self.facts.assigned_attributes or (
                name in self.facts.initial_attributes and name not in self.facts.methods
            ):
                # A callable kept in an attribute, which other code can replace, perhaps in another file.
                self._add(instruction, READ, False, name)
            elif name in WRITING_METHODS:
                effect = (WRITE, True, f".{name}()")
            elif name in READING_METHODS:
                effect = (READ, False, f".{name}()")
        elif not self._is_method_reference(name) and not self._is_lock_of_step(index, name):
            self._add(instruction, READ, False, name, announced=not self._is_folded(index, name))
        self._may_be_called(instruction, effect)

    def _is_method_reference(self, name: str) -> bool:
        """Whether a bound method is taken without being called, as in `Thread(target=self.work)`."""
        facts = self.facts
        return name in facts.methods and name not in facts.assigned_attributes and name not in facts.initial_attributes

    def _is_folded(self, index: int, name: str) -> bool:
        """Whether the load only fetches the owner of the next access, from an attribute that is rarely replaced.

        `self.items` in `self.items.append(x)` is no scheduling point of its own if `__init__` alone, in the whole file,
        assigns the attribute. Code in another file may do so, though.
        """
        following = self._following(index, name)
        if following is None or following.opname in ("GET_ITER", "COPY"):
            return following is not None
        return following.opname in ("LOAD_ATTR", "LOAD_METHOD") and (
            following.argval in WRITING_METHODS or following.argval in READING_METHODS
        )

    def _is_lock_of_step(self, index: int, name: str) -> bool:
        """Whether the load only fetches a lock that is never replaced, as in `with self.lock:`.

        It does so in `self.lock.acquire()`, too.
        """
        following = self._following(index, name)
        if following is None:
            return False
        if following.opname == "BEFORE_WITH":
            return True
        if following.opname == "COPY":
            # A `with` from 3.14 on.
            return any(later.opname == "LOAD_SPECIAL" for later in self.instructions[index + 2 : index + 3])
        return (
            following.opname in ("LOAD_ATTR", "LOAD_METHOD")
            and following.argval in SYNC_METHODS
            and following.argval not in WRITING_METHODS
            and following.argval not in READING_METHODS
        )

    def _following(self, index: int, name: str) -> Instruction | None:
        """Return the next instruction if `__init__` alone assigns the attribute that is loaded, else None."""
        if name not in self.facts.initial_attributes or index + 1 >= len(self.instructions):
            return None
        return self.instructions[index + 1]

    def _loads_from_module(self, index: int) -> bool:
        return is_module(self._static_owner(index))

    def _static_owner(self, index: int) -> Any:
        """Return the module, or the module's member, that an attribute is loaded from, if names alone determine it."""
        path: list[str] = []
        at = index - 1
        while at >= 0:
            before = self.instructions[at]
            if before.opname == "LOAD_ATTR":
                path.append(before.argval)
                at -= 1
                continue
            if before.opname != "LOAD_GLOBAL":
                return None
            value = self.namespace.get(before.argval)
            for name in reversed(path):
                if not is_module(value):
                    return None
                value = namespace_of_module(value).get(name)
            return value
        return None

    def _is_fixed_module_member(self, index: int) -> bool:
        owner = self._static_owner(index)
        return _is_fixed(namespace_of_module(owner).get(self.instructions[index].argval))

    def _may_be_called(self, instruction: Instruction, effect: tuple[Kind, bool, str] | None) -> None:
        self.pending.append((instruction.span[:2], effect))

    def _call(self, instruction: Instruction) -> None:
        """Find the callable of a call by the start of the call expression; what it does to data is an access."""
        start = instruction.span[:2]
        if start == (None, None):
            return
        for position in range(len(self.pending) - 1, -1, -1):
            if self.pending[position][0] == start:
                effect = self.pending[position][1]
                del self.pending[position:]
                if effect is not None:
                    kind, mutates, name = effect
                    self._add(instruction, kind, mutates, name)
                return


def _is_fixed(value: Any) -> bool:
    """Whether a module's member is a definition rather than data, by its type alone: it may be a lazy module."""
    return value is None or issubclass(type(value), (ModuleType, FunctionType, BuiltinFunctionType, type))

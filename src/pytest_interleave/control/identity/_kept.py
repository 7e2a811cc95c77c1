"""Leaves objects alone that a function makes and keeps for itself: no other thread can reach them.

See `_keeping`. That an object is one of those is found out anew for each, where it is put into its variable: nothing
else may refer to it then, and its class has to be what it was. Accesses to its attributes are no steps from then on.
Where the function itself uses them, nothing is looked at any more, unless one of its objects turns out to be none.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..interpreter._frames import UNMARKED, frames, object_at, types_at, words_from
from ..interpreter._stack_depths import stack_depths, variables_of
from ..steps._kinds import KEEP
from ..steps._operations import Operation
from ._keeping import Found, Kept, holds_still, kept_by_method, kept_in, what_it_rests_on
from ._object_names import attributes_at, forgetting, name_of
from ._types import bases_of
from ._written import in_scope

if TYPE_CHECKING:
    from ..code._file_facts import FileFacts
    from ..steps._touches import Touches

#: What `attributes_at` has of an object that is left alone: nothing is touched.
LEFT_ALONE: dict[str, Touches] = {}
#: Of classes that something was assigned to in this execution that their objects rest on.
_changed: set[int] = set()
forgetting.append(_changed.clear)


class _LeftAlone:
    """Accesses of a code object that are left alone."""

    #: Whether `begin` is to be called where the code begins.
    minds_start = False

    def __init__(self, code: CodeType, table: dict[int, Operation], changed: Callable[[CodeType], None]) -> None:
        """`table` has the accesses of `code`; `changed` is called with it when it has got more of them."""
        self._code = code
        self._table = table
        self._changed = changed
        self._operations: dict[int, Operation] = {}

    def begin(self, frame: FrameType) -> None:
        """A call of the code is about to begin, in `frame`."""

    def _leave_alone(self, offsets: Iterable[int]) -> None:
        for offset in offsets:
            operation = self._table.pop(offset, None)
            if operation is not None:
                self._operations[offset] = operation

    def give_up(self) -> None:
        """Look at all of them: one of the objects may be known to others."""
        self.minds_start = False
        if self._operations:
            self._table.update(self._operations)
            self._operations.clear()
            self._changed(self._code)


class KeptObjects(_LeftAlone):
    """Those that a function makes, and what it does to them."""

    def __init__(
        self,
        code: CodeType,
        table: dict[int, Operation],
        changed: Callable[[CodeType], None],
        namespace: Mapping[str, Any],
        facts: FileFacts,
        unforeseen: frozenset[int],
    ) -> None:
        """`unforeseen` are accesses that are none where a function in scope is called."""
        super().__init__(code, table, changed)
        self._found: list[Found] = []
        for kept in kept_in(code).values():
            known = None if kept.maker in facts.assigned_globals else what_it_rests_on(kept, namespace)
            if known is not None:
                self._keep(kept, unforeseen, *known)
        if self._found:
            _all.add(self)

    @property
    def exist(self) -> bool:
        """Whether there are any."""
        return bool(self._found)

    def _keep(self, kept: Kept, unforeseen: frozenset[int], kind: type, found: list[Found]) -> None:
        depths = stack_depths(self._code)
        if not all(offset in depths and offset not in self._table for offset in kept.assigned):
            return
        self._found += found
        self._leave_alone(kept.uses)
        if all(in_scope(value) for _, name, value, code in found if name in kept.methods and code is not None):
            self._leave_alone(kept.calls & unforeseen)
        for _, name, _, code in found:
            if code is not None and name != "__init__":
                _methods[id(code)] = code
        for offset in kept.assigned:
            operation = self._table[offset] = Operation(KEEP, None, self._code, offset, mutates=False)
            operation.touch = self._assignment(variables_of(self._code) + depths[offset] - 1, kind, found)

    def _assignment(self, slot: int, kind: type, found: list[Found]) -> Callable[[FrameType], None]:
        slots = words_from(slot)

        def touch(frame: FrameType) -> None:
            word = slots[frames[id(frame) >> 3] >> 3]
            if (
                types_at[word >> 3] == id(kind)
                and _is_known_to_nobody(word & UNMARKED)
                and holds_still(found)
                and _changed.isdisjoint(map(id, bases_of(kind)))
            ):
                # Something may be known of it: what `__init__` did.
                attributes_at[word >> 3] = LEFT_ALONE
            else:
                self.give_up()

        return touch

    def rest_on(self, kind: type, name: str) -> bool:
        """Whether it matters that a class has something else by that name."""
        return any(base is kind and known == name for base, known, _, _ in self._found)


class KeptByMethod(_LeftAlone):
    """The object of a method that was called for one that is kept, as long as it is called for no other."""

    def __init__(self, code: CodeType, table: dict[int, Operation], changed: Callable[[CodeType], None]) -> None:
        super().__init__(code, table, changed)
        kept = kept_by_method(code)
        if kept is not None and len(kept.uses & table.keys()) >= _WORTH_IT:
            self._leave_alone(kept.uses)
            self.minds_start = True
            _all.add(self)

    def begin(self, frame: FrameType) -> None:
        """See `_LeftAlone.begin`."""
        if attributes_at[_arguments[frames[id(frame) >> 3] >> 3] >> 3] is not LEFT_ALONE:
            self.give_up()

    def rest_on(self, kind: type, name: str) -> bool:  # noqa: ARG002
        """It does on whatever the functions that call it rest on."""
        return False


#: To look at the object where the method begins costs as much as an access or two.
_WORTH_IT = 2
_arguments = words_from(0)
#: The code of methods of objects that are kept, by `id`.
_methods: dict[int, CodeType] = {}
_all: weakref.WeakSet[KeptObjects | KeptByMethod] = weakref.WeakSet()


def is_method_of_kept(code: CodeType) -> bool:
    """Whether a function that was seen before keeps objects that have `code` as a method."""
    return id(code) in _methods


def class_assigned(kind: type, name: str) -> None:
    """An attribute of a class is about to be assigned: methods may be others from now on."""
    if any(kept.rest_on(kind, name) for kept in list(_all)):
        _changed.add(id(kind))
        for kept in list(_all):
            kept.give_up()
        for address in [address for address, known in attributes_at.items() if known is LEFT_ALONE]:
            del attributes_at[address]


def _is_known_to_nobody(address: int) -> bool:
    """Whether nothing refers to an object but the value stack, and what keeps its name; and that knows when it dies."""
    thing = object_at(address)
    # Where the interpreter marks a reference, it is not counted.
    return sys.getrefcount(thing) <= _REFERENCES and name_of(thing) < 0 and weakref.getweakrefcount(thing) == 1


def _references() -> int:
    """How many references to an object are counted that is in a local variable alone, while they are asked for."""
    thing = object()
    return sys.getrefcount(thing)


#: The stack's comes on top.
_REFERENCES = _references() + 1

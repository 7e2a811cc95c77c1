"""Leaves objects alone that a function makes and keeps for itself: no other thread can reach them.

See `_keeping`. Whether an object is one of these is checked for each object, when it is put into its variable: nothing
else may refer to it then, and its class must be what it was. From then on, accesses to its attributes are no steps. The
function's own accesses are not inspected at all any more, unless one of its objects turns out not to be kept.
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

#: The entry in `attributes_at` of an object that is left alone: nothing is touched.
LEFT_ALONE: dict[str, Touches] = {}
#: The addresses of classes to which this execution assigned something that their objects rely on.
_changed: set[int] = set()
forgetting.append(_changed.clear)


class _LeftAlone:
    """The accesses of a code object that are left alone."""

    #: Whether `begin` must be called when the code begins.
    minds_start = False

    def __init__(self, code: CodeType, table: dict[int, Operation], changed: Callable[[CodeType], None]) -> None:
        """`table` has the accesses of `code`; `changed(code)` is called when accesses are put back into it."""
        self._code = code
        self._table = table
        self._changed = changed
        self._operations: dict[int, Operation] = {}

    def begin(self, frame: FrameType) -> None:
        """Note that a call of the code is about to begin in `frame`."""

    def _leave_alone(self, offsets: Iterable[int]) -> None:
        for offset in offsets:
            operation = self._table.pop(offset, None)
            if operation is not None:
                self._operations[offset] = operation

    def give_up(self) -> None:
        """Put all accesses back into the table: one of the objects may be known to others."""
        self.minds_start = False
        if self._operations:
            self._table.update(self._operations)
            self._operations.clear()
            self._changed(self._code)


class KeptObjects(_LeftAlone):
    """The objects that a function makes and keeps, and its accesses to them."""

    def __init__(
        self,
        code: CodeType,
        table: dict[int, Operation],
        changed: Callable[[CodeType], None],
        namespace: Mapping[str, Any],
        facts: FileFacts,
        unforeseen: frozenset[int],
    ) -> None:
        """`unforeseen` has the offsets of accesses that are none if they call a function in scope."""
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
        """Whether there are any such objects."""
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
                and _is_known_to_no_other(word & UNMARKED)
                and holds_still(found)
                and _changed.isdisjoint(map(id, bases_of(kind)))
            ):
                # There may be an entry already: for what `__init__` did.
                attributes_at[word >> 3] = LEFT_ALONE
            else:
                self.give_up()

        return touch

    def rest_on(self, kind: type, name: str) -> bool:
        """Whether it matters that a class gets another value for this name."""
        return any(base is kind and known == name for base, known, _, _ in self._found)


class KeptByMethod(_LeftAlone):
    """The accesses of a method to its object, as long as the method is called for kept objects only."""

    def __init__(self, code: CodeType, table: dict[int, Operation], changed: Callable[[CodeType], None]) -> None:
        super().__init__(code, table, changed)
        kept = kept_by_method(code)
        if kept is not None and len(kept.uses & table.keys()) >= _WORTH_IT:
            self._leave_alone(kept.uses)
            self.minds_start = True
            _all.add(self)

    def begin(self, frame: FrameType) -> None:
        """Put all accesses back if the method is called for an object that is not kept."""
        if attributes_at[_arguments[frames[id(frame) >> 3] >> 3] >> 3] is not LEFT_ALONE:
            self.give_up()

    def rest_on(self, kind: type, name: str) -> bool:  # noqa: ARG002
        """Return False: the functions that call the method rely on its class."""
        return False


#: A method with fewer accesses than this is not left alone: to check its object at the beginning costs as much as an
#: access or two.
_WORTH_IT = 2
_arguments = words_from(0)
#: The code of methods of kept objects, by `id`.
_methods: dict[int, CodeType] = {}
_all: weakref.WeakSet[KeptObjects | KeptByMethod] = weakref.WeakSet()


def is_method_of_kept(code: CodeType) -> bool:
    """Whether a function that was seen before keeps objects that have `code` as a method."""
    return id(code) in _methods


def class_assigned(kind: type, name: str) -> None:
    """Note that an attribute of a class is about to be assigned: its methods may be others from now on."""
    if any(kept.rest_on(kind, name) for kept in list(_all)):
        _changed.add(id(kind))
        for kept in list(_all):
            kept.give_up()
        for address in [address for address, known in attributes_at.items() if known is LEFT_ALONE]:
            del attributes_at[address]


def _is_known_to_no_other(address: int) -> bool:
    """Whether nothing refers to an object but the value stack and the weak reference that keeps its name."""
    thing = object_at(address)
    # A reference that the interpreter marks is not counted.
    return sys.getrefcount(thing) <= _REFERENCES and name_of(thing) < 0 and weakref.getweakrefcount(thing) == 1


def _references() -> int:
    """Return the reference count of an object that only a local variable holds, as it is while it is asked for."""
    thing = object()
    return sys.getrefcount(thing)


#: The reference on the value stack is added.
_REFERENCES = _references() + 1

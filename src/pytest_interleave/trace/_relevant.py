"""The steps of an execution that are worth showing: those by which threads affect each other."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

from ..control import Operation, Step, Touches, is_ours, is_stdlib
from ..control.steps import WRITES, kinds
from .causes._look_ups import ends_look_up
from .causes._of_primitives import is_primitive
from .causes._overlaps import is_fetch

_RUNNER = f"{os.sep}_pytest{os.sep}"
#: The key for an object that is touched as a whole.
_WHOLE = object()


class Relevant:
    """The uses of objects and primitives in one execution, which decide for each step whether it is shown.

    `pending` is what threads wait to do at the end.
    """

    def __init__(self, log: Sequence[Step], pending: Sequence[Step] = ()) -> None:
        #: By object and part: the threads that touched it, and those that changed it; for None, of all parts.
        self._touched: dict[Any, dict[Any, _Users]] = {}
        #: By address of a primitive: the threads that use it.
        self._users: dict[int, set[int]] = {}
        for unit, operation, touches in itertools.chain(log, pending):
            if operation.is_access:
                for key, part, how in touches or ():
                    if is_primitive(key):
                        continue
                    parts = self._touched.setdefault(key, {None: _Users(), _WHOLE: _Users()})
                    for at in (_WHOLE if part is None else part, None):
                        users = parts.get(at)
                        if users is None:
                            users = parts[at] = _Users()
                        users.add(unit.index, changes=bool(how & WRITES))
            else:
                self._users.setdefault(id(operation.target), set()).add(unit.index)

    def shows(self, step: Step) -> bool:
        """Whether a step is an access that conflicts with another thread's, or uses a primitive that several use."""
        unit, operation, touches = step
        if operation.is_access:
            hides = ends_look_up(operation, touches) or is_fetch(operation)
            return not hides and self._is_contested(unit.index, touches)
        if operation.kind in (kinds.HELD_UP, kinds.AWAIT):
            return True
        if operation.kind in kinds.HIDDEN or is_elsewhere(operation):
            return False
        return operation.kind in kinds.OF_THREADS or len(self._users.get(id(operation.target), ())) > 1

    def is_private(self, step: Step) -> bool:
        """Whether a step in scope is not shown because it affects no other thread."""
        operation = step[1]
        return operation.kind not in kinds.HIDDEN and not is_elsewhere(operation) and not self.shows(step)

    def _is_contested(self, thread: int, touches: Touches | None) -> bool:
        """Whether an access touches what another thread touches as well, and one of them changes it."""
        for key, part, how in touches or ():
            parts = self._touched.get(key)
            if parts is None:
                continue
            # Different parts do not conflict; the object as a whole conflicts with each part.
            for at in (None,) if part is None else (part, _WHOLE):
                users = parts.get(at)
                if users is not None and users.conflict_with(thread, changes=bool(how & WRITES)):
                    return True
        return False


class _Users:
    """The threads that touched a part of an object, and those that changed it."""

    __slots__ = ("_changed", "_touched")

    def __init__(self) -> None:
        self._touched: set[int] = set()
        self._changed: set[int] = set()

    def add(self, thread: int, *, changes: bool) -> None:
        self._touched.add(thread)
        if changes:
            self._changed.add(thread)

    def conflict_with(self, thread: int, *, changes: bool) -> bool:
        """Whether another thread touched it, and one of the two changes it."""
        others = self._touched if changes else self._changed
        return len(others) > (thread in others)


def is_elsewhere(operation: Operation) -> bool:
    """Whether a step has only a line of a test runner or a library to show, as those that run the test's body have."""
    filename = operation.where().filename
    return is_ours(filename) or is_stdlib(filename) or _RUNNER in filename

"""Which steps of an execution are worth showing: those that threads do to each other."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..control import HELD_UP, Operation, Step, Touches, is_ours, is_stdlib
from ..control._touches import WRITES

_RUNNER = f"{os.sep}_pytest{os.sep}"
#: Steps that say nothing to people.
_SILENT = frozenset(("poll", "begin", "enter", "leave", "acted", "broken"))
#: Of every thread, as a rule.
_OF_THREADS = frozenset(("start", "join", "is_alive?", "threads?"))


class Relevant:
    """Looks through the log of one execution, and what threads wait to do in its end; then answers for each step."""

    def __init__(self, log: Sequence[Step], pending: Sequence[Step] = ()) -> None:
        #: By object, by part of it: the threads that touched it, each with whether it changed it.
        self._touched: dict[Any, dict[Any, dict[int, bool]]] = {}
        #: By address of a primitive: the threads that use it.
        self._users: dict[int, set[int]] = {}
        for task, operation, touches in itertools.chain(log, pending):
            if operation.is_access:
                for key, part, how in touches or ():
                    threads = self._touched.setdefault(key, {}).setdefault(part, {})
                    threads[task.index] = threads.get(task.index, False) or bool(how & WRITES)
            else:
                self._users.setdefault(id(operation.target), set()).add(task.index)

    def shows(self, step: Step) -> bool:
        """Whether an access conflicts with one of another thread, or a primitive is used by several."""
        task, operation, touches = step
        if operation.is_access:
            return self._is_contested(task.index, touches)
        if operation.kind == HELD_UP:
            return True
        if operation.kind in _SILENT or _is_elsewhere(operation):
            return False
        return operation.kind in _OF_THREADS or len(self._users.get(id(operation.target), ())) > 1

    def _is_contested(self, thread: int, touches: Touches | None) -> bool:
        """Whether an access touches what another thread touches as well, and one of them changes it."""
        return any(
            _is_contested(self._touched.get(key, {}), part, thread, bool(how & WRITES))
            for key, part, how in touches or ()
        )


def _is_contested(parts: Mapping[Any, Mapping[int, bool]], part: Any, thread: int, writes: bool) -> bool:
    # Parts that are not the same do not conflict; all of it conflicts with each part.
    alike = parts.values() if part is None else (parts.get(part, {}), parts.get(None, {}))
    return any(index != thread and (changes or writes) for threads in alike for index, changes in threads.items())


def _is_elsewhere(operation: Operation) -> bool:
    """What only has a test runner's line to show says nothing: the threads that run the test's body."""
    filename = operation.where().filename
    return is_ours(filename) or is_stdlib(filename) or _RUNNER in filename

"""Calls of queues, futures and pools of the standard library, which consist of steps on their own locks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...control import Operation, Place, Step, is_stdlib

#: Queues that are made of locks and conditions.
_QUEUES = frozenset(("Queue", "LifoQueue", "PriorityQueue"))
#: Classes whose objects have locks and conditions of their own.
_OWNERS = _QUEUES | {"Future"}
_POOLS = frozenset(("Executor", "ThreadPoolExecutor", "ProcessPoolExecutor"))
_FUNCTIONS = frozenset(("as_completed", "wait"))
#: Internal methods, and those that programs call in their place.
_PUBLIC = {"_adjust_thread_count": "submit", "_start_executor_manager_thread": "submit"}
_FUTURES = f"{os.sep}concurrent{os.sep}futures{os.sep}"


class LibraryCalls:
    """The calls of the standard library that the steps of one execution are in."""

    def __init__(self, log: Sequence[Step]) -> None:
        #: By the step's position, the class and the method; the class is empty for a function.
        self._calls: dict[int, tuple[str, str]] = {}
        #: By thread, the place in the program of its last step in such a call, and that call.
        last: dict[int, tuple[Place, tuple[str, str]]] = {}
        for position, (unit, operation, _) in enumerate(log):
            if operation.target is None:
                continue
            call = _call(operation)
            place = operation.where()
            before = last.pop(unit.index, None)
            if call is None and before is not None and before[0] == place and _is_of_library(operation):
                # A condition's own method, for example.
                call = before[1]
            if call is not None:
                self._calls[position] = call
                last[unit.index] = place, call
        #: The addresses of the locks and conditions that queues and futures are made of.
        self._inner = {
            id(target)
            for position, (owner, _) in self._calls.items()
            if owner in _OWNERS
            for target in (log[position][1].target, getattr(log[position][1].target, "_lock", None))
            if target is not None
        }

        #: The addresses of the primitives by which pools hand tasks to their threads.
        self._of_pools = {
            id(operation.target) for _, operation, _ in log if operation.target is not None and _is_of_pool(operation)
        }

    def method_at(self, position: int) -> str:
        """Return the method that a step is in: "get"; empty if it is in none."""
        return self._calls.get(position, ("", ""))[1]

    def method_of(self, operation: Operation) -> str:
        """Return the method that an operation is in which a thread still waits to do; empty if it is in none."""
        call = _call(operation)
        return "" if call is None else call[1]

    def owner_at(self, position: int) -> str:
        """Return the class whose method a step is in: "Queue"; empty if it is in none."""
        return self._calls.get(position, ("", ""))[0]

    def is_inner(self, target: object) -> bool:
        """Whether a primitive is a part of a queue or a future."""
        return id(target) in self._inner

    def is_of_pool(self, target: object) -> bool:
        """Whether a primitive is a part of a pool, such as the queue of its tasks."""
        return id(target) in self._of_pools


def _is_of_library(operation: Operation) -> bool:
    return not operation.is_where_it_shows and is_stdlib(operation.code.co_filename)


def _is_of_pool(operation: Operation) -> bool:
    code = operation.code
    return _FUTURES in code.co_filename and code.co_qualname.partition(".")[0] in _POOLS


def _call(operation: Operation) -> tuple[str, str] | None:
    """Return the class and the method in whose code a step is, or None."""
    if not is_stdlib(operation.code.co_filename):
        return None
    owner, dot, rest = operation.code.co_qualname.partition(".")
    method = rest.partition(".")[0]
    method = _PUBLIC.get(method, method)
    if not dot:
        known = owner in _FUNCTIONS and _FUTURES in operation.code.co_filename
        return ("", owner) if known else None
    return (owner, method) if owner in _OWNERS | _POOLS and not method.startswith("_") else None

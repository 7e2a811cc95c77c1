"""Whether threads shared anything in an execution that one of them changed, in whatever order they came to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..control import Step, touches_of
from ..control._touches import WRITES
from ._clocks import Accesses, Clock
from ._synchronisation import Order

#: What a thread does before it is started, and after it was joined, has only one order.
_OF_THREADS = frozenset(("start", "begin", "join"))


def shares_something(log: Sequence[Step]) -> bool:
    """Whether two threads that lived at the same time touched the same thing, one of them to change it.

    The order in which they did so may well be the same in every execution: because one of them sleeps, for example.
    """
    order = Order(log)
    #: By object and part of it: reads and writes.
    known: dict[Any, dict[Any, tuple[Accesses, Accesses]]] = {}
    for position, (task, operation, touched) in enumerate(log):
        if operation.kind in _OF_THREADS:
            order.follow(position, task, operation)
            continue
        clock = order.clock_of(task)
        for key, part, how in touches_of(operation, touched):
            parts = known.setdefault(key, {})
            writes = bool(how & WRITES)
            for other in parts if part is None else (part, None):
                if other in parts:
                    reading, writing = parts[other]
                    if _any(writing, clock) or (writes and _any(reading, clock)):
                        return True
            accesses = parts.setdefault(part, (Accesses(), Accesses()))
            accesses[writes].add(task.index, clock, position)
    return False


def _any(accesses: Accesses, clock: Clock[int]) -> bool:
    return any(True for _ in accesses.unordered(clock))

"""Questions whether a thread still lives, by a thread that it has woken or released with its last step.

A thread ends some time after its last step, and lives until then. Under control it ends with that step, so that no
other thread sees it alive in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...control import Operation, Step
from ...control.steps import kinds
from ..happens_before._synchronization import Order


class EndAskedFor(NamedTuple):
    """A question whether a thread has ended: the thread that asks, its operation, and the thread that has ended."""

    asking: str
    operation: Operation
    ended: str


def ends_asked_for(log: Sequence[Step], pending: Sequence[Step]) -> Iterator[EndAskedFor]:
    """Yield the questions that could have been answered otherwise.

    `pending` are steps of threads that have not ended. If nothing orders the last step and the question, there is a
    schedule in which they run in the opposite order.
    """
    if not any(operation.kind in kinds.ASKING for _, operation, _ in log):
        return
    order = Order(log)
    living = {unit.index for unit, _, _ in pending}
    last = {unit.index: position for position, (unit, _, _) in enumerate(log) if unit.index not in living}
    names = {unit.index: unit.name for unit, _, _ in log}
    threads = {id(unit.thread): unit.index for unit, _, _ in log if unit.thread is not None}
    #: By unit, its time when it gave something to others in its last step.
    gave: dict[int, int] = {}
    for position, (unit, operation, touches) in enumerate(log):
        clock = order.clock_of(unit)
        if operation.kind in kinds.ASKING:
            asked = threads.get(id(operation.target), -1)
            for index in tuple(gave) if operation.kind == kinds.THREADS else (asked,):
                if index != unit.index and index in gave and gave[index] == clock.get(index):
                    yield EndAskedFor(unit.name, operation, names[index])
        if touches is None:
            before = clock[unit.index]
            order.follow(position, unit, operation)
            if last.get(unit.index) == position and clock[unit.index] > before:
                gave[unit.index] = before

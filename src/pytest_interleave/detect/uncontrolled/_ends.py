"""Where a thread asks whether another one lives that has woken it, or released it, with its last step.

A thread ends some time after its last step, and lives until then. Under control it ends with that step, so that
no other thread sees it alive in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...control import Operation, Step
from ...control.steps import kinds
from ..happens_before._synchronisation import Order


class EndAskedFor(NamedTuple):
    """Who asks, how, and whose end it is."""

    asking: str
    operation: Operation
    ended: str


def ends_asked_for(log: Sequence[Step], pending: Sequence[Step]) -> Iterator[EndAskedFor]:
    """Find questions that could have been answered otherwise. `pending` are steps of threads that have not ended.

    Where nothing orders the last step and the question, there is a schedule in which they come the other way round.
    """
    if not any(operation.kind in kinds.ASKING for _, operation, _ in log):
        return
    order = Order(log)
    living = {task.index for task, _, _ in pending}
    last = {task.index: position for position, (task, _, _) in enumerate(log) if task.index not in living}
    names = {task.index: task.name for task, _, _ in log}
    threads = {id(task.thread): task.index for task, _, _ in log if task.thread is not None}
    #: By thread, its time when it gave something to others in its last step.
    gave: dict[int, int] = {}
    for position, (task, operation, touches) in enumerate(log):
        clock = order.clock_of(task)
        if operation.kind in kinds.ASKING:
            asked = threads.get(id(operation.target), -1)
            for index in tuple(gave) if operation.kind == kinds.THREADS else (asked,):
                if index != task.index and index in gave and gave[index] == clock.get(index):
                    yield EndAskedFor(task.name, operation, names[index])
        if touches is None:
            before = clock[task.index]
            order.follow(position, task, operation)
            if last.get(task.index) == position and clock[task.index] > before:
                gave[task.index] = before

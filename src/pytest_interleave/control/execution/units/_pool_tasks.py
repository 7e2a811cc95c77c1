"""The tasks of thread pools: which thread runs them, or that they are still in the queue."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from ._outcome import PoolTask
from ._units import Unit


def tasks_by_condition(units: Sequence[Unit], frames: Mapping[int, FrameType]) -> dict[int, PoolTask]:
    """Return the tasks of the pools that `units` work for, by the address of the condition of each task's future.

    `frames` has the current frame of each thread, by its identifier.
    """
    futures = sys.modules.get("concurrent.futures.thread")
    if futures is None:
        return {}
    run, work = (getattr(function, "__code__", None) for function in (futures._WorkItem.run, futures._worker))
    running: list[tuple[Any, Unit, int]] = []
    queues: dict[int, Any] = {}
    members: dict[int, list[str]] = {}
    for unit in units:
        task = None
        for frame in _callers(frames.get(unit.half.ident) if unit.begun and not unit.done else None):
            # Both are functions of the standard library: no variables of the program are read.
            if frame.f_code is run and task is None:
                task = frame.f_locals.get("self")
            elif frame.f_code is work:
                queue = frame.f_locals.get("work_queue")
                queues[id(queue)] = queue
                members.setdefault(id(queue), []).append(unit.name)
                if task is not None:
                    running.append((task, unit, id(queue)))
    found: dict[int, PoolTask] = {}
    for address, queue in queues.items():
        for item in _items_of(queue):
            _add(found, item, PoolTask(None, tuple(members[address])))
    for task, unit, address in running:
        _add(found, task, PoolTask(unit.name, tuple(members[address])))
    return found


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _items_of(queue: Any) -> Iterator[Any]:
    """Yield the items in a `SimpleQueue`, which has no method that shows them; and other objects that it refers to."""
    # A stand-in has the real queue in an attribute.
    for each in gc.get_referents(getattr(queue, "_real", queue)):
        # Until Python 3.12 a list has the items; later, a buffer of the queue's own.
        if type(each) is list:
            yield from each
        else:
            yield each


def _add(found: dict[int, PoolTask], item: Any, task: PoolTask) -> None:
    condition = getattr(getattr(item, "future", None), "_condition", None)
    if condition is not None:
        found[id(condition)] = task

"""Threads that wait for each other: for locks, for the end of a thread, for the result of a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._texts import MOST_NAMED
from ...control import Step, Stuck, WaitingThread
from ...control.execution import awaited, short_name
from ...control.primitives import Semaphore
from ._diagnosis import Diagnosis, joined, method_of
from ._uses import acquisition, held_permits

_INVERSION = "acquire these locks in the same order everywhere, or guard both with one more lock"
_CIRCLE = "acquire these locks in the same order everywhere, or guard all of them with one more lock"
#: At most this many characters of a headline are the names of threads.
_WIDEST_CHAIN = 36
_TWICE = "use threading.RLock, or do not acquire the lock twice"
#: Each time that a file is opened, it can be locked anew.
_FILE_TWICE = "open and lock the file once, and pass the open file on"


def circular(waits: Sequence[WaitingThread], targets: Mapping[int, Any], log: Sequence[Step]) -> Diagnosis:
    """Return that threads wait for each other, each of them for the one that follows it in `waits`."""
    if len(waits) == 1:
        return self_deadlock(waits[0])
    locks = [short_name(wait.waits_for) for wait in waits]
    joins = next((wait for wait in waits if not wait.holder), None)
    if joins is not None:
        return _circular_join(joins, waits, targets, log)
    if len(waits) == 2:
        return Diagnosis(f"lock-order inversion between {' and '.join(sorted(locks))}", _INVERSION, tuple(waits))
    chain = _chain(waits)
    in_brackets = f" ({chain})" if chain else ""
    return Diagnosis(f"circular wait on {len(locks)} locks{in_brackets}", _CIRCLE, tuple(waits))


def circular_permits(stuck: Stuck, targets: Mapping[int, Any], log: Sequence[Step]) -> Diagnosis | None:
    """Return that threads wait for each other, at least one of them for a semaphore whose permits one other thread has.

    Unlike a lock, a semaphore has no owner, and may be a signal. So a circle that has a join as well says nothing.
    """
    waits = {wait.thread: wait for wait in stuck.waits if wait.holder is not None}
    taken: dict[str, tuple[int, ...]] = {}
    for wait in stuck.waits:
        target = targets.get(wait.number)
        if wait.holder is not None:
            taken[wait.thread] = acquisition(wait, target, log)
        elif isinstance(awaited(target), Semaphore):
            held = held_permits(target, log)
            if len({log[at][0].index for at in held}) == 1:
                unit, operation, _ = log[held[-1]]
                waits[wait.thread] = wait._replace(holder=unit.name, acquired=operation.where())
                taken[wait.thread] = held[-1:]
    for first in waits:
        chain = [first]
        while (holder := waits[chain[-1]].holder or "") in waits and holder not in chain:
            chain.append(holder)
        if holder == first and len(chain) > 1:
            positions = sorted(at for name in chain for at in taken[name])
            return circular([waits[name] for name in chain], targets, log)._replace(steps=tuple(positions))
    return None


def self_deadlock(wait: WaitingThread) -> Diagnosis:
    """Return that a thread waits for a lock that it holds."""
    lock = short_name(wait.waits_for)
    helps = _FILE_TWICE if lock.startswith("file lock ") else _TWICE
    return Diagnosis(f"{wait.thread} acquires {lock}, which it already holds", helps, (wait,))


def waits_for_task_under_lock(stuck: Stuck, targets: Mapping[int, Any], log: Sequence[Step]) -> Diagnosis | None:
    """Return that a thread waits for a task, whose thread waits for a lock that the first one holds."""
    by_thread = {wait.thread: wait for wait in stuck.waits}
    for wait in stuck.waits:
        task = by_thread.get(wait.task.thread or "") if wait.task is not None else None
        if task is not None and task.holder == wait.thread:
            lock = short_name(task.waits_for)
            method = method_of(wait, stuck).rpartition(".")[2] or "result"
            return Diagnosis(
                f"{wait.thread} waits for a task in {task.thread} while it holds {lock}, which the task needs",
                f"release {lock} before {method}()",
                (wait, task),
                steps=acquisition(task, targets.get(task.number), log),
            )
    return None


def starved_pool(stuck: Stuck) -> Diagnosis | None:
    """Return that all threads of a pool wait for tasks in the queue of that pool."""
    by_thread = {wait.thread: wait for wait in stuck.waits}
    for wait in stuck.waits:
        task = wait.task
        if task is None or task.thread is not None or wait.thread not in task.pool:
            continue
        pool = [by_thread[name] for name in task.pool if name in by_thread]
        if len(pool) < len(task.pool) or any(each.task is None or each.task != task for each in pool):
            continue
        helps = "do not wait for tasks in a task of the same pool, or use another pool for the inner tasks"
        which = "both" if len(pool) == 2 else f"all {len(pool)}"
        bug = f"{which} threads of a pool wait for tasks that are in the queue of the same pool"
        if len(pool) == 1:
            bug = f"{wait.thread} waits for a task of its own pool, which has no other thread"
        return Diagnosis(bug, helps, tuple(pool))
    return None


def _circular_join(
    joins: WaitingThread, waits: Sequence[WaitingThread], targets: Mapping[int, Any], log: Sequence[Step]
) -> Diagnosis:
    """Return that a thread waits for the end of another one, which waits for what the first one holds."""
    held = next((wait for wait in waits if wait.holder == joins.thread), None)
    other = joined(joins)
    if held is None or held.thread != other:
        return Diagnosis(f"circular wait: {_chain(waits) or f'{len(waits)} threads'}", causes=tuple(waits))
    lock = short_name(held.waits_for)
    return Diagnosis(
        f"{joins.thread} joins {other} while it holds {lock}, which {other} needs",
        f"release {lock} before join()",
        tuple(waits),
        steps=acquisition(held, targets.get(held.number), log),
    )


def _chain(waits: Sequence[WaitingThread]) -> str:
    """Return the threads in the order in which each waits for the next one, and the last one for the first one.

    Without those in the middle if they are many; empty if their names are too long for a headline.
    """
    names = [wait.thread for wait in waits]
    first = names.index(min(names))
    names = [*names[first:], *names[:first]]
    for shown in (names, [names[0], "...", names[-1]]):
        text = " -> ".join(shown)
        if len(text) <= _WIDEST_CHAIN and len(shown) <= MOST_NAMED:
            return text
    return ""

"""The kind of bug behind an execution that cannot continue: which wait is the cause, and why it never ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..._texts import listed
from ...control import Step, Stuck, WaitingThread
from ...control.execution import DEADLOCK, LIVELOCK, TIMEOUT, awaited, short_name
from ...control.steps import kinds


class Diagnosis(NamedTuple):
    """What the bug is, without the kind of the finding in front of it; and what helps, if that is known."""

    bug: str
    help: str = ""
    #: The threads whose waits are the cause; the others wait for these.
    causes: tuple[WaitingThread, ...] = ()
    #: For a lost wake-up: the position in the log of the signal that came before the wait.
    signal: int | None = None
    #: For what is never released again: the position in the log of the step that took it last.
    last: int | None = None


#: By type, the kind of operation that ends a wait, and the word for it.
_NEVER = {
    "Event": (kinds.SET, "set"),
    "Semaphore": (kinds.RELEASE, "released"),
    "BoundedSemaphore": (kinds.RELEASE, "released"),
    "Lock": (kinds.RELEASE, "released"),
    "RLock": (kinds.RELEASE, "released"),
}
#: At most this many threads are named in a headline.
_MOST_NAMED = 4
_END_OF = "the end of "
#: By method of a queue, why a wait in it never ends.
_QUEUES = {
    "Queue.get": "get() on an empty queue, and no thread can put()",
    "Queue.put": "put() to a full queue, and no thread can get()",
    "Queue.join": "Queue.join() waits for task_done(), and no thread can call it",
}
_INVERSION = "acquire these locks in the same order everywhere, or guard both with one more lock"
_CIRCLE = "acquire these locks in the same order everywhere, or guard all of them with one more lock"
_TWICE = "use threading.RLock, or do not acquire the lock twice"


def diagnose(stuck: Stuck, log: Sequence[Step]) -> Diagnosis:
    """Return what kept the threads from continuing."""
    if stuck.kind == LIVELOCK:
        return Diagnosis(_livelock(stuck))
    if stuck.kind == TIMEOUT:
        return Diagnosis(f"one execution was still running after {stuck.seconds:g} s and {stuck.steps:,} steps")
    assert stuck.kind == DEADLOCK
    targets = {unit.index: operation.target for unit, operation, _ in stuck.pending}
    if stuck.cycle:
        return _circular(stuck)
    causes = _causes(stuck)
    if not stuck.left and len({id(awaited(targets.get(wait.number))) for wait in causes}) == 1:
        return _of_one(stuck, causes, targets.get(causes[0].number), log)._replace(causes=causes)
    return Diagnosis(_blocked(stuck, causes), causes=causes)


def joined(wait: WaitingThread) -> str:
    """Return the name of the thread whose end a thread waits for; empty if it waits for something else."""
    return wait.waits_for.removeprefix(_END_OF) if wait.waits_for.startswith(_END_OF) else ""


def queue_method(wait: WaitingThread, stuck: Stuck) -> str:
    """Return the method of a queue that a thread waits in: "Queue.get"; empty if it waits for something else."""
    # The place of the wait is the line of the program that called the queue.
    waiting = (operation for unit, operation, _ in stuck.pending if unit.index == wait.number)
    method = next((operation.code.co_qualname for operation in waiting), "")
    return method if method in _QUEUES else ""


def _livelock(stuck: Stuck) -> str:
    if stuck.counts:
        return f"still running after {stuck.steps:,} steps; the threads repeat the same loop and only count"
    return f"no thread makes progress after {stuck.steps:,} steps; each repeats the same steps"


def _circular(stuck: Stuck) -> Diagnosis:
    waits = stuck.waits
    if len(waits) == 1:
        return _self_deadlock(waits[0])
    locks = [short_name(wait.waits_for) for wait in waits]
    first = min(range(len(waits)), key=lambda number: waits[number].thread)
    chain = " -> ".join(wait.thread for wait in (*waits[first:], *waits[:first], waits[first]))
    if not all(wait.holder for wait in waits):
        # One of them waits for the end of another one.
        return Diagnosis(f"circular wait: {chain}", causes=tuple(waits))
    if len(waits) == 2:
        return Diagnosis(f"lock-order inversion between {' and '.join(sorted(locks))}", _INVERSION, tuple(waits))
    return Diagnosis(f"circular wait on {len(locks)} locks ({chain})", _CIRCLE, tuple(waits))


def _self_deadlock(wait: WaitingThread) -> Diagnosis:
    lock = short_name(wait.waits_for)
    return Diagnosis(f"{wait.thread} acquires {lock}, which it already holds", _TWICE, (wait,))


def _causes(stuck: Stuck) -> tuple[WaitingThread, ...]:
    """Return the waits that do not wait for another thread that is blocked, too: for its end, or for its lock."""
    blocked = {wait.thread for wait in stuck.waits}
    found = [
        wait
        for wait in stuck.waits
        if joined(wait) not in blocked
        and (wait.holder is None or wait.holder == wait.thread or wait.holder not in blocked)
    ]
    return tuple(found or stuck.waits)


def _of_one(stuck: Stuck, causes: Sequence[WaitingThread], target: Any, log: Sequence[Step]) -> Diagnosis:
    """Return what is known if all that waits, waits for one object."""
    wait = causes[0]
    name, created = short_name(wait.waits_for), wait.waits_for
    if wait.holder == wait.thread:
        return _self_deadlock(wait)
    if wait.holder is not None:
        return Diagnosis(
            f"{name} is held by {wait.holder}, which has ended", f"release it in {wait.holder}: use `with`"
        )
    called = type(awaited(target)).__name__
    if called == "Condition":
        return _of_condition(stuck, causes, target, log)
    if called in _NEVER:
        kind, done = _NEVER[called]
        uses = [(at, step) for at, (_, step, _) in enumerate(log) if awaited(step.target) is awaited(target)]
        again = any(step.kind == kind for _, step in uses)
        taken = next((at for at, step in reversed(uses) if step.kind == kinds.ACQUIRE), None)
        return Diagnosis(f"{created} is never {done}{' again' if again else ''}", last=taken)
    if called == "Barrier":
        barrier, _, arrived = created.partition(": ")
        return Diagnosis(f"{barrier} waits for more threads: only {arrived}")
    if called == "SimpleQueue":
        return Diagnosis("get() on an empty SimpleQueue, and no thread can put()")
    return Diagnosis(_blocked(stuck, causes))


def _of_condition(stuck: Stuck, causes: Sequence[WaitingThread], target: Any, log: Sequence[Step]) -> Diagnosis:
    wait = causes[0]
    created = wait.waits_for.removeprefix("notify() on ")
    method = queue_method(wait, stuck)
    if method:
        return Diagnosis(_QUEUES[method])
    own = [(at, log[at][1]) for at in range(len(log)) if log[at][0].index == wait.number]
    began = next((at for at, operation in reversed(own) if operation.kind == kinds.WAIT), len(log))
    # What the thread has seen, or was woken by, cannot be what it missed.
    known = max((at for at, step in own if at < began and (step.is_access or step.kind == kinds.WOKEN)), default=-1)
    for at in range(began - 1, known, -1):
        unit, operation, _ = log[at]
        notifies = operation.kind in kinds.MISSED and operation.kind != kinds.WAIT
        if notifies and unit.index != wait.number and awaited(operation.target) is awaited(target):
            return Diagnosis(f"lost wake-up on {created}", signal=at)
    return Diagnosis(_blocked(stuck, causes))


def _blocked(stuck: Stuck, causes: Sequence[WaitingThread]) -> str:
    when = " when the test ends" if stuck.left else ""
    wait = causes[0]
    if len(causes) == 1 and wait.waits_for:
        if stuck.left:
            return f"{wait.thread} still waits for {wait.waits_for}{when}"
        return f"{wait.thread} waits for {wait.waits_for}, and no thread can wake it"
    if len(causes) > _MOST_NAMED:
        return f"{len(causes)} threads are blocked forever{when}"
    return f"{listed([wait.thread for wait in causes])} {'is' if len(causes) == 1 else 'are'} blocked forever{when}"

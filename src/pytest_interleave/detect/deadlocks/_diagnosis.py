"""The kind of bug behind an execution that cannot continue: which wait is the cause, and why it never ends."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..._texts import listed
from ...control import Step, Stuck, WaitingThread
from ...control.execution import DEADLOCK, LIVELOCK, TIMEOUT, awaited, short_name
from ...control.steps import kinds
from ._wakeups import missed_signal, wrong_thread_woken


class Diagnosis(NamedTuple):
    """What the bug is, without the kind of the finding in front of it; and what helps, if that is known."""

    bug: str
    help: str = ""
    #: The threads whose waits are the cause; the others wait for these.
    causes: tuple[WaitingThread, ...] = ()
    #: For a lost wake-up: the position in the log of the signal that came before the wait.
    signal: int | None = None
    #: Positions in the log of the other steps that led to it.
    steps: tuple[int, ...] = ()


_TAKING = (kinds.ACQUIRE, kinds.TRY_ACQUIRE)
_ON_EACH_PATH = "release it on each path, also on errors: use `with`"
#: By type, the kind of operation that ends a wait, the word for it, and what helps.
_NEVER = {
    "Event": (kinds.SET, "set", "set it on each path, also on errors, or give wait() a timeout"),
    "Semaphore": (kinds.RELEASE, "released", _ON_EACH_PATH),
    "BoundedSemaphore": (kinds.RELEASE, "released", _ON_EACH_PATH),
    "Lock": (kinds.RELEASE, "released", _ON_EACH_PATH),
    "RLock": (kinds.RELEASE, "released", _ON_EACH_PATH),
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
#: By method of a future, the same.
_FUTURES = {
    "Future.result": "result() of a Future that no thread can complete",
    "Future.exception": "exception() of a Future that no thread can complete",
}
#: By method, what helps.
_HELP_OF_METHODS = {
    "Queue.get": "put one item, or one sentinel, for each get(), or give get() a timeout",
    "Queue.put": "get() each item, also if a consumer fails, or give put() a timeout",
    "Queue.join": "call task_done() for each item that get() has returned, also on errors: use try/finally",
}
_METHODS = {**_QUEUES, **_FUTURES}
_INVERSION = "acquire these locks in the same order everywhere, or guard both with one more lock"
_CIRCLE = "acquire these locks in the same order everywhere, or guard all of them with one more lock"
_NOTIFY = "call notify() or notify_all() after each change of what the threads wait for"
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
        return _circular(stuck, targets, log)
    causes = _causes(stuck)
    holding = None if stuck.left else _hold_and_wait(stuck, causes, targets, log)
    if holding is not None:
        return holding
    if not stuck.left and len({id(awaited(targets.get(wait.number))) for wait in causes}) == 1:
        return _of_one(stuck, causes, targets.get(causes[0].number), log)._replace(causes=causes)
    return Diagnosis(_blocked(stuck, causes), causes=causes)


def joined(wait: WaitingThread) -> str:
    """Return the name of the thread whose end a thread waits for; empty if it waits for something else."""
    return wait.waits_for.removeprefix(_END_OF) if wait.waits_for.startswith(_END_OF) else ""


def method_of(wait: WaitingThread, stuck: Stuck) -> str:
    """Return the method of a queue or a future that a thread waits in, such as "Queue.get"; else an empty text."""
    # The place of the wait is the line of the program that called the method.
    waiting = (operation for unit, operation, _ in stuck.pending if unit.index == wait.number)
    method = next((operation.code.co_qualname for operation in waiting), "")
    return method if method in _METHODS else ""


def _livelock(stuck: Stuck) -> str:
    if stuck.counts:
        return f"still running after {stuck.steps:,} steps; the threads repeat the same loop and only count"
    return f"no thread makes progress after {stuck.steps:,} steps; each repeats the same steps"


def _circular(stuck: Stuck, targets: Mapping[int, Any], log: Sequence[Step]) -> Diagnosis:
    waits = stuck.waits
    if len(waits) == 1:
        return _self_deadlock(waits[0])
    locks = [short_name(wait.waits_for) for wait in waits]
    first = min(range(len(waits)), key=lambda number: waits[number].thread)
    chain = " -> ".join(wait.thread for wait in (*waits[first:], *waits[:first], waits[first]))
    joins = next((wait for wait in waits if not wait.holder), None)
    if joins is not None:
        return _circular_join(joins, waits, chain, targets, log)
    if len(waits) == 2:
        return Diagnosis(f"lock-order inversion between {' and '.join(sorted(locks))}", _INVERSION, tuple(waits))
    return Diagnosis(f"circular wait on {len(locks)} locks ({chain})", _CIRCLE, tuple(waits))


def _circular_join(
    joins: WaitingThread, waits: Sequence[WaitingThread], chain: str, targets: Mapping[int, Any], log: Sequence[Step]
) -> Diagnosis:
    """Return that a thread waits for the end of another one, which waits for what the first one holds."""
    held = next((wait for wait in waits if wait.holder == joins.thread), None)
    other = joined(joins)
    if held is None or held.thread != other:
        return Diagnosis(f"circular wait: {chain}", causes=tuple(waits))
    lock = short_name(held.waits_for)
    return Diagnosis(
        f"{joins.thread} joins {other} while it holds {lock}, which {other} needs",
        f"release {lock} before join()",
        tuple(waits),
        steps=_last(log, targets.get(held.number), _TAKING, held.holder),
    )


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
            f"{name} is held by {wait.holder}, which has ended",
            f"release it in {wait.holder}: use `with`",
            steps=_last(log, target, _TAKING, wait.holder),
        )
    called = type(awaited(target)).__name__
    if called == "Condition":
        return _of_condition(stuck, causes, target, log)
    if called in _NEVER:
        kind, done, helps = _NEVER[called]
        again = bool(_last(log, target, (kind,)))
        return Diagnosis(
            f"{created} is never {done}{' again' if again else ''}",
            helps,
            steps=_last(log, target, (kinds.ACQUIRE, kinds.CLEAR)),
        )
    if called == "Barrier":
        barrier, _, arrived = created.partition(": ")
        return Diagnosis(
            f"{barrier} waits for more threads: only {arrived}",
            "let each of its threads call wait(), also on early exits and errors",
        )
    if called == "SimpleQueue":
        return Diagnosis("get() on an empty SimpleQueue, and no thread can put()")
    return Diagnosis(_blocked(stuck, causes))


def _last(log: Sequence[Step], target: Any, of: Sequence[kinds.Kind], thread: str | None = None) -> tuple[int, ...]:
    """Return the position of the last step of one of some kinds at a primitive, of a thread if it is named; or none."""
    steps = ((at, log[at]) for at in reversed(range(len(log))))
    uses = (at for at, (unit, step, _) in steps if step.kind in of and thread in (None, unit.name))
    return tuple(itertools.islice((at for at in uses if awaited(log[at][1].target) is awaited(target)), 1))


def _hold_and_wait(
    stuck: Stuck, causes: Sequence[WaitingThread], targets: Mapping[int, Any], log: Sequence[Step]
) -> Diagnosis | None:
    """Return that the only cause holds a lock that another thread waits for, which could perhaps end its wait."""
    wait = causes[0]
    held = next((other for other in stuck.waits if other.holder == wait.thread and other is not wait), None)
    if len(causes) > 1 or held is None or wait.holder is not None or not wait.waits_for:
        return None
    lock = short_name(held.waits_for)
    method = method_of(wait, stuck)
    what = f"in {method}()" if method else f"for {short_name(wait.waits_for)}"
    return Diagnosis(
        f"{wait.thread} waits {what} while it holds {lock}, which {held.thread} needs",
        f"release {lock} before the wait: {held.thread}, which needs it, may be the one to end the wait",
        tuple(causes),
        steps=_last(log, targets.get(held.number), _TAKING, held.holder),
    )


def _of_condition(stuck: Stuck, causes: Sequence[WaitingThread], target: Any, log: Sequence[Step]) -> Diagnosis:
    wait = causes[0]
    method = method_of(wait, stuck)
    if method:
        return Diagnosis(_METHODS[method], _HELP_OF_METHODS.get(method, ""))
    created = wait.waits_for.removeprefix("notify() on ")
    signal = missed_signal(wait.number, target, log)
    if signal is not None:
        return Diagnosis(f"lost wake-up on {created}", signal=signal)
    wrong = wrong_thread_woken([wait.number for wait in causes], target, log)
    if wrong:
        left, _, _, woken = (log[at][0] for at in wrong)
        return Diagnosis(
            f"notify() on {created} wakes {woken.name}, which waits again, and not {left.name}",
            f"if {left.name} could have continued, use notify_all(), or one Condition for each thing that threads "
            "wait for",
            steps=wrong,
        )
    if stuck.ended and not _last(log, target, (kinds.NOTIFY, kinds.NOTIFY_ALL)):
        return Diagnosis(f"{created} is never notified", _NOTIFY)
    return Diagnosis(_blocked(stuck, causes))


def _blocked(stuck: Stuck, causes: Sequence[WaitingThread]) -> str:
    when = " when the test ends" if stuck.left else ""
    wait = causes[0]
    if len(causes) == 1 and wait.waits_for:
        if stuck.left:
            return f"{wait.thread} still waits for {wait.waits_for}{when}"
        return f"{wait.thread} waits for {wait.waits_for}, and no thread can wake it"
    methods = {method_of(wait, stuck) for wait in causes}
    if len(methods) == 1 and "" not in methods:
        when = f" in {methods.pop()}(){when}"
    if len(causes) > _MOST_NAMED:
        return f"{len(causes)} threads are blocked forever{when}"
    return f"{listed([wait.thread for wait in causes])} {'is' if len(causes) == 1 else 'are'} blocked forever{when}"

"""Threads that all wait for one object: why nothing ends their wait."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...control import Step, Stuck, WaitingThread
from ...control.execution import awaited, short_name
from ...control.steps import kinds
from ._circular_waits import self_deadlock
from ._diagnosis import METHODS, Diagnosis, blocked_forever, joined, method_of
from ._uses import acquisition, held_permits, last_use, undone_set
from ._wakeups import missed_signal, wakes, woken_instead

_WITH = "release it on each path, also on errors: use `with`"
#: By type, the kind of operation that ends a wait, the word for it, and what helps.
_NEVER = {
    "Event": (kinds.SET, "set", "set it on each path, also on errors, or give wait() a timeout"),
    "Semaphore": (kinds.RELEASE, "released", _WITH),
    "BoundedSemaphore": (kinds.RELEASE, "released", _WITH),
    "Lock": (kinds.RELEASE, "released", _WITH),
    "RLock": (kinds.RELEASE, "released", _WITH),
}
_SEMAPHORES = ("Semaphore", "BoundedSemaphore")
#: By type, the call that would end the wait.
_ENDS = {
    "Event": "set()",
    "Semaphore": "release()",
    "BoundedSemaphore": "release()",
    "SimpleQueue": "put()",
}
_NOTIFY = "call notify() or notify_all() after each change of what the threads wait for"
#: At most this many permits of a semaphore are shown.
_MOST_PERMITS = 4


def of_one(stuck: Stuck, causes: tuple[WaitingThread, ...], target: Any, log: Sequence[Step]) -> Diagnosis:
    """Return what is known if all that waits, waits for one object."""
    wait = causes[0]
    if wait.holder == wait.thread:
        return self_deadlock(wait)
    if wait.holder is not None:
        return _of_held_lock(stuck, wait, target, log)
    method = method_of(wait, stuck)
    called = type(awaited(target)).__name__
    if method:
        diagnosis = Diagnosis(METHODS[method].bug, METHODS[method].help)
    elif called == "Condition":
        return _of_condition(stuck, causes, target, log)
    elif called == "Barrier":
        parties, arrived = _filled(wait.waits_for)
        diagnosis = Diagnosis(
            f"{short_name(wait.waits_for)} waits for {parties} threads, only {arrived} arrived",
            "let each of its threads call wait(), also on early exits and errors",
        )
    elif called == "SimpleQueue":
        diagnosis = Diagnosis("get() on an empty SimpleQueue, and no thread can put()", METHODS["Queue.get"].help)
    elif called in _NEVER:
        diagnosis = _of_never(called, causes, target, log)
    else:
        return Diagnosis(blocked_forever(stuck, causes))
    ends = METHODS[method].ends if method else _ENDS.get(called, "")
    before = _before_join(stuck, causes, ends)
    return diagnosis._replace(bug=diagnosis.bug + _failures(stuck), help=before or diagnosis.help)


def _filled(barrier: str) -> tuple[int, int]:
    """Return for how many threads a barrier waits, and how many have arrived, from its text: ": 2 of 3 arrived"."""
    arrived, parties = re.findall(r": (\d+) of (\d+) arrived", barrier)[-1]
    return int(parties), int(arrived)


def without_task_done(stuck: Stuck, causes: Sequence[WaitingThread], targets: Mapping[int, Any]) -> Diagnosis | None:
    """Return that a thread waits in `join()` of an empty queue, and all others for an item of the same queue.

    Then each item was taken, but `task_done()` was not called for each.
    """
    methods = {method_of(wait, stuck) for wait in causes}
    #: The conditions of a queue have one lock.
    locks = {id(getattr(awaited(targets.get(wait.number)), "_lock", None)) for wait in causes}
    if methods != {"Queue.join", "Queue.get"} or len(locks) > 1:
        return None
    joins = tuple(wait for wait in causes if method_of(wait, stuck) == "Queue.join")
    found = METHODS["Queue.join"]
    return Diagnosis(found.bug + _failures(stuck), found.help, joins)


def _of_held_lock(stuck: Stuck, wait: WaitingThread, target: Any, log: Sequence[Step]) -> Diagnosis:
    error = next((one.error for one in stuck.ended if one.thread == wait.holder), None)
    how = "" if error is None else f" with {type(error).__name__}"
    return Diagnosis(
        f"{short_name(wait.waits_for)} is held by {wait.holder}, which has ended{how}",
        f"release it in {wait.holder}{'' if error is None else ', also on errors'}: use `with`",
        steps=acquisition(wait, target, log),
    )


def _of_never(called: str, causes: Sequence[WaitingThread], target: Any, log: Sequence[Step]) -> Diagnosis:
    wait = causes[0]
    kind, done, helps = _NEVER[called]
    undone = undone_set(target, log) if called == "Event" else ()
    if undone:
        return Diagnosis(
            f"{wait.waits_for} is cleared after it was set, and never set again",
            "clear it before any thread can set it, or do not clear it",
            steps=undone,
        )
    again = " again" if last_use(log, target, kind) else ""
    permits = held_permits(target, log) if kind == kinds.RELEASE else ()
    holders = {log[at][0].index for at in permits}
    if len(holders) > 1 and holders <= {each.number for each in causes}:
        return Diagnosis(
            f"{len(holders)} threads hold permits of {short_name(wait.waits_for)} and wait for more",
            "let one thread at a time acquire several permits: hold a lock until it has all of them",
            steps=permits[-_MOST_PERMITS:],
        )
    if called in _SEMAPHORES and not permits:
        # It is a signal: the thread that waits is another one than the one that should release it.
        helps = "call release() on each path, also on errors"
    return Diagnosis(f"{wait.waits_for} is never {done}{again}", helps, steps=permits[-_MOST_PERMITS:])


def _failures(stuck: Stuck) -> str:
    """Return which thread has ended with an exception: it may have been the one that should have ended the wait."""
    failed = [one for one in stuck.ended if one.error is not None]
    if len(failed) > 1:
        return f"; {len(failed)} threads have ended with exceptions"
    return "".join(f"; {one.thread} has ended with {type(one.error).__name__}" for one in failed)


def _before_join(stuck: Stuck, causes: Sequence[WaitingThread], call: str) -> str:
    """Return what helps if the only other threads join the one that waits: they can end its wait only before that."""
    wait = causes[0]
    joins = [other for other in stuck.waits if other is not wait]
    known = call and len(causes) == 1 and joins and not stuck.ended and not stuck.left
    if not known or any(joined(other) != wait.thread for other in joins):
        return ""
    places = [other.where for other in joins]
    if not all(place is not None and ".join(" in place.text for place in places):
        return ""
    return f"call {call} before {joins[0].thread} joins {wait.thread}" if len(joins) == 1 else ""


def _of_condition(stuck: Stuck, causes: tuple[WaitingThread, ...], target: Any, log: Sequence[Step]) -> Diagnosis:
    for wait in causes:
        signal = missed_signal(wait.number, target, log)
        # If several threads wait, the notification may have woken one of them.
        if signal is not None and (len(causes) == 1 or not wakes(target, log[signal:])):
            return Diagnosis(f"lost wake-up on {wait.waits_for}", signal=signal, causes=(wait,))
    instead = woken_instead([wait.number for wait in causes], target, log)
    if instead is not None:
        left, woken = (log[at][0].name for at in (instead.wait, instead.woken))
        other = "one Condition for each thing that threads wait for"
        if instead.again is not None:
            return Diagnosis(
                f"notify() wakes {woken}, which waits again, instead of {left}",
                f"if {left} could have continued, use notify_all(), or {other}",
                steps=(instead.wait, instead.notified, instead.woken, instead.again),
            )
        return Diagnosis(
            blocked_forever(stuck, causes),
            f"if the last notify() concerns {left} as well as {woken}, use notify_all()",
            steps=(instead.wait, instead.notified, instead.woken),
        )
    if stuck.ended and not last_use(log, target, kinds.NOTIFY, kinds.NOTIFY_ALL):
        return Diagnosis(f"{causes[0].waits_for} is never notified{_failures(stuck)}", _NOTIFY)
    return Diagnosis(blocked_forever(stuck, causes) + _failures(stuck))

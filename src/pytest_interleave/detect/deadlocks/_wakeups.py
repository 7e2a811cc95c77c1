"""Notifications of a condition that did not reach the thread that needed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...control import Step
from ...control.execution import awaited
from ...control.steps import WRITES, kinds


def missed_signal(waiter: int, target: Any, log: Sequence[Step]) -> int | None:
    """Return the position of the notification that came before the last wait of a thread, which did not know of it."""
    own = [(at, log[at][1]) for at in range(len(log)) if log[at][0].index == waiter]
    began = next((at for at, operation in reversed(own) if operation.kind == kinds.WAIT), len(log))
    # What the thread has seen, or was woken by, cannot be what it missed.
    known = max((at for at, step in own if at < began and (step.is_access or step.kind == kinds.WOKEN)), default=-1)
    for at in range(began - 1, known, -1):
        unit, operation, _ = log[at]
        notifies = operation.kind in kinds.MISSED and operation.kind != kinds.WAIT
        if notifies and unit.index != waiter and awaited(operation.target) is awaited(target):
            return at
    return None


def wakes(target: Any, steps: Sequence[Step]) -> bool:
    """Whether a thread that waited for a notification gets one in these steps."""
    return any(
        operation.kind == kinds.WOKEN and operation.expired_at is None and awaited(operation.target) is awaited(target)
        for _, operation, _ in steps
    )


class WokenInstead(NamedTuple):
    """The positions of the steps in which a `notify()` woke one of several threads, and another one still waits."""

    wait: int
    notified: int
    woken: int
    #: Where the woken thread waited again, having changed nothing; None if it did not wait again.
    again: int | None


def woken_instead(waiters: Sequence[int], target: Any, log: Sequence[Step]) -> WokenInstead | None:
    """Return how the last `notify()` woke another thread than one of the `waiters`, which had been waiting, too."""
    uses = [
        (at, log[at][0].index, log[at][1].kind)
        for at in range(len(log))
        if log[at][1].target is not None and awaited(log[at][1].target) is awaited(target)
    ]
    notified = next((at for at, _, kind in reversed(uses) if kind in (kinds.NOTIFY, kinds.NOTIFY_ALL)), None)
    if notified is None or log[notified][1].kind == kinds.NOTIFY_ALL:
        return None
    woken = [
        (at, thread)
        for at, thread, kind in uses
        if at > notified and kind == kinds.WOKEN and log[at][1].expired_at is None
    ]
    if len(woken) != 1:
        return None
    woke, thread = woken[0]
    again = next((at for at, other, kind in uses if at > woke and other == thread and kind == kinds.WAIT), None)
    if again is not None and any(_changes(log[at], thread) for at in range(woke, again)):
        return None
    for waiter in waiters:
        waits = [at for at, other, kind in uses if other == waiter and kind == kinds.WAIT]
        if waiter != thread and waits and waits[-1] < notified:
            return WokenInstead(waits[-1], notified, woke, again)
    return None


def _changes(step: Step, thread: int) -> bool:
    unit, operation, touches = step
    writes = operation.kind in (kinds.WRITE, kinds.DELETE) or any(how & WRITES for _, _, how in touches or ())
    return unit.index == thread and writes

"""Notifications of a condition that did not reach the thread that needed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...control import Step
from ...control.execution import awaited
from ...control.steps import kinds


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


def wrong_thread_woken(waiters: Sequence[int], target: Any, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the steps in which the last `notify()` woke a thread that only waited again, while others waited, too.

    These are the wait of one of the `waiters` that was not woken, the notification, and what the woken thread did: it
    woke, and waited again. Empty if it was not so.
    """
    uses = [
        (at, log[at][0].index, log[at][1].kind)
        for at in range(len(log))
        if log[at][1].target is not None and awaited(log[at][1].target) is awaited(target)
    ]
    notified = next((at for at, _, kind in reversed(uses) if kind in (kinds.NOTIFY, kinds.NOTIFY_ALL)), None)
    if notified is None or log[notified][1].kind == kinds.NOTIFY_ALL:
        return ()
    woken = [(at, thread) for at, thread, kind in uses if at > notified and kind == kinds.WOKEN]
    if len(woken) != 1:
        return ()
    woke, thread = woken[0]
    again = next((at for at, other, kind in uses if at > woke and other == thread and kind == kinds.WAIT), None)
    if again is None or any(_changes(log[at], thread) for at in range(woke, again)):
        return ()
    for waiter in waiters:
        waits = [at for at, other, kind in uses if other == waiter and kind == kinds.WAIT]
        if waiter != thread and waits and waits[-1] < notified:
            return waits[-1], notified, woke, again
    return ()


def _changes(step: Step, thread: int) -> bool:
    unit, operation, _ = step
    return unit.index == thread and operation.kind in (kinds.WRITE, kinds.DELETE)

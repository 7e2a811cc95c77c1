"""The story of a deadlock: what its threads wait for, and why it never happens."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Step, Stuck, WaitingThread
from ...control.execution import awaited
from ...control.primitives import Semaphore
from ...control.steps import kinds
from ..causes._places import short_place


def deadlock_story(stuck: Stuck, log: Sequence[Step]) -> str:
    """Return a sentence on who waits for what, who holds it, and who gave a signal before a thread waited for it."""
    waiting = {wait.thread for wait in stuck.waits}
    pending = {unit.index: operation for unit, operation, _ in stuck.pending}
    texts = []
    # Waits for the end of another thread come last: they are a consequence of the others.
    for wait in sorted(
        stuck.waits, key=lambda wait: wait.number in pending and pending[wait.number].kind == kinds.JOIN
    ):
        if wait.waits_for:
            at = "" if wait.where is None else f" at {short_place(wait.where)}"
            operation = pending.get(wait.number)
            if wait.holder is not None:
                why = _held(wait, waiting)
            else:
                why = "" if operation is None else _last_turn(operation.target, wait, log)
            texts.append(f"{wait.thread} waits for {wait.waits_for}{at}{why}")
    return f"{'; '.join(texts)}." if texts else ""


def _held(wait: WaitingThread, waiting: set[str]) -> str:
    since = "" if wait.acquired is None else f" since {short_place(wait.acquired)}"
    ended = "" if wait.holder in waiting else ", and has ended"
    return f", which {wait.holder} holds{since}{ended}"


def _last_turn(target: object, wait: WaitingThread, log: Sequence[Step]) -> str:
    """Return a clause on the other thread that last gave the awaited signal, or took the last of what there is."""
    for unit, operation, _ in reversed(log):
        if operation.is_access or unit.index == wait.number or awaited(operation.target) is not awaited(target):
            continue
        place = operation.where()
        if operation.kind in kinds.SIGNALS:
            return f" ({unit.name} has come to `{place.text}` at {short_place(place)} before that)"
        if operation.kind == kinds.ACQUIRE and isinstance(target, Semaphore):
            return f", which {unit.name} was the last to take, at {short_place(place)}"
    return ""

"""In words, what the threads of a deadlock wait for, and why nobody will do it."""

from __future__ import annotations

from collections.abc import Sequence

from ..control import Step, Stuck, WaitingThread
from ._places import short_place
from ._turns import SIGNALS, awaited


def deadlock_story(stuck: Stuck, log: Sequence[Step]) -> str:
    """Who waits for what, who holds it, and who has given its signal before anybody waited for it."""
    waiting = {wait.thread for wait in stuck.waits}
    pending = {task.index: operation.target for task, operation, _ in stuck.pending}
    texts = []
    for wait in stuck.waits:
        if wait.waits_for:
            at = "" if wait.where is None else f" at {short_place(wait.where)}"
            why = _held(wait, waiting) if wait.holder is not None else _signalled(pending.get(wait.number), wait, log)
            texts.append(f"{wait.thread} waits for {wait.waits_for}{at}{why}")
    return f"{'; '.join(texts)}." if texts else ""


def _held(wait: WaitingThread, waiting: set[str]) -> str:
    since = "" if wait.acquired is None else f" since {short_place(wait.acquired)}"
    ended = "" if wait.holder in waiting else ", and has ended"
    return f", which {wait.holder} holds{since}{ended}"


def _signalled(target: object, wait: WaitingThread, log: Sequence[Step]) -> str:
    """The last thing that another thread did that could have ended such a wait."""
    for task, operation, _ in reversed(log):
        if operation.is_access or operation.kind not in SIGNALS or task.index == wait.number:
            continue
        if awaited(operation.target) is awaited(target):
            place = operation.where()
            return f" ({task.name} has come to `{place.text}` at {short_place(place)} before that)"
    return ""

"""The race behind a deadlock: what a thread that waits forever has checked before its wait."""

from __future__ import annotations

from collections.abc import Callable

from ...control import Outcome, Place
from ...control.execution import awaited
from ...control.steps import kinds
from ...detect import Diagnosis
from ..bugs._bug import Bug
from ..bugs._bugs import Bugs
from ..causes._overlaps import TimeIsOver
from ..effects._effects import Effects
from ..effects._kinds import steps_of
from ..effects._refined import refined
from ..words._words import ASKING, Words


def race_behind(
    outcome: Outcome, diagnosis: Diagnosis, words: Words, is_over: Callable[[], bool]
) -> tuple[Bug, tuple[int, ...]] | None:
    """Return the race because of which a thread waits forever, and the positions of its steps; None if none is known.

    That is a queue that another thread has emptied since the thread has asked it, or an update that is lost of what
    the thread checks in the function in which it waits.
    """
    return _asked_before(outcome, diagnosis, words) or _lost_update(outcome, diagnosis, words, is_over)


def _asked_before(outcome: Outcome, diagnosis: Diagnosis, words: Words) -> tuple[Bug, tuple[int, ...]] | None:
    assert outcome.stuck is not None
    log = outcome.log
    waiting = {unit.index: operation for unit, operation, _ in outcome.stuck.pending}
    for cause in diagnosis.causes:
        operation = waiting.get(cause.number)
        method = "" if operation is None else words.method_of(operation)
        if operation is None or method not in ("get", "put"):
            continue
        lock = getattr(awaited(operation.target), "_lock", None)
        own = [at for at, (unit, _, _) in enumerate(log) if unit.index == cause.number]
        asked = next((at for at in reversed(own) if words.method(at) in ASKING and log[at][1].target is lock), None)
        if asked is None or not _is_before(log[asked][1].where(), operation.where()):
            continue
        taken = [
            at
            for at, (unit, step, _) in enumerate(log)
            if at > asked
            and unit.index != cause.number
            and step.kind == kinds.ACQUIRE
            and step.target is lock
            and words.method(at) in (method, f"{method}_nowait")
        ]
        if taken:
            queue, question = words.primitive(asked), words.method(asked)
            error = "Empty" if method == "get" else "Full"
            helps = f"use {method}_nowait() and handle queue.{error} in place of {question}()"
            return Bug(f"Deadlock: check-then-act race on {queue}", queue, helps), (asked, taken[-1])
    return None


def _is_before(first: Place, last: Place) -> bool:
    """Whether a line is in the same function as another one, and not after it."""
    return first[::2] == last[::2] and first.lineno <= last.lineno


def _lost_update(
    outcome: Outcome, diagnosis: Diagnosis, words: Words, is_over: Callable[[], bool]
) -> tuple[Bug, tuple[int, ...]] | None:
    log = outcome.log
    checks = []
    for cause in diagnosis.causes:
        if cause.where is not None:
            checks += [
                at
                for at, (unit, operation, _) in enumerate(log)
                if unit.index == cause.number and operation.is_access and _is_before(operation.where(), cause.where)
            ]
    try:
        effects = Effects(outcome, len(log), is_over, words)
        found = effects.lost_updates(checks)
        if not found:
            return None
        effect = refined(found[0], effects.accesses, log)
        bug = Bugs(outcome, effects, words).of(effect)
    except TimeIsOver:
        return None
    named = f"Deadlock: {bug.name[:1].lower()}{bug.name[1:]}"
    return bug._replace(name=named), bug.instead or steps_of(effect)

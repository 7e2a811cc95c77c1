"""The story of a deadlock or a livelock: the cause, and for a lost wake-up the steps that led to it."""

from __future__ import annotations

from ...control import Outcome, Recorder, Stuck
from ...control.steps import kinds
from ...detect import diagnose
from ._evidence import Story
from ._words import Words


def deadlock_story(outcome: Outcome, recorder: Recorder | None) -> Story:
    """Return the story of an execution that has ended in a deadlock."""
    assert outcome.stuck is not None
    log = outcome.log
    diagnosis = diagnose(outcome.stuck, log)
    positions: list[int] = []
    if diagnosis.signal is not None:
        number = diagnosis.causes[0].number
        own = [at for at, (unit, _, _) in enumerate(log) if unit.index == number]
        # The check that came before the signal, and the wait that came after it.
        checks = (at for at in reversed(own) if at < diagnosis.signal and log[at][1].is_access)
        waits = (at for at in own if at > diagnosis.signal and log[at][1].kind == kinds.WAIT)
        found = (next(checks, None), diagnosis.signal, next(waits, None))
        positions = [at for at in found if at is not None]
    words = Words(outcome, recorder)
    return Story(
        f"Deadlock: {diagnosis.bug}",
        tuple(words.evidence(at) for at in positions),
        help=diagnosis.help,
    )


def livelock_bug(stuck: Stuck) -> str:
    """Return the headline of a livelock."""
    spinning = [wait for wait in stuck.waits if not wait.waits_for]
    if len(spinning) == 1 and spinning[0].where is not None:
        return f"Livelock: {spinning[0].thread} spins at {spinning[0].where}"
    names = " and ".join(wait.thread for wait in spinning)
    return f"Livelock: {names} make no progress" if 1 < len(spinning) < 4 else "Livelock: no thread makes progress"

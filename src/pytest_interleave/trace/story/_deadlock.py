"""The story of a deadlock or a livelock: the cause, and for a lost wake-up the steps that led to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ...control import Outcome, Recorder, Stuck
from ...control.steps import kinds
from ...detect import diagnose
from ...explore.search import never
from ..bugs._bug import against_lost_wakeup
from ..words._evidence import Story
from ..words._words import Words
from ._behind_deadlock import race_behind


def deadlock_story(outcome: Outcome, recorder: Recorder | None, is_over: Callable[[], bool] = never) -> Story:
    """Return the story of an execution that has ended in a deadlock; once `is_over`, without the race behind it."""
    assert outcome.stuck is not None
    log = outcome.log
    diagnosis = diagnose(outcome.stuck, log)
    positions: list[int] = []
    # The message has it for a thread that the test has left behind.
    helps = "" if outcome.stuck.left else diagnosis.help
    if diagnosis.signal is not None:
        number = diagnosis.causes[0].number
        own = [at for at, (unit, _, _) in enumerate(log) if unit.index == number]
        # The check that came before the signal, and the wait that came after it.
        checks = (at for at in reversed(own) if at < diagnosis.signal and log[at][1].is_access)
        wait = next(at for at in own if at > diagnosis.signal and log[at][1].kind == kinds.WAIT)
        check = list(itertools.islice(checks, 1))
        positions = [*check, diagnosis.signal, wait]
        in_function = any(log[at][1].where()[::2] == log[wait][1].where()[::2] for at in check)
        helps = against_lost_wakeup(log[wait][1], is_checked=in_function)
    words = Words(outcome, recorder)
    positions += diagnosis.steps
    race = (
        None if positions or diagnosis.taken or outcome.stuck.left else race_behind(outcome, diagnosis, words, is_over)
    )
    if race is not None:
        bug, steps = race
        return Story(bug.name, tuple(words.evidence(at, bug.variable) for at in steps), help=bug.help)
    return Story(
        f"Deadlock: {diagnosis.bug}",
        tuple(words.evidence(at) for at in positions),
        help=helps,
        noted=diagnosis.taken,
    )


def livelock_bug(stuck: Stuck) -> str:
    """Return the headline of a livelock: a suspected one if the threads count, as the loop may end at a number."""
    spinning = [wait for wait in stuck.waits if not wait.waits_for]
    names = " and ".join(wait.thread for wait in spinning) if 1 < len(spinning) < 4 else ""
    where = spinning[0].where if len(spinning) == 1 else None
    if stuck.counts:
        if where is not None:
            return f"Suspected livelock: {spinning[0].thread} only counts at {where}"
        return f"Suspected livelock: {names} only count" if names else "Suspected livelock: all threads only count"
    if where is not None:
        return f"Livelock: {spinning[0].thread} spins at {where}"
    return f"Livelock: {names} make no progress" if names else "Livelock: no thread makes progress"

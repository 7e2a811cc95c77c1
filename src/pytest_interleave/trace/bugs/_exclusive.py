"""Bugs on what only one thread may use at a time: a generator, and a stream of the process that is redirected."""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import GeneratorType

from ...control import Step
from ...control.identity import type_named
from ...control.steps import kinds
from ..causes._overlaps import Access
from ..causes._sources import redirected_at
from ..effects._kinds import Effect, steps_of
from ..words._words import Words
from ._bug import Bug


def of_exclusive(effect: Effect, log: Sequence[Step], words: Words) -> Bug | None:
    """Return the bug that two threads use such a thing at the same time; None if an effect is no such use."""
    stream = _redirected(effect, log)
    if stream:
        return Bug(
            f"Race condition on {stream}: two threads redirect it",
            help="pass file= to print(), or hold one lock for as long as the output is redirected",
        )
    runs = _runs_of_generator(effect, log)
    if not runs:
        return None
    what = words.what(runs[0])
    helps = "hold one lock around each call that runs it, or give each thread its own generator"
    return Bug(f"Race condition on {what}: two threads run one generator", what, helps, _run_before(runs[0], log))


def _runs_of_generator(effect: Effect, log: Sequence[Step]) -> list[int]:
    """Return the calls of `next` by which two threads run one generator, if the first one had not returned then."""
    steps = steps_of(effect)
    generators = [at for at in steps if any(type_named(key) is GeneratorType for key, _, _ in log[at][2] or ())]
    entered = [at for at in generators if log[at][1].kind not in kinds.OF_CALLS]
    if entered and len({log[at][0].index for at in generators}) > 1:
        return entered
    calls = [at for at in steps if log[at][1].name == "next"]
    resumes = [at for at in steps if log[at][1].kind in kinds.OF_CALLS]
    if len({log[at][0].index for at in calls}) < 2 or not resumes:
        return []
    return calls if calls[-1] < resumes[-1] and log[resumes[-1]][0] is log[calls[0]][0] else []


def _run_before(position: int, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the position of the last step before a call in which another thread ran the same generator."""
    keys = {key for key, _, _ in log[position][2] or ()}
    for at in range(position - 1, -1, -1):
        if log[at][0] is not log[position][0] and any(key in keys for key, _, _ in log[at][2] or ()):
            return (at,)
    return ()


def _redirected(effect: Effect, log: Sequence[Step]) -> str:
    """Return the stream of the process that two threads redirect, if one has used it meanwhile; else nothing."""
    accesses = [each for each in effect if isinstance(each, Access)]
    streams = {(redirected_at(access.place), access.thread) for access in accesses}
    names = {name for name, _ in streams}
    if len(streams) < 2 or len(names) > 1:
        return ""
    (name,) = names
    for access in accesses:
        for key, part, _ in log[access.position][2] or ():
            kind = type_named(key)
            if (kind is not None and issubclass(kind, io.IOBase)) or f"sys.{part}" == name:
                return name
    return ""

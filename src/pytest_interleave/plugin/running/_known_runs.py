"""Runs the schedules of one test that are known before its search: pinned ones, and failures of earlier runs."""

from __future__ import annotations

from ...explore import NonPreemptive
from ..known._known_schedules import PINNED
from ._ended_by import PINNED_ONLY
from ._exploring import GO_ON, Exploring, Verdict
from ._lost_schedules import ScheduleLost, describe_lost


def run_known(exploring: Exploring) -> Verdict:
    """Run the known schedules; a test that is not explored ends with them."""
    skip: BaseException | None = None
    for position, known in enumerate(exploring.known):
        followed = exploring.following.follow(known.token)
        if not followed.was_run:
            return exploring.interrupt(followed.outcome)
        exploring.number += 1
        verdict = exploring.look_at(followed.outcome, known.origin)
        skip = skip or verdict.error
        exploring.known[position] = known._replace(found=verdict.ends)
        if verdict.ends:
            if exploring.exploration is not None:
                exploring.exploration = exploring.exploration._replace(known=tuple(exploring.known))
            return verdict
        if known.origin != PINNED or verdict.error is not None:
            # A test that is skipped here does not reach any place.
            continue
        lost = exploring.following.why_lost(followed)
        if lost is not None:
            text = describe_lost(str(known.token), lost, followed.outcome)
            exploring.conclude(exploring.number, PINNED_ONLY, lost=text)
            return Verdict(True, ScheduleLost(text))
        doubt = exploring.following.doubt(followed, known.token)
        # A pin outlives the fix, which may keep its schedule from being followed; so may another Python.
        if doubt is not None and doubt.lost:
            exploring.observations.notes[doubt.text] = None
    if exploring.settings.explored:
        return GO_ON
    if not exploring.known:
        # No pin is for this set of parameters; but it is a test.
        usual = NonPreemptive()
        outcome = exploring.runs.run(usual)[1]
        exploring.number += 1
        verdict = exploring.look_at(outcome, usual.name)
        if verdict.ends:
            return verdict
        skip = verdict.error
    exploring.conclude(exploring.number, PINNED_ONLY)
    unittest = exploring.executions.unittest
    return Verdict(True, skip if skip is not None or unittest is None else unittest.unexpected_success)

"""The search of one test: runs schedules of its strategies until one ends the exploration, or there are no more."""

from __future__ import annotations

from ...control import Outcome
from ...control.interpreter import real_seconds
from ...explore import Replay, fingerprint
from ...trace import first_difference
from ..settings._shards import nodeid_of
from ._ended_by import EXHAUSTED, EXPECTED_FAILURE, NOTHING_TO_INTERLEAVE, SCHEDULES, SECONDS, SKIP, EndedBy
from ._exploring import GO_ON, Exploring, Verdict
from ._progress_line import Progress
from ._strategy_turns import Turns
from .observations._nondeterminism import describe_nondeterminism
from .observations._observations import Observations

#: The first schedule is repeated at most this many times; a test that still differs then is nondeterministic.
_REPETITIONS = 3


def search(exploring: Exploring, progress: Progress) -> BaseException | None:
    """Run the schedules of the strategies; return the exception for the test."""
    settings, executions, seen = exploring.settings, exploring.executions, exploring.observations
    unittest = executions.unittest
    known = exploring.number
    limit = exploring.limit.of_search
    turns = exploring.turns = Turns(settings, _mix(settings.stream, nodeid_of(exploring.item)), limit)
    skip: BaseException | None = None
    turn = 0
    ended_by: EndedBy = SCHEDULES
    # Schedules that were known before are not counted as turns.
    while turn < settings.schedules:
        turn += 1
        strategy, leap = turns.next(turn, time_matters=seen.time_matters)
        executions.leap = leap
        executions.prepare()
        exploring.number += 1
        strategy.begin(turn)
        outcome = executions.run(strategy)
        strategy.end(outcome)
        ends, error = exploring.look_at(outcome, getattr(strategy, "current", strategy).name)
        if ends:
            return error
        if error is not None:
            skip = error
            if exploring.expects_failure:
                ended_by = EXPECTED_FAILURE
                break
            if error is outcome.exception and seen.threads == 1:
                ended_by = SKIP
                break
        if turn == 1 and executions.learn_from_end():
            # From now on, executions have a part that this one did not have: begin again.
            exploring.number, exploring.observations = known, Observations()
            return search(exploring, progress)
        if leap is None:
            if turns.predictions is not None:
                turns.predictions.look_at(outcome)
            over: EndedBy | None = None
            if turn == 1 and seen.nothing_to_interleave:
                over = NOTHING_TO_INTERLEAVE if error is None else SKIP
            elif turn == 1:
                ends, error = _check_determinism(exploring, outcome)
                if ends:
                    return error
            if seen.doubtful:
                turns.doubt()
            if over is None and turns.finished:
                over = EXHAUSTED
            if over is not None and not turns.goes_on(time_matters=seen.time_matters):
                ended_by = over
                break
        now = real_seconds()
        if now >= limit and turn < settings.schedules:
            ended_by = SECONDS
            break
        if now >= progress.next:
            progress.show(exploring.number)
    if turns.predictions is not None and ended_by in (SCHEDULES, SECONDS):
        seen.notes.update(dict.fromkeys(turns.predictions.warnings()))
    if seen.nothing_to_interleave and ended_by in (SCHEDULES, SECONDS):
        ended_by = NOTHING_TO_INTERLEAVE
    exploring.conclude(exploring.number, ended_by)
    return skip if skip is not None or unittest is None else unittest.unexpected_success


def _check_determinism(exploring: Exploring, outcome: Outcome) -> Verdict:
    """Run the schedule of the first execution again, and note whether the test takes other steps.

    What only the first execution does, because nothing is imported or cached yet, is no difference; nor is what only
    the second does, because the machine was busy just then. A fourth execution shows whether the test alternates.
    """
    executions, seen = exploring.executions, exploring.observations
    before = outcome
    difference = None
    waits_outside = outcome.waits_outside
    for repetition in range(_REPETITIONS):
        if before.set_aside or before.unexplored is not None:
            return GO_ON
        if not exploring.limit.has(executions.took):
            if repetition == 0:
                seen.is_unchecked = True
            return GO_ON
        executions.prepare()
        replay = Replay(before.choices)
        replay.begin(1)
        again = executions.run(replay)
        replay.end(again)
        waits_outside = waits_outside or again.waits_outside
        if again.uneventful:
            seen.look_at(again)
        else:
            exploring.number += 1
            verdict = exploring.look_at(again, replay.name)
            if verdict.ends:
                return verdict
            exploring.number -= 1
        changed = first_difference(before.log, again.log)
        if changed is None:
            return GO_ON
        difference = difference or changed
        before = again
        if repetition == 1 and first_difference(outcome.log, again.log) is not None:
            break
    assert difference is not None
    exploring.unrepeatable = describe_nondeterminism(difference)
    if not waits_outside:
        # A correct test that waits outside may differ: then only the coverage says so, as a warning could be an error.
        seen.notes[exploring.unrepeatable] = None
    seen.note_nondeterminism(difference.place)
    return GO_ON


def _mix(seed: int, nodeid: str) -> int:
    """Return a seed for one test, made from the seed of the run."""
    return seed * 65_537 + fingerprint(nodeid)

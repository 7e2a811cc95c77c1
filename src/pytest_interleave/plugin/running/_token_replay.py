"""Replays the schedule of a token, given on the command line: the only schedule of the run."""

from __future__ import annotations

from ...control import Recorder
from ...detect import DataRace
from ...explore import Token
from ...trace import steps_text, timeline_of
from ..items._raised import came_by_signal, quiet_exception
from ._ended_by import REPLAY
from ._exploring import Exploring
from ._lost_schedules import ScheduleLost, describe_lost
from .explanations._detailed_runs import time_passed
from .explanations._explanation import Explanation


def replay_token(exploring: Exploring, token: Token) -> BaseException | None:
    """Run the schedule of the token, and explain what it finds; return the exception for the test."""
    settings, following = exploring.settings, exploring.following
    recorder = Recorder(everything=True, until=exploring.limit.of_report)
    # There is no other execution to see whether it was too early to continue.
    exploring.executions.be_patient()
    followed = following.follow(token, recorder)
    _, recorded, outcome, was_run = followed
    if not was_run:
        return exploring.interrupt(outcome).error
    exploring.look_at_replay(outcome)
    steps = tuple(steps_text(outcome.log, recorded.switched, recorder)) if settings.trace else ()
    if came_by_signal(outcome.exception):
        return exploring.interrupt(outcome, strategy="replay", steps=steps).error
    finding = exploring.judge(outcome)
    shown = outcome
    if finding is None:
        raced = exploring.runs.confirmed(exploring.races.suspects(outcome), outcome)
        if raced is not None:
            finding, shown, _ = raced
    explanation = None
    if finding is not None:
        # The report begins as the one that has the token.
        races = finding.exception.races if isinstance(finding.exception, DataRace) else ()
        timeline = timeline_of(shown, recorded.points, recorder, exploring.limit.is_over, races)
        explanation = Explanation(
            finding,
            token,
            switches=len(recorded.switched),
            timeline=timeline,
            time_passed=time_passed(shown),
            seconds_of_test=settings.seconds,
        )
    # Only now, because it may run the test again: the names of objects are those of the last execution.
    lost = following.why_lost(followed)
    difference = None if lost is None else describe_lost(str(token), lost, followed.outcome)
    if finding is None and lost is None and quiet_exception(outcome) is None:
        doubt = following.doubt(followed, token)
        if doubt is not None and doubt.lost:
            difference = doubt.text
        elif doubt is not None:
            exploring.observations.notes[doubt.text] = None
    if explanation is not None:
        explanation = exploring.with_others(explanation._replace(difference=difference), outcome)
    exploring.conclude(
        1,
        REPLAY,
        found_at=None if finding is None else 1,
        explanation=explanation,
        strategy="replay",
        lost=difference,
        steps=steps,
    )
    if finding is not None:
        return finding.exception
    if difference is not None:
        return ScheduleLost(difference)
    return quiet_exception(outcome)

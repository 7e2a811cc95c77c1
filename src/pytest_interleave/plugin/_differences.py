"""What is said where the same schedule did not give the same execution."""

from __future__ import annotations

import sys

from ..control import Outcome
from ..detect import Finding
from ..explore import Replay, Token
from ..trace import Difference


class ReplayDiverged(AssertionError):
    """The schedule of a token could not be followed to its end."""


def tell_difference(difference: Difference | None, finding: Finding, again: Finding | None) -> str:
    """A finding's schedule, run again at once, gave another execution."""
    came = "nothing" if again is None else again.message.splitlines()[0]
    text = (
        "This execution could not be repeated: the same schedule, run again at once, gave "
        f"{came} in place of {finding.message.splitlines()[0]}."
    )
    if difference is not None:
        text += f" The first step that differs is {difference}."
    return (
        f"{text} The test depends on something besides the schedule (state that outlives an execution, real time, "
        "addresses, threads not under control); the token may not reproduce it."
    )


def tell_divergence(replay: Replay, outcome: Outcome, token: Token) -> str:
    """An execution parted from the schedule of its token."""
    if replay.diverged is not None:
        choice, why = replay.diverged
        position = _step_of_choice(outcome, choice)
        what = f"at choice {choice + 1} ({position}) {why}"
    else:
        what = f"it took {outcome.steps} steps in place of {token.steps}"
    text = (
        f"The execution did not follow the token's schedule: {what}. The code under test has changed since the token "
        "was made, or the test depends on something besides the schedule."
    )
    if sys.flags.hash_randomization:
        text += (
            " If that is the order of a set of strings, it is the same in every process with PYTHONHASHSEED=0 in the "
            "environment: find a new token with it."
        )
    return text


def _step_of_choice(outcome: Outcome, choice: int) -> str:
    """Roughly where in the execution a choice was made: the operation that was granted by it."""
    position = min(choice, len(outcome.log) - 1)
    task, operation, _ = outcome.log[position]
    return f"near {operation.kind} by {task.name!r} at {operation.where()}"

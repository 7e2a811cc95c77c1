"""Runs the schedules of tokens in the executions of one item, and says why one no longer fits."""

from __future__ import annotations

from typing import NamedTuple

from ..control import Outcome, Recorder
from ..explore import Follow, NonPreemptive, Recorded, Replay, Token
from ._debugging import no_breakpoints
from ._executions import Executions
from ._explaining import Explaining
from ._raised import came_by_signal


class Followed(NamedTuple):
    """A token's schedule, and the execution that came of it."""

    strategy: Follow | Replay
    recorded: Recorded
    outcome: Outcome
    #: Whether the schedule was run; else a time limit was over in the execution that had to come before.
    was_run: bool = True


class Following:
    """Runs the schedules of tokens."""

    def __init__(self, executions: Executions, explaining: Explaining) -> None:
        self._executions = executions
        self._explaining = explaining

    def follow(self, token: Token, recorder: Recorder | None = None) -> Followed:
        """Run a token's schedule, in detail.

        Where it was found after others had run in the same process, another one is run before it: what they had
        filled (imports, caches, lazily made objects) has to be filled now, too.
        """
        strategy = Follow(token.switches) if token.choices is None else Replay(token.choices)
        self._executions.leap = token.leap
        if token.warm and self._executions.count == 0:
            with no_breakpoints():
                recorded, outcome = self._explaining.run(NonPreemptive())
            if came_by_signal(outcome.exception):
                return Followed(strategy, recorded, outcome, was_run=False)
        return Followed(strategy, *self._explaining.run(strategy, recorder, visible=token.warm))

    def why_lost(self, followed: Followed) -> str | None:
        """Why an execution was not the token's: the test has no place any more for a switch; None where it was.

        A place that the test comes to without switches counts as one that it has.
        """
        strategy = followed.strategy
        if isinstance(strategy, Replay):
            diverged = strategy.diverged
            return None if diverged is None else f"at choice {diverged[0] + 1}, {diverged[1]}"
        if not strategy.unknown(set()):
            return None
        usual = Follow(())
        with no_breakpoints():
            self._explaining.run(usual)
        unknown = strategy.unknown(usual.seen)
        if not unknown:
            return None
        number = strategy.switches.index(unknown[0]) + 1
        return (
            f"the place of its switch {number} of {len(strategy.switches)} is none that the test comes to: the line "
            "there, or its function, is not what it was, or nothing leads there any more"
        )

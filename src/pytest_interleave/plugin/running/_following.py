"""Runs the schedules of tokens, and finds out why one no longer fits its test."""

from __future__ import annotations

from typing import NamedTuple

from ...control import Outcome, Recorder
from ...explore import Follow, NonPreemptive, Recorded, Replay, Switch, Token, python_version
from ..items._debugging import no_breakpoints
from ..items._raised import came_by_signal
from ._lost_schedules import describe_not_followed, describe_other_python
from .executions._executions import Executions
from .explanations._detailed_runs import DetailedRuns


class Followed(NamedTuple):
    """A token's schedule, and its execution."""

    strategy: Follow | Replay
    recorded: Recorded
    outcome: Outcome
    #: Whether the schedule was run; if not, a time limit has ended the execution before it.
    was_run: bool = True


class Doubt(NamedTuple):
    """A reason why it proves little that a token's schedule has found nothing."""

    text: str
    #: Whether the schedule does not fit this version of Python, although the code has not changed.
    lost: bool


class Following:
    """Runs the schedules of tokens in the executions of one item."""

    def __init__(self, executions: Executions, runs: DetailedRuns) -> None:
        self._executions = executions
        self._runs = runs

    def follow(self, token: Token, recorder: Recorder | None = None) -> Followed:
        """Run a token's schedule, in detail.

        If it was found after others in the same process, another one is run before it: what those had filled (imports,
        caches, lazily made objects) has to be filled now, too.
        """
        strategy = Follow(token.switches) if token.choices is None else Replay(token.choices)
        self._executions.leap = token.leap
        self._executions.long_sleeps = token.long_sleeps
        if token.warm and self._executions.count == 0:
            with no_breakpoints():
                recorded, outcome = self._runs.run(NonPreemptive())
            if came_by_signal(outcome.exception):
                return Followed(strategy, recorded, outcome, was_run=False)
        return Followed(strategy, *self._runs.run(strategy, recorder, visible=token.warm))

    def why_lost(self, followed: Followed) -> str | None:
        """Describe why an execution was not the token's: the place of a switch is gone; None if it was.

        A place that the test reaches without switches is not gone.
        """
        strategy = followed.strategy
        if isinstance(strategy, Replay):
            diverged = strategy.diverged
            return None if diverged is None else f"at choice {diverged[0] + 1}, {diverged[1]}"
        if not strategy.unknown(set()):
            return None
        usual = Follow(())
        with no_breakpoints():
            self._runs.run(usual)
        unknown = strategy.unknown(usual.seen)
        if not unknown:
            return None
        return f"{_which(strategy, unknown[0])}: its line was edited or is no longer reached"

    def doubt(self, followed: Followed, token: Token) -> Doubt | None:
        """Return why it proves little that a token's schedule has found nothing; None if the schedule was followed.

        Another version of Python may take other steps, so that a switch is made elsewhere.
        """
        strategy = followed.strategy
        if isinstance(strategy, Replay):
            return None
        why, lost = self._not_followed(strategy, token)
        if why is None:
            return None
        return Doubt(describe_other_python(token, why) if lost else describe_not_followed(token, why), lost)

    def _not_followed(self, strategy: Follow, token: Token) -> tuple[str | None, bool]:
        """Describe why the schedule was not followed, if so, and return whether Python's version may be the reason."""
        elsewhere = token.python != python_version()
        missed = [switch for switch in strategy.switches if switch not in strategy.reached]
        if missed:
            return f"{_which(strategy, missed[0])}: its line was not reached", elsewhere
        if elsewhere and strategy.of_python():
            which = _which(strategy, strategy.of_python()[0])
            return f"{which}: it is in Python's own code, which differs between versions", True
        prevented = [switch for switch in strategy.switches if switch not in strategy.made]
        if prevented:
            return f"{_which(strategy, prevented[0])}: the other thread could not run", False
        return ("the test may run other steps on this version" if elsewhere else None), False


def _which(strategy: Follow, switch: Switch) -> str:
    return f"context switch {strategy.switches.index(switch) + 1} of {len(strategy.switches)}"

"""Makes the explanation of a finding: repeats its execution, shrinks its schedule, and shows what is left in detail."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ....control import HELD_UP, Outcome
from ....control.execution import LIVELOCK
from ....control.interpreter import real_seconds
from ....detect import Conflict, Finding
from ....explore import Token
from ....trace import held_up, timeline_of
from ...known._fingerprints import name_of_test
from ..executions._executions import Executions
from ..executions._time_limit import TimeLimit
from ..observations._nondeterminism import describe_blocked
from ..observations._race_check import Raced, describe_failed_repetition
from ._detailed_runs import DetailedRuns, NotRepeated, time_passed
from ._explanation import Explanation
from ._shrinking import Shrinking

#: Exceptions that end an explanation early: those of fixtures, time limits, and requests to stop pytest.
STOPPED = (Exception, SystemExit, pytest.fail.Exception, pytest.skip.Exception, KeyboardInterrupt)

#: At most this many steps are shown of an execution that is not explored to its end: the last ones that were explored.
_STEPS_SHOWN = 40
#: A step in detail takes at most this many times as long as another one.
_DETAIL_TAKES = 4
#: Executions that are needed before shrinking, to write a schedule down by its switches.
_RUNS_BY_SWITCHES = 2
#: With time for fewer executions in detail than that, an execution is probably not shrunk.
_RUNS_TO_SHRINK = 8
#: A description that is shown only if there is no better one takes at most this share of the time left.
_SHARE_OF_A_RESERVE = 0.25


class Explaining:
    """Explains findings of one item; shrinking takes at most `seconds`, and all of it ends with `limit`."""

    def __init__(
        self,
        item: pytest.Function,
        executions: Executions,
        runs: DetailedRuns,
        shrinking: Shrinking,
        seconds: float,
        limit: TimeLimit,
    ) -> None:
        self._item = item
        self._executions = executions
        self._runs = runs
        self._shrinking = shrinking
        self._seconds = seconds
        self._limit = limit

    def unrepeated(self, finding: Finding, outcome: Outcome, *, warm: bool, share: float = 1.0) -> Explanation:
        """Explain a finding whose execution cannot be run again, from its choices alone.

        That takes at most a share of the time left.
        """
        token = Token.of_choices(
            outcome.choices,
            test=name_of_test(self._item),
            warm=warm,
            time_choices=self._executions.leap is not None,
            long_sleeps=self._executions.long_sleeps,
        )
        return Explanation(
            finding,
            token,
            timeline=timeline_of(outcome, None, None, self._limit.part(share).is_over),
            time_passed=time_passed(outcome),
            seconds_of_test=self._limit.seconds,
        )

    def _unshrunk(self, finding: Finding, outcome: Outcome, *, warm: bool, share: float) -> Explanation:
        """Explain a finding after the first `max_steps` steps by the last of these; its schedule is not shrunk."""
        steps = len(outcome.log)
        # Time may have passed long before the steps that are shown.
        passed = [text for text, _ in held_up(outcome, steps)]
        # For a livelock, the loops are shown, which may have started long before.
        stuck = outcome.stuck is not None and outcome.stuck.kind == LIVELOCK
        last = [step for step in outcome.log[-steps if stuck else -_STEPS_SHOWN :] if step[1].kind != HELD_UP]
        plain = self.unrepeated(finding, outcome._replace(log=last), warm=warm, share=share)
        timeline = plain.timeline
        if timeline is not None and passed:
            timeline = timeline._replace(notes=(*passed, *timeline.notes))
        return plain._replace(
            timeline=timeline,
            time_passed=bool(passed),
            explored=(steps, steps + (outcome.unexplored or 0)),
            confirmed=False,
        )

    def as_found(self, finding: Finding, outcome: Outcome, *, warm: bool) -> Explanation:
        """Explain a finding by its execution alone, before there is another one: the names of objects are those of
        the last execution.
        """
        explained = self._unshrunk if outcome.unexplored is not None else self.unrepeated
        there_is_more = self._limit.has(_seconds_in_detail(self._executions.took, outcome))
        return explained(finding, outcome, warm=warm, share=_SHARE_OF_A_RESERVE if there_is_more else 1.0)

    def explain(
        self,
        finding: Finding,
        outcome: Outcome,
        suspects: Sequence[Conflict],
        raced: Raced | None,
        *,
        warm: bool,
        found: Explanation | None = None,
    ) -> Explanation:
        """Run the schedule again, shrink it, and run what is left in detail.

        A long one, past `max_steps`, is not shrunk, and run again only if that is quick. Nothing is started that would
        not be done before the time limit. `found` is the explanation by this execution alone, if there is one.
        """
        took = self._executions.took
        self._executions.found = True
        long = outcome.unexplored is not None
        in_detail = _seconds_in_detail(took, outcome)
        plain = found or self.as_found(finding, outcome, warm=warm)
        if waited_in_vain(outcome):
            return plain._replace(difference=describe_blocked(outcome))
        if raced is not None and (long or raced.difference is not None):
            return plain._replace(finding=raced.finding, difference=raced.difference, confirmed=True)
        if long and (took > self._seconds or not self._limit.has(in_detail)):
            return plain
        if not self._limit.has(in_detail):
            return plain._replace(confirmed=False, left_out=("a second run of the schedule", "shrinking"))
        values_until = None if self._limit.has(_RUNS_TO_SHRINK * in_detail) else self._limit.of_report
        try:
            repeated = self._runs.repeat(plain.finding, outcome, suspects, warm=warm, values_until=values_until)
        except STOPPED as error:
            self.stop_session(error)
            return plain._replace(difference=describe_failed_repetition(error))
        shown = repeated.shown
        if isinstance(shown, NotRepeated):
            return plain._replace(difference=shown.difference)
        if repeated.outcome is not outcome:
            plain = self.as_found(repeated.finding, repeated.outcome, warm=repeated.warm)
        if long:
            return plain._replace(confirmed=True)
        # Now: the names of objects are those of the last execution.
        run_took, began = self._executions.took, real_seconds()
        as_found = plain._replace(
            finding=shown.finding,
            timeline=shown.timeline(self._limit.part(_SHARE_OF_A_RESERVE)),
            switches=shown.attempt.preemptions,
        )
        # To show the last execution, and one more as long as the first.
        reserve = 2 * run_took + 2 * (real_seconds() - began)
        if not self._limit.has(_RUNS_BY_SWITCHES * run_took + reserve):
            if as_found.timeline is not None and as_found.timeline.left_out:
                # There will be no better one: it may have all the time that is left.
                as_found = as_found._replace(timeline=shown.timeline(self._limit.part(1.0)))
            return as_found._replace(left_out=("shrinking",))
        try:
            shrunk = self._shrinking.shrink(shown, reserve)
            if shrunk is None:
                return as_found
            # Any other schedule than the first one was only run after others.
            is_warm = plain.token.warm or shrunk.attempt.switches != shown.recorded.switches
            return plain._replace(
                finding=shrunk.shown.finding,
                token=plain.token._replace(switches=tuple(shrunk.attempt.switches), choices=None, warm=is_warm),
                switches=shrunk.attempt.preemptions,
                switches_before=shown.attempt.preemptions,
                seconds=shrunk.seconds,
                timeline=shrunk.shown.timeline(self._limit.part(1.0)),
                time_passed=time_passed(shrunk.shown.outcome),
                left_out=("more shrinking",) if shrunk.cut_short else (),
            )
        except STOPPED as error:
            # A time limit is over, or a fixture fails for the first time now: the report shows what is known so far.
            self.stop_session(error)
            return as_found

    def stop_session(self, error: BaseException) -> None:
        """End the session after this test if Ctrl-C or `pytest.exit` asks for that: the finding is reported first."""
        if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
            self._item.session.shouldstop = str(error) or type(error).__name__


def _seconds_in_detail(took: float, outcome: Outcome) -> float:
    """Estimate how many seconds an execution takes in detail that `took` as many: only explored steps take longer."""
    steps = len(outcome.log)
    explored = steps / max(1, steps + (outcome.unexplored or 0))
    return took * (1 + (_DETAIL_TAKES - 1) * explored)


def waited_in_vain(outcome: Outcome) -> bool:
    """Whether the execution was ended while a thread waited outside: each further one would wait as long."""
    stuck = outcome.stuck
    return stuck is not None and (bool(outcome.leaked) or any(wait.outside for wait in stuck.waits))

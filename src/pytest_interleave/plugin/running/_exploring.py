"""Judges the executions of one test, one after the other, and makes its `Exploration` from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from ..._leaves import leaves
from ...control import Outcome
from ...control.execution import DEADLOCK, LIVELOCK, TIMEOUT
from ...control.interpreter import real_seconds
from ...detect import (
    FAILED_SETUP,
    FAILED_TEARDOWN,
    FAILED_TEST,
    LEAK,
    WORKER_EXCEPTION,
    Conflict,
    Finding,
    FindingKind,
    Watchlist,
    uncontrolled_in,
)
from ...explore import Replay, Token
from ...resources import ResourceLeak
from ..items._raised import came_by_signal, quiet_exception
from ..items._worker_fixtures import WorkerFixtures
from ..known._known_schedules import PINNED, KnownSchedule
from ..settings._per_worker import names_shared
from ..settings._settings import Settings
from ..settings._suite import leave_out
from ._ended_by import (
    EXHAUSTED,
    EXPECTED_FAILURE,
    FINDING,
    INTERRUPTED,
    NOTHING_TO_INTERLEAVE,
    REPLAY,
    SCHEDULES,
    SECONDS,
    TOO_LONG,
    EndedBy,
)
from ._exploration import Exploration
from ._following import Following
from ._strategy_turns import Turns
from .executions._executions import Executions
from .executions._judge import Judge
from .executions._time_limit import TimeLimit
from .explanations._detailed_runs import DetailedRuns, has_race
from .explanations._every_schedule import fails_in_every_schedule
from .explanations._explaining import STOPPED, Explaining, waited_in_vain
from .explanations._explanation import FAILURES, Explanation
from .explanations._raising_fixture import raising_fixture
from .explanations._repeating import RUNS, Repeating
from .explanations._shrinking import Shrinking
from .explanations._simplest import simplest_failure
from .observations._nondeterminism import OUT_OF_SIGHT, describe_threads_of_others
from .observations._observations import Observations
from .observations._race_check import RaceCheck, Raced

#: Endings of a search that nothing has cut short.
_RAN_ITS_COURSE = frozenset((SCHEDULES, SECONDS, EXHAUSTED, NOTHING_TO_INTERLEAVE))


class Verdict(NamedTuple):
    """The judgment of an execution: whether it ends the exploration, and what the test raises."""

    ends: bool
    #: The exception for the test; if the exploration does not end, a skip or an expected failure, or None.
    error: BaseException | None = None


#: The verdict on an execution after which the next schedule is run.
GO_ON = Verdict(False)


class Exploring:
    """Judges and explains the executions of one item, and keeps what they have shown.

    `known` are schedules to be tried first; `own_fixtures` are the fixtures that workers do not share.
    """

    def __init__(
        self,
        item: pytest.Function,
        settings: Settings,
        known: Sequence[KnownSchedule],
        own_fixtures: WorkerFixtures | None,
    ) -> None:
        self.item = item
        self._own_fixtures = own_fixtures
        self.settings = settings
        #: The result; None until `conclude` is called.
        self.exploration: Exploration | None = None
        self.limit = TimeLimit(settings.seconds)
        self.executions = Executions(item, settings, own_fixtures)
        self.judge = Judge(self.executions)
        self.races = RaceCheck(Watchlist(everything=settings.races))
        self.runs = DetailedRuns(self.executions, self.races, self.judge)
        shrinking = Shrinking(self.runs, self.races, self.judge, settings.shrink_seconds, self.limit)
        self._explaining = Explaining(item, self.executions, self.runs, shrinking, settings.shrink_seconds, self.limit)
        self.following = Following(self.executions, self.runs)
        # What was remembered of a run with another mode of timeouts is not what this run asks for.
        self.known = [one for one in known if one.origin == PINNED or settings.time_choices >= one.token.time_choices]
        self.observations = Observations()
        #: The strategies of the search, once it has started.
        self.turns: Turns | None = None
        #: The number of executions that count as schedules.
        self.number = 0
        #: Why the test is nondeterministic; None as long as it seems deterministic.
        self.unrepeatable: str | None = None
        #: The last execution, and the name of its strategy.
        self._last: tuple[Outcome, str] | None = None

    def look_at(self, outcome: Outcome, strategy: str) -> Verdict:
        """Count an execution, and judge it: whether it ends the exploration."""
        self.observations.add(outcome)
        if outcome.hurried and self._fails_in_time(outcome):
            outcome = self._patiently(outcome)
        if outcome.woke_early and self._fails_in_time(outcome):
            outcome = self._with_long_sleeps(outcome)
        self._last = outcome, strategy
        suspects = self.races.suspects(outcome)
        if outcome.uneventful and not self.judge.open_pools and not suspects:
            return GO_ON
        if came_by_signal(outcome.exception):
            return self.interrupt(outcome)
        finding = self.judge(outcome)
        raced = self.runs.confirmed(suspects, outcome) if finding is None else None
        if raced is not None:
            finding = raced.finding
        if self.settings.suite and outcome.unexplored is not None and (finding is None or finding.kind == TIMEOUT):
            self.conclude(self.number, TOO_LONG)
            return Verdict(True, pytest.skip.Exception(leave_out(self.item, "too long to be explored")))
        if finding is None:
            return Verdict(False, quiet_exception(outcome))
        if self.expects_failure:
            # Raised by another thread, or a deadlock: unittest itself knows only what the test raises.
            self.conclude(self.number, EXPECTED_FAILURE)
            return Verdict(True, pytest.xfail.Exception(finding.message))
        return Verdict(True, self._found(finding, outcome, strategy, suspects, raced))

    def _patiently(self, outcome: Outcome) -> Outcome:
        """Run the schedule of an execution again, with full patience from now on; return that execution.

        The one before has failed, perhaps only because it did not wait long enough for what is not controlled.
        """
        self.executions.be_patient()
        return self._again(outcome)

    def _with_long_sleeps(self, outcome: Outcome) -> Outcome:
        """Run the schedule of an execution again, with long sleeps; return that execution if it does not fail.

        Then sleeps are long from now on. The one before has failed because a thread slept too often while others
        worked. If it fails with long sleeps, too, they are not needed: with short ones, fewer steps lead to the
        failure.
        """
        self.executions.long_sleeps = True
        again = self._again(outcome)
        if self.judge(again) is None:
            return again
        self.executions.long_sleeps = False
        return outcome

    def _again(self, outcome: Outcome) -> Outcome:
        """Run the schedule of an execution again; return that execution."""
        self.executions.prepare()
        replay = Replay(outcome.choices)
        replay.begin(1)
        again = self.executions.run(replay)
        replay.end(again)
        self.observations.look_at(again)
        return again

    def _fails_in_time(self, outcome: Outcome) -> bool:
        """Whether an execution has failed, but not because it took too long."""
        return not _timed_out(outcome) and self.judge(outcome) is not None

    def look_at_replay(self, outcome: Outcome) -> None:
        """Count the execution of a token's schedule, the only one, without judging it."""
        self.number = 1
        self._last = outcome, "replay"
        self.observations.add(outcome)

    @property
    def expects_failure(self) -> bool:
        """Whether the test is one of unittest that is expected to fail."""
        unittest = self.executions.unittest
        return unittest is not None and unittest.expects_failure

    def interrupt(self, outcome: Outcome, **more: Any) -> Verdict:
        """Conclude after an execution that a signal handler has ended, such as that of a time limit.

        It is not run again: the signal would not come again, and what hangs would hang again.
        """
        self.conclude(self.number, INTERRUPTED, **more)
        return Verdict(True, outcome.exception)

    def _found(
        self, finding: Finding, outcome: Outcome, strategy: str, suspects: Sequence[Conflict], raced: Raced | None
    ) -> BaseException:
        """Explain a finding and conclude; return the exception for the test."""
        unseen = self.observations.last_is_known and raced is None
        hidden_order = self.observations.hidden_order if unseen else ""
        always_plain = self.executions.always_plain
        found = self._explaining.as_found(finding, outcome, warm=self.executions.count > 1)
        repeating = Repeating(self.executions, self.runs, self._explaining, self.judge)
        explanation = None
        if self._may_be_repeated(finding, outcome) and raced is None and self.number > 1:
            explanation = repeating.of_test(found, is_certain=always_plain)
        if explanation is None:
            explanation = self._explaining.explain(
                finding, outcome, suspects, raced, warm=found.token.warm, found=found
            )
            explanation = explanation._replace(unseen=unseen, hidden_order=hidden_order)
            # In one worker, and in all of them one after another.
            has_time = self.limit.has(2 * self.executions.took)
            if self.settings.marker == "thread_safety" and not waited_in_vain(outcome) and has_time:
                least = simplest_failure(explanation, self.executions, self.runs, self._explaining, self.judge)
                own: frozenset[str] = frozenset() if self._own_fixtures is None else self._own_fixtures.names
                explanation = explanation._replace(simplest=least, shared=names_shared(self.item, own))
                if least == "one worker" and self.number == 1 and self._may_be_repeated(finding, outcome):
                    explanation = repeating.of_body(explanation, is_certain=always_plain)
        explanation = self.with_others(explanation, outcome)
        explanation = self._doubted(explanation, outcome)
        self.conclude(self.number, FINDING, found_at=self.number, explanation=explanation, strategy=strategy)
        return explanation.finding.exception

    def _may_be_repeated(self, finding: Finding, outcome: Outcome) -> bool:
        """Whether a test may fail only because it is repeated, and there is time to find that out."""
        known = not (outcome.waits_outside or outcome.set_aside or outcome.leaked)
        return known and finding.kind in FAILURES and self.limit.has(RUNS * self.executions.took)

    def with_others(self, explanation: Explanation, outcome: Outcome) -> Explanation:
        """Add whether other schedules fail as well, if the test fails without preemption."""
        timeline = explanation.timeline
        # A failure that depends on something unseen says nothing about the order of the threads.
        unknown = explanation.unseen or explanation.no_race or explanation.repetition or outcome.waits_outside
        # Threads that spin give way to others, which is no preemption.
        spins = explanation.finding.kind == LIVELOCK and explanation.switches == 0
        if timeline is None or not (timeline.is_plain or spins) or unknown:
            return explanation
        if self.number > 1:
            return explanation if spins else explanation._replace(always=0)
        known = explanation.repeatable and not has_race(explanation.finding)
        if not known or explanation.finding.kind not in (FAILED_TEST, WORKER_EXCEPTION, DEADLOCK, LIVELOCK):
            return explanation
        tried = fails_in_every_schedule(
            explanation.finding,
            self.settings.seed,
            self.runs,
            self._explaining,
            self.judge,
            self.limit,
            self.executions.took,
        )
        if spins and not tried.failing:
            return explanation
        # A schedule in which sleeps and timeouts end early may pass, and so may one with another order of what is not
        # controlled.
        unsure = outcome.timed or not tried.alike or any(True for _ in uncontrolled_in(outcome))
        return explanation._replace(always=tried.failing, unsure=unsure)

    def _doubted(self, explanation: Explanation, outcome: Outcome) -> Explanation:
        """Add why the token may not replay: the test is nondeterministic, or has threads that other tests have left."""
        if explanation.difference is not None:
            return explanation
        if self.unrepeatable is not None:
            return explanation._replace(difference=f"May not replay: {self.unrepeatable}")
        threads = self.executions.threads_of_others(outcome)
        return explanation._replace(difference=describe_threads_of_others(threads)) if threads else explanation

    def teardown_failed(self, error: BaseException, replay: Token | None, *, in_detail: bool = False) -> None:
        """Conclude with what a fixture of the last execution raised when it ended, or could not end.

        If `in_detail`, the schedule is run again. pytest ends the fixtures after the last schedule of all: then it
        cannot be.
        """
        if self._last is None:
            return
        outcome, strategy = self._last
        number = 1 if replay is not None else self.number
        kind: FindingKind = LEAK if isinstance(error, ResourceLeak) else FAILED_TEARDOWN
        explanation = self._explaining.unrepeated(Finding(kind, error), outcome, warm=self.executions.count > 1)
        if in_detail and kind == FAILED_TEARDOWN:
            explanation = self._teardown_in_detail(explanation, outcome)
        if replay is not None:
            explanation = explanation._replace(token=replay)
        elif outcome.uncontrolled:
            explanation = explanation._replace(difference=OUT_OF_SIGHT)
        self.conclude(
            number,
            FINDING if replay is None else REPLAY,
            found_at=number,
            explanation=explanation,
            strategy=strategy,
        )

    def _teardown_in_detail(self, explanation: Explanation, outcome: Outcome) -> Explanation:
        """Explain a failed teardown by the same schedule, run again with the teardown as a part of the execution."""
        executions = self.executions
        if not self.limit.has(executions.took):
            return explanation
        executions.found = True
        executions.end_within()
        replay = Replay(outcome.choices)
        replay.begin(1)
        try:
            executions.prepare()
            again = executions.run(replay)
        except STOPPED as stopped:
            self._explaining.stop_session(stopped)
            return explanation
        replay.end(again)
        finding = self.judge(again)
        if finding is None or not finding.same_as(explanation.finding):
            return explanation
        suspects = self.races.suspects(again)
        explained = self._explaining.explain(finding, again, suspects, None, warm=True)
        return self.with_others(explained, again)

    def conclude(self, schedules: int, ended_by: EndedBy, **more: Any) -> None:
        """Make the `Exploration` of what was run so far; `ended_by` is its ending, `more` are other fields of it."""
        if ended_by in _RAN_ITS_COURSE and not self.settings.suite:
            self.observations.note_no_choice()
        if ended_by == NOTHING_TO_INTERLEAVE and self.observations.has_company:
            # There is nothing that the plugin could interleave.
            ended_by = SCHEDULES
        turns = self.turns
        if more.get("explanation") is not None:
            more["explanation"] = self._named(more["explanation"].without_guess())
        self.exploration = Exploration(
            settings=self.settings,
            schedules=schedules,
            coverage=self.observations.coverage(
                None if turns is None else turns.late,
                interleaved=ended_by != NOTHING_TO_INTERLEAVE,
                early_timeouts=turns is not None and turns.early > 0,
            ),
            classes=self.observations.classes.counts,
            seconds=real_seconds() - self.limit.started,
            ended_by=ended_by,
            threads=self.observations.threads,
            known=tuple(self.known),
            unrepeatable=self.unrepeatable,
            warnings=self.observations.warnings,
            **more,
        )

    def _named(self, explanation: Explanation) -> Explanation:
        """Add the fixture that failed, if one did."""
        finding = explanation.finding
        if finding.kind not in (FAILED_SETUP, FAILED_TEARDOWN):
            return explanation
        return explanation._replace(raised_in=raising_fixture(self.item, next(leaves(finding.exception))))

    def release_values(self) -> None:
        """Keep no object of the test alive, only the schedule of the last execution."""
        if self._last is not None:
            outcome, strategy = self._last
            self._last = outcome._replace(log=[], uses=(), pending=[], nestings=[], raised={}), strategy
        self.executions.release_values()

    def close(self) -> None:
        """Drop all references at once; nothing can be asked after that."""
        self.executions.close()
        vars(self).clear()


def _timed_out(outcome: Outcome) -> bool:
    return outcome.stuck is not None and outcome.stuck.kind == TIMEOUT

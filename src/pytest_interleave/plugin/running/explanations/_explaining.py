"""From the execution in which something was found to what the report shows of it: repeated, shrunk, in detail."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from ....control import HELD_UP, Outcome, Recorder, Strategy
from ....control.interpreter import real_seconds
from ....detect import Conflict, DataRace, Finding, Race, identity_of
from ....explore import Attempt, Follow, Recorded, Replay, Switch, Token, shrink
from ....trace import Timeline, first_difference, held_up, timeline_of
from ...items._raised import came_by_signal
from ...known._fingerprints import name_of_test
from ..executions._executions import Executions
from ..executions._time_limit import PartOfTime, TimeLimit
from ..observations._nondeterminism import WAITED_IN_VAIN, tell_difference
from ..observations._race_check import RaceCheck, Raced, not_again, recorder_for

#: What fixtures raise, and time limits; and what asks pytest to stop.
STOPPED = (Exception, SystemExit, pytest.fail.Exception, pytest.skip.Exception, KeyboardInterrupt)


#: By how little it takes for a test to fail, what a report says of it.
SIMPLEST = {
    "one worker": (
        "The test fails in one worker alone, too: no other thread has a part in it. If it passes with plain pytest, it "
        "looks at what control changes, such as real time, or the number of objects, references or frames."
    ),
    "workers in turn": (
        "The test fails when its workers run one after another, too: its body cannot be run twice on the same "
        "fixtures. If it is not meant to be, name the fixtures that each worker needs for itself, isolated=(...), or "
        "mark the test thread_unsafe."
    ),
}
SOMETHING_UNSEEN = (
    "A schedule with the same accesses in the same order has passed before: it seems to depend on something that the "
    "scheduler does not see, such as a file, a database, real time, or what an earlier execution has left."
)


NEEDS_TIME = 'This failure needs timeouts="explore": a thread is held up while time passes, as on a busy machine.'

#: Of an execution that is not explored to its end, at most this many steps are shown: the last ones that were.
_STEPS_SHOWN = 40


#: How many times as long a step takes in detail, at most.
_DETAIL_TAKES = 4
#: Executions that it takes to write a schedule down by its switches, before it can be shrunk.
_RUNS_BY_SWITCHES = 2
#: The share of the time left that a description may take which is shown only if there will be no better one.
_SHARE_OF_A_RESERVE = 0.25
#: The same of the execution that is shown: then no more values are kept.
_SHARE_OF_VALUES = 0.75


class Explanation(NamedTuple):
    """A finding as it is to be reported."""

    finding: Finding
    token: Token
    #: How many switches away from a thread that could go on there are in the token's schedule, and how many there were
    #: in the one that was found first; None where that is not known.
    switches: int | None = None
    switches_before: int | None = None
    #: How long it took to make it smaller.
    seconds: float = 0.0
    timeline: Timeline | None = None
    #: Why the token may not reproduce it.
    difference: str | None = None
    #: Of a test that is to be thread-safe, how little it takes to fail.
    simplest: str | None = None
    #: Whether an equivalent schedule has passed before.
    unseen: bool = False
    #: How many steps were explored, and how many there were in all; None if those are the same.
    explored: tuple[int, int] | None = None
    #: Whether the schedule, run again, gave the same finding.
    confirmed: bool = True
    #: Whether time passed as a choice in it.
    time_passed: bool = False
    #: What there was no time for, in words; and how many seconds the test had.
    left_out: tuple[str, ...] = ()
    seconds_of_test: float = 0.0

    @property
    def repeatable(self) -> bool:
        """Whether the token surely reproduces it."""
        return self.confirmed and self.difference is None

    @property
    def hints(self) -> list[str]:
        """What may help to understand it, besides what happened."""
        hints = [SOMETHING_UNSEEN] if self.unseen and not self.time_passed else []
        if self.time_passed:
            hints.append(NEEDS_TIME)
        if self.explored is not None:
            first, steps = self.explored
            hints.append(
                f"The test took {steps:,} steps. The first {first:,} (max_steps) were explored, the rest ran without "
                f"preemptions. {self._tried()}"
            )
        left_out = [*self.left_out, *(self.timeline.left_out if self.timeline is not None else ())]
        if left_out:
            may_not = "" if self.confirmed else " The token may not reproduce the failure."
            hints.append(
                f"Not done for lack of time (seconds={self.seconds_of_test:g}): {', '.join(left_out)}.{may_not}"
            )
        if self.simplest in SIMPLEST:
            hints.append(SIMPLEST[self.simplest])
        return hints

    def _tried(self) -> str:
        """What was done with the schedule of a long execution."""
        if self.repeatable:
            return "The schedule was run again with the same result, but not shrunk."
        if self.difference is not None:
            return "The schedule was not shrunk."
        return (
            "The schedule was neither run again, which would take too long, nor shrunk; the token may not reproduce "
            "the failure."
        )


class Shown(NamedTuple):
    """An execution that has a finding, in detail."""

    finding: Finding
    outcome: Outcome
    recorded: Recorded
    recorder: Recorder

    @property
    def attempt(self) -> Attempt:
        """For the shrinker."""
        return attempt_of(self.outcome, self.recorded)

    def timeline(self, time: PartOfTime) -> Timeline:
        """For the report."""
        timeline = timeline_of(self.outcome, self.recorded.points, self.recorder, time.is_over)
        error = self.finding.exception
        if isinstance(error, DataRace):
            passed = [text for text, _ in held_up(self.outcome, len(self.outcome.log))]
            return timeline._replace(story=" ".join((*passed, error.races[0].story)))
        return timeline


class NotRepeated(NamedTuple):
    """An execution that was to be the same as one before, and was not."""

    #: What a report says of it.
    difference: str
    #: What it has found, if anything.
    finding: Finding | None
    outcome: Outcome


class Repeated(NamedTuple):
    """A finding and its execution, whether others went before that, and what came when it was run again."""

    finding: Finding
    outcome: Outcome
    warm: bool
    shown: Shown | NotRepeated


def attempt_of(outcome: Outcome, recorded: Recorded) -> Attempt:
    """What the shrinker wants to know of an execution."""
    announced = [task for task, operation, _ in outcome.log if operation.announced]
    changes = sum(task is not after for task, after in itertools.pairwise(announced))
    return Attempt(recorded.points, changes, outcome.log, outcome)


class Explaining:
    """Runs the executions that explain a finding of one item.

    `judge` says what an execution has found, but for data races.
    """

    def __init__(
        self,
        item: pytest.Function,
        executions: Executions,
        races: RaceCheck,
        judge: Callable[[Outcome], Finding | None],
        seconds: float,
        limit: TimeLimit,
    ) -> None:
        self._item = item
        self._executions = executions
        self._races = races
        self._judge = judge
        #: So long, in real seconds, may be spent on shrinking.
        self._seconds = seconds
        self._limit = limit

    # -- executions ------------------------------------------------------------------------------------------

    def run(
        self, strategy: Strategy, recorder: Recorder | None = None, *, visible: bool = False
    ) -> tuple[Recorded, Outcome]:
        """One more execution, in detail. What it prints is `visible`: in the report, but nothing from before."""
        recorded = Recorded(strategy)
        recorded.begin(1)
        self._executions.prepare()
        if visible:
            self._executions.forget_output()
        outcome = self._executions.run(recorded, detail=True, recorder=recorder)
        recorded.end(outcome)
        return recorded, outcome

    def confirmed(self, suspects: Sequence[Conflict], outcome: Outcome) -> Raced | None:
        """A data race, where there is one among `suspects`."""
        if not suspects:
            return None
        return self._races.confirm(suspects, outcome, lambda recorder: self.run(Replay(outcome.choices), recorder)[1])

    # -- explanations ----------------------------------------------------------------------------------------

    def unrepeated(self, finding: Finding, outcome: Outcome, *, warm: bool) -> Explanation:
        """Of a finding whose execution cannot be run again: with nothing but its choices."""
        token = Token.of_choices(
            outcome.choices,
            test=name_of_test(self._item),
            warm=warm,
            time_choices=self._executions.leap is not None,
        )
        return Explanation(
            finding,
            token,
            timeline=timeline_of(outcome, None, None, self._limit.part(_SHARE_OF_A_RESERVE).is_over),
            time_passed=time_passed(outcome),
            seconds_of_test=self._limit.seconds,
        )

    def _unshrunk(self, finding: Finding, outcome: Outcome, *, warm: bool) -> Explanation:
        """Of a finding after the first `max_steps` steps, which is not shrunk: with the last steps of these."""
        steps = len(outcome.log)
        # Time may have passed long before the steps that are shown.
        passed = [text for text, _ in held_up(outcome, steps)]
        # Of a livelock the loops are shown, which may have begun long before.
        stuck = outcome.stuck is not None and outcome.stuck.kind == "livelock"
        last = [step for step in outcome.log[-steps if stuck else -_STEPS_SHOWN :] if step[1].kind != HELD_UP]
        plain = self.unrepeated(finding, outcome._replace(log=last), warm=warm)
        timeline = plain.timeline
        if timeline is not None and passed:
            timeline = timeline._replace(story=" ".join(filter(None, (*passed, timeline.story))))
        return plain._replace(
            timeline=timeline,
            time_passed=bool(passed),
            explored=(steps, steps + (outcome.unexplored or 0)),
            confirmed=False,
        )

    def explain(
        self, finding: Finding, outcome: Outcome, suspects: Sequence[Conflict], raced: Raced | None, *, warm: bool
    ) -> Explanation:
        """Run the schedule once more, shrink it, and run what is left in detail.

        A long one, past `max_steps`, is not shrunk, and run again only if that is quick. Nothing is begun that would
        not be done before the time limit.
        """
        took = self._executions.took
        self._executions.found = True
        long = outcome.unexplored is not None
        explained = self._unshrunk if long else self.unrepeated
        # The names of objects are those of the last execution: before there is another one.
        plain = explained(finding, outcome, warm=warm)
        if waited_in_vain(outcome):
            return plain._replace(difference=WAITED_IN_VAIN)
        if raced is not None and (long or raced.difference is not None):
            return plain._replace(finding=raced.finding, difference=raced.difference, confirmed=True)
        has_time = self._limit.has(_in_detail(took, outcome))
        if long and (took > self._seconds or not has_time):
            return plain
        if not has_time:
            return plain._replace(confirmed=False, left_out=("a second run of the schedule", "shrinking"))
        try:
            repeated = self._run_again(plain.finding, outcome, suspects, warm=warm)
        except STOPPED as error:
            self.stop_session(error)
            return plain._replace(difference=not_again(error))
        shown = repeated.shown
        if isinstance(shown, NotRepeated):
            return plain._replace(difference=shown.difference)
        if repeated.outcome is not outcome:
            plain = explained(repeated.finding, repeated.outcome, warm=repeated.warm)
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
            return self._shrunk(shown, plain, reserve) or as_found
        except STOPPED as error:
            # A time limit is over, or a fixture fails for the first time now: what is known so far has to do.
            self.stop_session(error)
            return as_found

    def stop_session(self, error: BaseException) -> None:
        """Where that is asked for, by Ctrl-C or `pytest.exit`: when the finding is reported."""
        if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
            self._item.session.shouldstop = str(error) or type(error).__name__

    def _run_again(self, finding: Finding, outcome: Outcome, suspects: Sequence[Conflict], *, warm: bool) -> Repeated:
        """The same execution in detail; what only the first one does is no difference.

        It is the first that imports, and that finds nothing cached.
        """
        shown = self._repeated(finding, outcome, suspects)
        # One of another kind comes of what the first has left behind.
        alike = isinstance(shown, NotRepeated) and shown.finding is not None and shown.finding.same_as(finding)
        if isinstance(shown, NotRepeated) and not warm and shown.finding is not None and alike:
            later = self._repeated(shown.finding, shown.outcome, self._races.suspects(shown.outcome))
            if isinstance(later, Shown):
                return Repeated(shown.finding, shown.outcome, True, later)
        return Repeated(finding, outcome, warm, shown)

    def _repeated(self, finding: Finding, outcome: Outcome, suspects: Sequence[Conflict]) -> Shown | NotRepeated:
        """The same execution in detail, or the other one that came of the same schedule."""
        recorder = recorder_for(suspects)
        recorded, second = self.run(Replay(outcome.choices), recorder, visible=True)
        _require_no_signal(second)
        again = self._found_in(second, finding, suspects, outcome, recorder)
        difference = first_difference(outcome.log, second.log)
        if again is None or not again.same_as(finding) or difference is not None:
            return NotRepeated(tell_difference(difference, finding, again), again, second)
        return Shown(again, second, recorded, recorder)

    def _found_in(
        self,
        second: Outcome,
        finding: Finding,
        suspects: Sequence[Conflict],
        first: Outcome,
        recorder: Recorder,
    ) -> Finding | None:
        """What the second execution of a schedule found; with a race, if there is one as well."""
        again = self._judge(second)
        race = self._races.finding(suspects, first, second, recorder)
        if again is None:
            return race
        if race is not None and not isinstance(finding.exception, DataRace):
            again.exception.add_note(f"also, {race.message}")
        return again

    def _shrunk(self, shown: Shown, plain: Explanation, reserve: float) -> Explanation | None:
        """The explanation of a smaller schedule with the same finding, by its switches; None where there is none.

        Shrinking leaves `reserve` seconds for what follows.
        """
        is_same = self._same_as(shown)

        def run(strategy: Strategy) -> Attempt | None:
            recorded, outcome = self.run(strategy)
            if is_same(outcome):
                return attempt_of(outcome, recorded)
            _require_no_signal(outcome)
            return None

        first = _by_switches(shown.recorded.switches, run)
        if first is None or first.preemptions > shown.attempt.preemptions:
            return None
        started = real_seconds()
        wanted = started + self._seconds
        until = min(wanted, self._limit.of_report - reserve)
        best = first
        if until > started:
            best = shrink(first, run, lambda: (real_seconds() - started) / (until - started), until)
        seconds = real_seconds() - started
        left_out = ("more shrinking",) if until < wanted and real_seconds() >= until else ()
        again = self._in_detail(best, shown, is_same)
        if again is None:
            return None
        # Another schedule than the first one has been run after others only.
        warm = plain.token.warm or best.switches != shown.recorded.switches
        return plain._replace(
            finding=again.finding,
            token=Token.of_switches(
                best.switches, test=plain.token.test, warm=warm, time_choices=plain.token.time_choices
            ),
            switches=best.preemptions,
            switches_before=shown.attempt.preemptions,
            seconds=seconds,
            timeline=again.timeline(self._limit.part(1.0)),
            time_passed=time_passed(again.outcome),
            left_out=left_out,
        )

    def _same_as(self, shown: Shown) -> Callable[[Outcome], bool]:
        finding = shown.finding
        if isinstance(finding.exception, DataRace):
            wanted = _places(finding.exception.races[0])

            def has_race(outcome: Outcome) -> bool:
                return self._judge(outcome) is None and any(
                    _places(race) == wanted for race in self._races.likely(outcome)
                )

            return has_race
        identity = identity_of(finding, shown.outcome)

        def has_finding(outcome: Outcome) -> bool:
            found = self._judge(outcome)
            return found is not None and identity_of(found, outcome) == identity

        return has_finding

    def _in_detail(self, best: Attempt, shown: Shown, is_same: Callable[[Outcome], bool]) -> Shown | None:
        """The last execution, of what has come out: with the values, and what the test printed."""
        before: Outcome = best.outcome
        suspects = self._races.suspects(before)
        recorder = recorder_for(suspects, everything=True, until=self._limit.part(_SHARE_OF_VALUES).until)
        recorded, outcome = self.run(Follow(best.switches), recorder, visible=True)
        if first_difference(before.log, outcome.log) is not None or not is_same(outcome):
            return None
        found = self._found_in(outcome, shown.finding, suspects, before, recorder)
        # What seemed to be a race may be none.
        return None if found is None or found.kind != shown.finding.kind else Shown(found, outcome, recorded, recorder)


def _in_detail(took: float, outcome: Outcome) -> float:
    """How many seconds an execution that took so long takes in detail: only its explored steps take longer."""
    steps = len(outcome.log)
    explored = steps / max(1, steps + (outcome.unexplored or 0))
    return took * (1 + (_DETAIL_TAKES - 1) * explored)


def time_passed(outcome: Outcome) -> bool:
    """Whether time passed as a choice."""
    return any(operation.kind == HELD_UP for _, operation, _ in outcome.log)


def _by_switches(switches: Sequence[Switch], run: Callable[[Strategy], Attempt | None]) -> Attempt | None:
    """A schedule with the same finding that is all said by its switches: the given one, or what comes of it.

    Two places can have one fingerprint; and threads can take their turns in another way than was written down.
    """
    for _ in range(2):
        attempt = run(Follow(switches))
        if attempt is None or attempt.switches == switches:
            return attempt
        switches = attempt.switches
    return None


def waited_in_vain(outcome: Outcome) -> bool:
    """Whether the execution was ended as a thread had waited for long in real time: each further one would take it."""
    return outcome.stuck is not None and bool(outcome.set_aside)


def _require_no_signal(outcome: Outcome) -> None:
    if outcome.exception is not None and came_by_signal(outcome.exception):
        raise outcome.exception


def _places(race: Race) -> frozenset[Any]:
    return frozenset((race.first.place[:2], race.second.place[:2]))

"""Executions in detail: recorded by their switches, so that they can be shown, compared and shrunk."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...._leaves import connected
from ....control import HELD_UP, Outcome, Recorder, Strategy
from ....detect import Conflict, DataRace, Finding
from ....explore import Attempt, Recorded, Replay
from ....trace import Difference, Timeline, first_difference, timeline_of
from ...items._raised import came_by_signal
from ..executions._executions import Executions
from ..executions._time_limit import PartOfTime
from ..observations._nondeterminism import describe_difference
from ..observations._race_check import RaceCheck, Raced, recorder_for


class Shown(NamedTuple):
    """An execution that has a finding, in detail."""

    finding: Finding
    outcome: Outcome
    recorded: Recorded
    recorder: Recorder

    @property
    def attempt(self) -> Attempt:
        """The execution as the shrinker takes it."""
        return attempt_of(self.outcome, self.recorded)

    def timeline(self, time: PartOfTime) -> Timeline:
        """Return the execution as a report shows it; what takes longer than `time` is left out."""
        error = self.finding.exception
        races = error.races if isinstance(error, DataRace) else ()
        return timeline_of(self.outcome, self.recorded.points, self.recorder, time.is_over, races)


class NotRepeated(NamedTuple):
    """An execution that was to be the same as one before, and was not."""

    #: Why it is another one, in words.
    difference: str
    #: Its own finding, if any.
    finding: Finding | None
    outcome: Outcome


class Repeated(NamedTuple):
    """A finding and its execution, whether others went before that, and what the schedule gave when run again."""

    finding: Finding
    outcome: Outcome
    warm: bool
    shown: Shown | NotRepeated


class DetailedRuns:
    """Runs schedules of one test in detail. `judge` returns the finding of an execution, except for data races."""

    def __init__(self, executions: Executions, races: RaceCheck, judge: Callable[[Outcome], Finding | None]) -> None:
        self._executions = executions
        self._races = races
        self._judge = judge
        config = executions.item.config
        #: Whether the variables of a failure may be shown after the test.
        self._shows_variables = bool(config.getoption("showlocals", False) or config.getoption("usepdb", False))

    def run(
        self, strategy: Strategy, recorder: Recorder | None = None, *, visible: bool = False
    ) -> tuple[Recorded, Outcome]:
        """Run the test again, in detail; if `visible`, the report has its output, and none from before."""
        recorded = Recorded(strategy)
        recorded.begin(1)
        self._executions.prepare()
        if visible:
            self._executions.forget_output()
        outcome = self._executions.run(recorded, detail=True, recorder=recorder)
        recorded.end(outcome)
        return recorded, outcome

    def confirmed(self, suspects: Sequence[Conflict], outcome: Outcome) -> Raced | None:
        """Return a data race, if one of `suspects` is one; the schedule is run again to see that."""
        if not suspects:
            return None
        return self._races.confirm(suspects, outcome, lambda recorder: self.run(Replay(outcome.choices), recorder)[1])

    def repeat(
        self,
        finding: Finding,
        outcome: Outcome,
        suspects: Sequence[Conflict],
        *,
        warm: bool,
        values_until: float | None = None,
    ) -> Repeated:
        """Run the same execution again; differences that only the first execution of a process can have do not count.

        It is the first that imports, and that finds nothing cached. Values are recorded until a moment in real time, if
        one is given.
        """
        make_recorder = functools.partial(recorder_for, everything=values_until is not None, until=values_until or 0.0)
        shown = self._repeat_once(finding, outcome, suspects, make_recorder)
        if isinstance(shown, NotRepeated) and shown.finding is None and not self._shows_variables:
            self.forget(finding)
            shown = self._repeat_once(finding, outcome, suspects, make_recorder)
        # A finding of another kind is due to something that the first execution has left behind.
        alike = isinstance(shown, NotRepeated) and shown.finding is not None and shown.finding.same_as(finding)
        if isinstance(shown, NotRepeated) and not warm and shown.finding is not None and alike:
            others = self._races.suspects(shown.outcome)
            later = self._repeat_once(shown.finding, shown.outcome, others, make_recorder)
            if isinstance(later, Shown):
                return Repeated(shown.finding, shown.outcome, True, later)
        return Repeated(finding, outcome, warm, shown)

    def forget(self, finding: Finding) -> None:
        """Drop what only a finding keeps alive, unless the report shows it.

        The exception has the variables of its frames: also what is only in a weak dictionary else, so that the test
        finds it there.
        """
        if not self._shows_variables:
            drop_variables(finding.exception)
            gc.collect()

    def _repeat_once(
        self,
        finding: Finding,
        outcome: Outcome,
        suspects: Sequence[Conflict],
        make_recorder: Callable[[Sequence[Conflict]], Recorder],
    ) -> Shown | NotRepeated:
        """Return the same execution in detail, or the other one that the same schedule gave."""
        recorder = make_recorder(suspects)
        recorded, second = self.run(Replay(outcome.choices), recorder, visible=True)
        require_no_signal(second)
        again = self.found_in(second, finding, suspects, outcome, recorder)
        difference = first_difference(outcome.log, second.log)
        if difference is not None and _is_over(outcome, difference) and _is_over(second, difference):
            # What the thread does before it raises, such as a message with the first `repr` of an object.
            difference = None
        if again is None or not again.same_as(finding) or difference is not None:
            return NotRepeated(describe_difference(difference, finding, again), again, second)
        return Shown(again, second, recorded, recorder)

    def found_in(
        self,
        second: Outcome,
        finding: Finding,
        suspects: Sequence[Conflict],
        first: Outcome,
        recorder: Recorder,
    ) -> Finding | None:
        """Return what the second execution of a schedule found; a data race is added to it if there is one as well."""
        again = self._judge(second)
        race = self._races.finding(suspects, first, second, recorder)
        if again is None:
            return race
        if race is not None and not isinstance(finding.exception, DataRace):
            again.exception.add_note(f"{_ALSO}{_variables(race)}")
        return again


def _is_over(outcome: Outcome, difference: Difference) -> bool:
    """Whether only the test's own thread, or the one that failed, runs from a difference on, and no other is left."""
    rest = outcome.log[difference.step - 1 :]
    raised = {outcome.log[0][0].index, *outcome.raised} if outcome.log else set()
    return (
        not outcome.pending
        and len({unit.index for unit, _, _ in rest}) <= 1
        and all(unit.index in raised for unit, _, _ in rest)
    )


#: The start of the note on an exception that came with a data race.
_ALSO = "Also found: data race on "


def has_race(finding: Finding) -> bool:
    """Whether a finding of another kind came with a data race."""
    return any(note.startswith(_ALSO) for note in getattr(finding.exception, "__notes__", ()))


def _variables(finding: Finding) -> str:
    races = finding.exception.races if isinstance(finding.exception, DataRace) else ()
    return ", ".join(dict.fromkeys(race.what for race in races))


def attempt_of(outcome: Outcome, recorded: Recorded) -> Attempt:
    """Return an execution as the shrinker takes it."""
    announced = [unit for unit, operation, _ in outcome.log if operation.announced]
    changes = sum(unit is not after for unit, after in itertools.pairwise(announced))
    return Attempt(recorded.points, changes, outcome.log, outcome)


def time_passed(outcome: Outcome) -> bool:
    """Whether time passed as a choice."""
    return any(operation.kind == HELD_UP for _, operation, _ in outcome.log)


def drop_variables(error: BaseException) -> None:
    """Forget the variables in the frames of an exception, and of those that it holds or was raised from."""
    for one in connected(error):
        for frame, _ in traceback.walk_tb(one.__traceback__):
            # A frame that still runs is not cleared.
            with contextlib.suppress(RuntimeError):
                frame.clear()
            # Before 3.13, a frame may also have a dictionary of its variables, which is updated only now.
            _ = frame.f_locals


def require_no_signal(outcome: Outcome) -> None:
    """Raise again what a signal handler raised in an execution, such as that of a time limit."""
    if outcome.exception is not None and came_by_signal(outcome.exception):
        raise outcome.exception

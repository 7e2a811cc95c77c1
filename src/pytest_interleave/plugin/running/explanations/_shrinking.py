"""Shrinks the schedule of a finding: a schedule with fewer preemptions that has the same finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ....control import Outcome, Strategy
from ....control.interpreter import real_seconds
from ....detect import DataRace, Finding, Race, identity_of
from ....explore import Attempt, Follow, Switch, shrink
from ....trace import first_difference
from ..executions._time_limit import TimeLimit
from ..observations._race_check import RaceCheck, recorder_for
from ._detailed_runs import DetailedRuns, Shown, attempt_of, require_no_signal

#: The last execution, which is shown, keeps values for at most this share of the time left; after that, none.
_SHARE_OF_VALUES = 0.75


class Shrunk(NamedTuple):
    """A shrunk schedule, described by its switches alone, and its execution in detail."""

    shown: Shown
    attempt: Attempt
    #: Seconds of real time that shrinking took.
    seconds: float
    #: Whether the time limit ended it.
    cut_short: bool


class Shrinking:
    """Shrinks schedules of one test, for at most `seconds` each. `judge` returns the finding of an execution."""

    def __init__(
        self,
        runs: DetailedRuns,
        races: RaceCheck,
        judge: Callable[[Outcome], Finding | None],
        seconds: float,
        limit: TimeLimit,
    ) -> None:
        self._runs = runs
        self._races = races
        self._judge = judge
        self._seconds = seconds
        self._limit = limit

    def shrink(self, shown: Shown, reserve: float) -> Shrunk | None:
        """Return a smaller schedule with the same finding; None if its switches alone do not describe it.

        Shrinking leaves `reserve` seconds for what follows.
        """
        is_same = self._same_as(shown)

        def run(strategy: Strategy) -> Attempt | None:
            recorded, outcome = self._runs.run(strategy)
            if is_same(outcome):
                return attempt_of(outcome, recorded)
            require_no_signal(outcome)
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
        cut_short = until < wanted and real_seconds() >= until
        again = self._in_detail(best, shown, is_same)
        return None if again is None else Shrunk(again, best, seconds, cut_short)

    def _same_as(self, shown: Shown) -> Callable[[Outcome], bool]:
        """Return a function that says whether an execution has the same finding as the one shown."""
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
        """Run the smallest schedule a last time: with the values, and what the test printed."""
        before: Outcome = best.outcome
        suspects = self._races.suspects(before)
        recorder = recorder_for(suspects, everything=True, until=self._limit.part(_SHARE_OF_VALUES).until)
        recorded, outcome = self._runs.run(Follow(best.switches), recorder, visible=True)
        if first_difference(before.log, outcome.log) is not None or not is_same(outcome):
            return None
        found = self._runs.found_in(outcome, shown.finding, suspects, before, recorder)
        # What seemed to be a race may be none.
        return None if found is None or found.kind != shown.finding.kind else Shown(found, outcome, recorded, recorder)


def _by_switches(switches: Sequence[Switch], run: Callable[[Strategy], Attempt | None]) -> Attempt | None:
    """Return a schedule with the same finding that its switches alone describe: these, or those of its execution.

    Two places can have one fingerprint; and threads can take their turns in another way than was written down.
    """
    for _ in range(2):
        attempt = run(Follow(switches))
        if attempt is None or attempt.switches == switches:
            return attempt
        switches = attempt.switches
    return None


def _places(race: Race) -> frozenset[Any]:
    return frozenset((race.first.place[:2], race.second.place[:2]))

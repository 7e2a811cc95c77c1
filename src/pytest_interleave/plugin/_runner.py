"""Runs one marked test under its schedules: the loop inside the one test item that everybody else sees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from .._warnings import InterleaveWarning
from ..control import Outcome, Recorder, ThreadFailure, begin_alike
from ..control._clock import real_seconds
from ..detect import Conflict, Finding, finding_of
from ..explore import Classes, Coverage, Replay, Token, fingerprint, make_strategy
from ..trace import first_difference, interleaving_table
from ._differences import ReplayDiverged, tell_difference, tell_divergence
from ._executions import Executions
from ._fingerprints import fingerprints
from ._pool import open_pools
from ._predictions import Predictions
from ._race_check import RaceCheck, Raced, not_again, recorder_for
from ._raised import as_failure, came_by_signal, quiet_exception
from ._settings import Settings
from ._shards import nodeid_of
from ._workers import quiet_types, raised_by_workers


class Exploration(NamedTuple):
    """What exploring a test came to."""

    settings: Settings
    schedules: int
    coverage: Coverage
    #: How often each class was run; whether nothing has happened that the scheduler does not control.
    classes: dict[int, int]
    certain: bool
    seconds: float
    #: "schedules", "seconds", "exhausted", "nothing to interleave", "finding", "skip", "expected failure",
    #: "interrupted", "fixtures" (one of them failed) or "replay": why it ended.
    ended_by: str
    threads: int
    found_at: int | None = None
    finding: Finding | None = None
    strategy: str = ""
    token: Token | None = None
    #: Text of the interleaving, where it could be recorded.
    table: str = ""
    difference: str | None = None
    warnings: tuple[str, ...] = ()


class TestRunner:
    """Explores one item. `exploration` has the figures as soon as `run` has returned or raised."""

    __test__ = False

    def __init__(self, item: pytest.Function, settings: Settings, replay: Token | None, width: int) -> None:
        self.item = item
        self.settings = settings
        self.replay = replay
        self.width = width
        self.exploration: Exploration | None = None
        self._executions = Executions(item, settings)
        self._races = RaceCheck(everything=settings.races)
        #: The last execution, and the name of its strategy.
        self._last: tuple[Outcome, str] | None = None
        self._classes = Classes()
        self._strategy: Any = None
        #: Whether nothing has happened that the scheduler does not control; whether time has passed.
        self._certain = True
        self._timed = False
        self._started = 0.0
        self._threads = 1
        self._notes: dict[str, None] = {}

    def run(self) -> None:
        """In the place of `item.runtest`: raises what the finding raised."""
        __tracebackhide__ = True
        self._started = real_seconds()
        try:
            with self._executions:
                error = self._replay_token(self.replay) if self.replay is not None else self._explore()
        except BaseException as stopped:
            if self.exploration is None:
                if self._executions.tearing_down and isinstance(stopped, (Exception, pytest.fail.Exception)):
                    self.teardown_failed(stopped)
                elif isinstance(stopped, (KeyboardInterrupt, pytest.exit.Exception)):
                    self._conclude(self._executions.count, "interrupted")
                else:
                    ended_by = "skip" if isinstance(stopped, pytest.skip.Exception) else "fixtures"
                    self._conclude(self._executions.count, ended_by)
            raise
        self._warn(error)
        if error is not None:
            raise as_failure(error)

    def _warn(self, error: BaseException | None) -> None:
        """Here rather than in the report, so that a filter that makes errors of warnings makes this test fail."""
        __tracebackhide__ = True
        assert self.exploration is not None
        for text in self.exploration.warnings:
            try:
                self.item.warn(InterleaveWarning(f"{nodeid_of(self.item)}: {text}"))
            except InterleaveWarning as warning:
                if error is None or isinstance(error, quiet_types()):
                    raise warning.with_traceback(None) from None
                error.add_note(f"also, {warning}")

    # -- the loop --------------------------------------------------------------------------------------------

    def _explore(self) -> BaseException | None:
        settings = self.settings
        strategy = make_strategy(
            settings.strategy, _mix(settings.stream, nodeid_of(self.item)), settings.for_search
        )
        self._strategy = strategy
        # Exhaustive search itself tells whether there is a deadlock.
        predictions = None if settings.strategy == "exhaustive" else Predictions(settings)
        limit = self._started + settings.seconds
        unittest = self._executions.unittest
        skip: BaseException | None = None
        number = 0
        ended_by = "schedules"
        while number < settings.schedules:
            number += 1
            self._executions.prepare()
            steered = None if predictions is None else predictions.next()
            chooser = strategy if steered is None else steered
            chooser.begin(number)
            outcome = self._executions.run(chooser)
            chooser.end(outcome)
            self._last = outcome, getattr(chooser, "current", chooser).name
            self._note(outcome)
            quiet: BaseException | None = None
            suspects = self._races.suspects(outcome)
            if not outcome.uneventful or open_pools or suspects:
                if came_by_signal(outcome.exception):
                    # A time limit, for example: it would not come again, and to repeat what hangs would hang.
                    self._conclude(number, "interrupted")
                    return outcome.exception
                finding = self._finding(outcome)
                raced = self._confirmed(suspects, outcome) if finding is None else None
                if raced is not None:
                    finding = raced.finding
                if finding is not None and unittest is not None and unittest.expects_failure:
                    # Of another thread, or a deadlock: unittest itself knows only what the test raises.
                    self._conclude(number, "expected failure")
                    return pytest.xfail.Exception(finding.message)
                if finding is not None:
                    return self._found(finding, outcome, number, self._last[1], suspects, raced)
                quiet = quiet_exception(outcome)
            if quiet is not None:
                skip = quiet
                if unittest is not None and unittest.expects_failure:
                    ended_by = "expected failure"
                    break
                if quiet is outcome.exception and self._threads == 1:
                    ended_by = "skip"
                    break
            if predictions is not None:
                predictions.look_at(outcome)
            if not outcome.choices and number == 1:
                ended_by = "nothing to interleave" if quiet is None else "skip"
                break
            if getattr(strategy, "finished", False):
                ended_by = "exhausted"
                break
            if real_seconds() >= limit and number < settings.schedules:
                ended_by = "seconds"
                break
        if predictions is not None and ended_by in ("schedules", "seconds"):
            self._notes.update(dict.fromkeys(predictions.warnings()))
        self._conclude(number, ended_by)
        return (
            skip
            if skip is not None or self._executions.unittest is None
            else self._executions.unittest.unexpected_success
        )

    def _found(
        self,
        finding: Finding,
        outcome: Outcome,
        number: int,
        strategy: str,
        suspects: Sequence[Conflict],
        raced: Raced | None,
    ) -> BaseException:
        """Conclude with a finding; where it is no race, which has been confirmed, see whether it repeats."""
        finding, shown, difference = raced or self._repeated(finding, outcome, suspects)
        self._conclude(
            number,
            "finding",
            found_at=number,
            finding=finding,
            strategy=strategy,
            token=self._token(outcome, warm=number > 1),
            table=self._table(shown),
            difference=difference,
        )
        return finding.exception

    def _repeated(self, finding: Finding, outcome: Outcome, suspects: Sequence[Conflict]) -> Raced:
        """Run the schedule once more, in detail: to see whether it repeats, and to show it."""
        recorder = recorder_for(suspects)
        try:
            again, second = self._again(outcome.choices, recorder)
        except Exception as error:
            return Raced(finding, outcome, not_again(error))
        found = first_difference(outcome.log, second.log)
        if again is None or not again.same_as(finding) or found is not None:
            return Raced(finding, outcome, tell_difference(found, finding, again))
        race = self._races.finding(suspects, outcome, second, recorder)
        if race is not None:
            again.exception.add_note(f"also, {race.message}")
        return Raced(again, second)

    def _confirmed(self, suspects: Sequence[Conflict], outcome: Outcome) -> Raced | None:
        """A data race, where there is one among `suspects`."""
        if not suspects:
            return None
        return self._races.confirm(suspects, outcome, lambda recorder: self._again(outcome.choices, recorder)[1])

    def teardown_failed(self, error: BaseException) -> None:
        """A fixture of the last execution has found something wrong when it ended, or could not end."""
        if self._last is None:
            return
        outcome, strategy = self._last
        number = 1 if self.replay is not None else self._executions.count
        self._conclude(
            number,
            "finding" if self.replay is None else "replay",
            found_at=number,
            finding=Finding("failed teardown", error),
            strategy=strategy,
            token=self.replay or self._token(outcome, warm=number > 1),
            table=self._table(outcome),
        )

    def _again(self, choices: list[int], recorder: Recorder) -> tuple[Finding | None, Outcome]:
        replay = Replay(choices)
        self._executions.prepare()
        self._executions.forget_output()
        replay.begin(1)
        outcome = self._executions.run(replay, detail=True, recorder=recorder)
        replay.end(outcome)
        return self._finding(outcome), outcome

    def _replay_token(self, token: Token) -> BaseException | None:
        if token.warm:
            # The schedule was found after others had run in the same process: what they had filled (imports,
            # caches, lazily made objects) is filled now too.
            self._executions.prepare()
            warming = make_strategy("auto", 0)
            warming.begin(1)
            self._executions.run(warming)
        replay = Replay(token.choices)
        self._executions.prepare()
        if token.warm:
            self._executions.forget_output()
        replay.begin(1)
        outcome = self._executions.run(replay, detail=True)
        replay.end(outcome)
        self._last = outcome, "replay"
        self._note(outcome)
        finding = self._finding(outcome)
        suspects = self._races.suspects(outcome)
        shown = outcome
        raced = self._confirmed(suspects, outcome) if finding is None else None
        if raced is not None:
            finding, shown, _ = raced
        difference: str | None = None
        if replay.diverged is not None or outcome.steps != token.steps:
            difference = tell_divergence(replay, outcome, token)
        self._conclude(
            1,
            "replay",
            found_at=None if finding is None else 1,
            finding=finding,
            strategy="replay",
            token=token,
            table=self._table(shown),
            difference=difference,
        )
        if finding is not None:
            return finding.exception
        if difference is not None:
            return ReplayDiverged(difference)
        return quiet_exception(outcome)

    def _conclude(self, schedules: int, ended_by: str, **more: Any) -> None:
        if ended_by == "nothing to interleave":
            self._notes[self._nothing_to_interleave()] = None
        self.exploration = Exploration(
            settings=self.settings,
            schedules=schedules,
            coverage=self._classes.coverage(self._strategy, certain=self._certain, timed=self._timed),
            classes=self._classes.counts,
            certain=self._certain,
            seconds=real_seconds() - self._started,
            ended_by=ended_by,
            threads=self._threads,
            warnings=tuple(self._notes),
            **more,
        )

    def _nothing_to_interleave(self) -> str:
        if self._threads == 1:
            return (
                "the test starts no thread, so nothing could be interleaved: start threads in it (the fixture "
                "run_concurrent does), or let its body run in several: @pytest.mark.concurrency(workers=2)"
            )
        return (
            "no two of the test's threads could ever run at the same time, so nothing could be interleaved: they take "
            "turns, by joins or by sleeping; if that is not meant, start all of them before the first is joined"
        )

    def _note(self, outcome: Outcome) -> None:
        self._classes.add(outcome)
        self._timed = self._timed or outcome.timed
        self._threads = max(self._threads, len(outcome.threads))
        if outcome.uneventful:
            return
        if outcome.set_aside or outcome.leaked:
            self._certain = False
        for thread, where in outcome.set_aside:
            self._notes[
                f"thread {thread!r} blocked at {where} where the scheduler cannot see it, and was set aside: the "
                "order of the threads is not fully controlled there. A lock made before the plugin was loaded, or "
                "a call that waits in the operating system, does that"
            ] = None
        for thread, where in outcome.leaked:
            self._notes[f"thread {thread!r} could not be ended; it is still at {where}"] = None

    def _finding(self, outcome: Outcome) -> Finding | None:
        extra = [ThreadFailure(-1, thread, error) for pool in open_pools for thread, error in pool.unseen_exceptions()]
        finding = finding_of(outcome, extra, quiet_types())
        if finding is not None and finding.kind == "failed test body" and raised_by_workers(finding.exception):
            return finding._replace(kind="worker exception")
        return finding

    def _table(self, outcome: Outcome) -> str:
        pending = () if outcome.stuck is None else outcome.stuck.pending
        return interleaving_table(outcome.log, self.width, pending=pending)

    def _token(self, outcome: Outcome, *, warm: bool) -> Token:
        test, source = fingerprints(self.item)
        return Token.make(outcome.choices, outcome.steps, test=test, source=source, warm=warm)


def seed_random() -> object:
    """Before the first execution's fixtures: the random state of every execution; what to restore afterwards."""
    before = random.getstate()
    begin_alike()
    return before


def _mix(seed: int, nodeid: str) -> int:
    """A seed for one test, from the seed of the run."""
    return seed * 65_537 + fingerprint(nodeid)

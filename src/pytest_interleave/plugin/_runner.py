"""Runs one marked test under its schedules: the loop inside the one test item that everybody else sees."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from .._warnings import InterleaveWarning
from ..control import Outcome, ThreadFailure, begin_alike
from ..control._clock import real_seconds
from ..detect import Finding, finding_of
from ..explore import Replay, Token, fingerprint, make_strategy
from ..trace import first_difference, interleaving_table
from ._differences import ReplayDiverged, tell_difference, tell_divergence
from ._executions import Executions
from ._fingerprints import fingerprints
from ._pool import open_pools
from ._raised import as_failure, came_by_signal, quiet_exception
from ._settings import Settings
from ._workers import quiet_types, raised_by_workers


class Exploration(NamedTuple):
    """What exploring a test came to."""

    settings: Settings
    schedules: int
    distinct: int
    seconds: float
    #: "schedules", "seconds", "nothing to interleave", "finding", "skip", "expected failure", "interrupted",
    #: "fixtures" (one of them failed) or "replay": why it ended.
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
        #: The last execution, and the name of its strategy.
        self._last: tuple[Outcome, str] | None = None
        self._seen: set[int] = set()
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
                self.item.warn(InterleaveWarning(f"{self.item.nodeid}: {text}"))
            except InterleaveWarning as warning:
                if error is None or isinstance(error, quiet_types()):
                    raise warning.with_traceback(None) from None
                error.add_note(f"also, {warning}")

    # -- the loop --------------------------------------------------------------------------------------------

    def _explore(self) -> BaseException | None:
        settings = self.settings
        strategy = make_strategy(settings.strategy, _mix(settings.seed, self.item.nodeid))
        limit = self._started + settings.seconds
        unittest = self._executions.unittest
        skip: BaseException | None = None
        number = 0
        ended_by = "schedules"
        while number < settings.schedules:
            number += 1
            self._executions.prepare()
            strategy.begin(number)
            outcome = self._executions.run(strategy)
            strategy.end(outcome)
            self._last = outcome, getattr(strategy, "current", strategy).name
            self._note(outcome)
            quiet: BaseException | None = None
            if not outcome.uneventful or open_pools:
                if came_by_signal(outcome.exception):
                    # A time limit, for example: it would not come again, and to repeat what hangs would hang.
                    self._conclude(number, "interrupted")
                    return outcome.exception
                finding = self._finding(outcome)
                if finding is not None and unittest is not None and unittest.expects_failure:
                    # Of another thread, or a deadlock: unittest itself knows only what the test raises.
                    self._conclude(number, "expected failure")
                    return pytest.xfail.Exception(finding.message)
                if finding is not None:
                    return self._found(finding, outcome, number, self._last[1])
                quiet = quiet_exception(outcome)
            if quiet is not None:
                skip = quiet
                if unittest is not None and unittest.expects_failure:
                    ended_by = "expected failure"
                    break
                if quiet is outcome.exception and self._threads == 1:
                    ended_by = "skip"
                    break
            if not outcome.choices and number == 1:
                ended_by = "nothing to interleave" if quiet is None else "skip"
                break
            if real_seconds() >= limit and number < settings.schedules:
                ended_by = "seconds"
                break
        self._conclude(number, ended_by)
        return (
            skip
            if skip is not None or self._executions.unittest is None
            else self._executions.unittest.unexpected_success
        )

    def _found(self, finding: Finding, outcome: Outcome, number: int, strategy: str) -> BaseException:
        """Run the schedule once more, in detail: to see whether it repeats, and to show it."""
        difference: str | None = None
        shown = outcome
        try:
            again, second = self._again(outcome.choices)
        except Exception as error:
            difference = (
                "The same schedule could not be run again at once, to show it in detail: a fixture raised "
                f"{type(error).__name__}: {error}"
            )
        else:
            found = first_difference(outcome.log, second.log)
            if again is not None and again.same_as(finding) and found is None:
                finding, shown = again, second
            else:
                difference = tell_difference(found, finding, again)
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

    def _again(self, choices: list[int]) -> tuple[Finding | None, Outcome]:
        replay = Replay(choices)
        self._executions.prepare()
        self._executions.forget_output()
        replay.begin(1)
        outcome = self._executions.run(replay, detail=True)
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
            table=self._table(outcome),
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
            distinct=len(self._seen),
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
        self._seen.add(hash(tuple(outcome.choices)))
        self._threads = max(self._threads, len(outcome.threads))
        if outcome.uneventful:
            return
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

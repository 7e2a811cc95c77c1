"""Runs one marked test under its schedules: the loop inside the one test item that everybody else sees."""

from __future__ import annotations

import inspect
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .._warnings import InterleaveWarning
from ..control import Control, Outcome, ThreadFailure, begin_alike
from ..control.primitives._dispatch import everything_is_ours
from ..detect import Finding, finding_of
from ..explore import Replay, Token, fingerprint, make_strategy
from ..trace import Difference, first_difference, interleaving_table
from ._hooks_again import alone_with_call, hooks_found_once
from ._pool import open_pools
from ._raised import as_failure, came_by_signal, quiet_exception, request_to_stop
from ._settings import Settings
from ._unittest import UnittestBody
from ._workers import in_workers, quiet_types, raised_by_workers

_clock = time.perf_counter


#: Executions between two times that what they printed is thrown away.
FORGET_EVERY = 32


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
        self._control: Control
        self._runtest = item.runtest
        self._function = item.obj
        self._unittest = UnittestBody(item) if hasattr(item, "_addexcinfo") else None
        self._pytest_calls = alone_with_call(item)
        self._arguments = item._fixtureinfo.argnames
        logs = item.config.pluginmanager.getplugin("logging-plugin")
        self._log_handlers = () if logs is None else (logs.caplog_handler, logs.report_handler)
        self._fresh = True
        self._seen: set[int] = set()
        self._started = 0.0
        self._executions = 0
        self._threads = 1
        self._notes: dict[str, None] = {}

    def run(self) -> None:
        """In the place of `item.runtest`: raises what the finding raised."""
        __tracebackhide__ = True
        self._started = _clock()
        try:
            with hooks_found_once(self.item), Control() as self._control:
                error = self._replay_token(self.replay) if self.replay is not None else self._explore()
        except BaseException as stopped:
            if self.exploration is None:
                if isinstance(stopped, (KeyboardInterrupt, pytest.exit.Exception)):
                    ended_by = "interrupted"
                else:
                    ended_by = "skip" if isinstance(stopped, pytest.skip.Exception) else "fixtures"
                self._conclude(self._executions, ended_by)
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
        skip: BaseException | None = None
        number = 0
        ended_by = "schedules"
        while number < settings.schedules:
            number += 1
            self._prepare()
            strategy.begin(number)
            outcome = self._execute(strategy)
            strategy.end(len(outcome.choices))
            self._note(outcome)
            quiet: BaseException | None = None
            if not outcome.uneventful or open_pools:
                if came_by_signal(outcome.exception):
                    # A time limit, for example: it would not come again, and to repeat what hangs would hang.
                    self._conclude(number, "interrupted")
                    return outcome.exception
                finding = self._finding(outcome)
                if finding is not None:
                    chosen = getattr(strategy, "current", strategy)
                    return self._found(finding, outcome, number, chosen.name)
                quiet = quiet_exception(outcome)
            if quiet is not None:
                skip = quiet
                if self._unittest is not None and self._unittest.expects_failure:
                    ended_by = "expected failure"
                    break
                if quiet is outcome.exception and self._threads == 1:
                    ended_by = "skip"
                    break
            if not outcome.choices and number == 1:
                ended_by = "nothing to interleave" if quiet is None else "skip"
                break
            if _clock() >= limit and number < settings.schedules:
                ended_by = "seconds"
                break
        self._conclude(number, ended_by)
        return skip if skip is not None or self._unittest is None else self._unittest.unexpected_success

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
                difference = _tell_difference(found, finding, again)
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

    def _again(self, choices: list[int]) -> tuple[Finding | None, Outcome]:
        replay = Replay(choices)
        self._prepare()
        self._forget_output()
        replay.begin(1)
        outcome = self._execute(replay, detail=True)
        replay.end(len(outcome.choices))
        return self._finding(outcome), outcome

    def _replay_token(self, token: Token) -> BaseException | None:
        if token.warm:
            # The schedule was found after others had run in the same process: what they had filled (imports,
            # caches, lazily made objects) is filled now too.
            self._prepare()
            warming = make_strategy("auto", 0)
            warming.begin(1)
            self._execute(warming)
        replay = Replay(token.choices)
        self._prepare()
        if token.warm:
            self._forget_output()
        replay.begin(1)
        outcome = self._execute(replay, detail=True)
        replay.end(len(outcome.choices))
        self._note(outcome)
        finding = self._finding(outcome)
        difference: str | None = None
        if replay.diverged is not None or outcome.steps != token.steps:
            difference = _tell_divergence(replay, outcome, token)
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
            seconds=_clock() - self._started,
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
            "no two of the test's threads could ever run at the same time, so nothing could be interleaved: "
            "start all of them before the first is joined"
        )

    # -- one execution ---------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Fresh function-scoped fixtures, except before the first execution, for which pytest has made them."""
        if self._fresh:
            self._fresh = False
            return
        item = self.item
        state = item.session._setupstate
        self._tear_down()
        self._forget_logs()
        if self._executions % FORGET_EVERY == 0:
            self._forget_output()
        if isinstance(item.parent, pytest.Class) and hasattr(item, "_instance"):
            # As pytest does for each test: a new instance of its class.
            del item._instance
            item._obj = None
        elif self._unittest is None:
            item.obj = self._function
        self._control.prepare()
        item._initrequest()
        everything_is_ours[0] = True
        try:
            state.setup(item)
        finally:
            everything_is_ours[0] = False

    def _tear_down(self) -> None:
        """End the function-scoped fixtures, as pytest does after a test; but there is more to come for this item."""
        item = self.item
        directory = item.funcargs.get("tmp_path")
        stash = item.stash._storage
        kept = dict(stash)
        item.session._setupstate.teardown_exact(item.parent)  # type: ignore[arg-type]
        for key, value in kept.items():
            # Fixtures put things there once for an item, and take them away when they think it is over.
            stash.setdefault(key, value)
        if isinstance(directory, Path):
            # So that there is one in the end, not hundreds, and it has the same name in each execution.
            shutil.rmtree(directory, ignore_errors=True)

    def _execute(self, strategy: Any, *, detail: bool = False) -> Outcome:
        self._executions += 1
        outcome = self._control.run(self._body(), strategy, max_steps=self.settings.max_steps, detail=detail)
        request = None if outcome.uneventful else request_to_stop(outcome)
        if request is not None:
            raise request
        return outcome

    def _body(self) -> Callable[[], None]:
        item = self.item
        if self.settings.workers > 1:
            item.obj = in_workers(item.obj, self.settings.workers)
        unittest = self._unittest
        if unittest is not None:
            return lambda: unittest.run(self._runtest)
        if self._executions > 1 and self._pytest_calls:
            # The same call without the hook, which would find out again what kind of function it is.
            function, arguments = item.obj, item.funcargs
            return lambda: function(**{name: arguments[name] for name in self._arguments})
        return self._runtest

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

    def _forget_output(self) -> None:
        """What earlier executions printed is not part of this one's report."""
        capture = self.item.config.pluginmanager.getplugin("capturemanager")
        if capture is not None and capture.is_globally_capturing():
            capture.read_global_capture()

    def _forget_logs(self) -> None:
        """Nor is what they logged; and `caplog` begins empty."""
        for handler in self._log_handlers:
            if handler.records:
                handler.reset()


class ReplayDiverged(AssertionError):
    """The schedule of a token could not be followed to its end."""


def fingerprints(item: pytest.Item) -> tuple[int, int]:
    """Of the node id and of the test's source."""
    function = inspect.unwrap(getattr(item, "obj", None) or (lambda: None))
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    return fingerprint(item.nodeid), fingerprint(source)


def seed_random() -> object:
    """Before the first execution's fixtures: the random state of every execution; what to restore afterwards."""
    before = random.getstate()
    begin_alike()
    return before


def _mix(seed: int, nodeid: str) -> int:
    """A seed for one test, from the seed of the run."""
    return seed * 65_537 + fingerprint(nodeid)


def _tell_difference(difference: Difference | None, finding: Finding, again: Finding | None) -> str:
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


def _tell_divergence(replay: Replay, outcome: Outcome, token: Token) -> str:
    if replay.diverged is not None:
        choice, why = replay.diverged
        position = _step_of_choice(outcome, choice)
        what = f"at choice {choice + 1} ({position}) {why}"
    else:
        what = f"it took {outcome.steps} steps in place of {token.steps}"
    return (
        f"The execution did not follow the token's schedule: {what}. The code under test has changed since the token "
        "was made, or the test depends on something besides the schedule."
    )


def _step_of_choice(outcome: Outcome, choice: int) -> str:
    """Roughly where in the execution a choice was made: the operation that was granted by it."""
    position = min(choice, len(outcome.log) - 1)
    task, operation = outcome.log[position]
    return f"near {operation.kind} by {task.name!r} at {operation.where()}"

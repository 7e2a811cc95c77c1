"""Runs one marked test under its schedules, in the one test item that pytest and other plugins see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest

from ..._warnings import InterleaveWarning
from ...control import hide_ours
from ...explore import Token
from ..items._raised import as_failure, came_by_signal
from ..items._worker_fixtures import WorkerFixtures
from ..items._workers import quiet_types
from ..known._known_schedules import KnownSchedule
from ..settings._settings import Settings
from ._ended_by import INTERRUPTED, SKIP
from ._exploration import Exploration
from ._exploring import Exploring
from ._known_runs import run_known
from ._progress_line import Progress
from ._search import search
from ._token_replay import replay_token


class TestRunner:
    """Explores one item. `exploration` has the figures as soon as `run` has returned or raised.

    `known` are schedules to be run first; with `replay`, its schedule is the only one. `own_fixtures` are the fixtures
    that workers do not share. `on_interrupt` is called with the figures if Ctrl-C or `pytest.exit` ends the run.
    """

    __test__ = False

    def __init__(
        self,
        item: pytest.Function,
        settings: Settings,
        replay: Token | None = None,
        known: Sequence[KnownSchedule] = (),
        own_fixtures: WorkerFixtures | None = None,
        *,
        on_interrupt: Callable[[Exploration], None],
    ) -> None:
        self.item = item
        self.settings = settings
        self._replay = replay
        self._on_interrupt = on_interrupt
        self._exploring = Exploring(item, settings, known, own_fixtures)
        #: Thread pools that fixtures of the test have open now.
        self.open_pools = self._exploring.judge.open_pools
        #: Its `watchlist` is that of the fixture `race_detector`, if the test has one.
        self.races = self._exploring.races

    @property
    def exploration(self) -> Exploration | None:
        """The figures of the test; None as long as it has not ended."""
        return self._exploring.exploration

    def set_up_by_pytest(self) -> AbstractContextManager[None]:
        """Return a context in which pytest sets up the test: it notes whether fixtures start threads."""
        return self._exploring.executions.set_up_by_pytest()

    def call_at_end(self, function: Callable[[], object]) -> None:
        """Have `function` called once, when the last execution has ended and nothing is under control any more."""
        self._exploring.executions.call_at_end(function)

    def run(self) -> None:
        """Explore the test, in the place of `item.runtest`; raise what the finding raised."""
        __tracebackhide__ = True
        exploring = self._exploring
        exploring.limit.begin()
        progress = Progress(self.item.config, self.settings.schedules)
        try:
            with exploring.executions:
                try:
                    error = self._explore(progress)
                except (Exception, BaseExceptionGroup, pytest.fail.Exception) as stopped:
                    if exploring.exploration is None and exploring.executions.tearing_down:
                        # Here, while the schedule can still be run again.
                        exploring.teardown_failed(stopped, self._replay, in_detail=not came_by_signal(stopped))
                    raise
        except BaseException as stopped:
            if exploring.exploration is None:
                self._conclude_early(stopped)
            hide_ours(stopped)
            raise
        finally:
            progress.clear()
        self._warn(error)
        if error is not None:
            hide_ours(error)
            raise as_failure(error)

    def _explore(self, progress: Progress) -> BaseException | None:
        """Run the schedules that this test has in this run; return the exception for the test."""
        exploring = self._exploring
        interrupted = exploring.executions.learn_from_set_up()
        if interrupted is not None:
            return exploring.interrupt(interrupted).error
        if self._replay is not None:
            return replay_token(exploring, self._replay)
        verdict = run_known(exploring)
        return verdict.error if verdict.ends else search(exploring, progress)

    def _conclude_early(self, stopped: BaseException) -> None:
        """Conclude after an exception that was raised outside of an execution, or asks pytest to stop."""
        exploring = self._exploring
        if isinstance(stopped, (KeyboardInterrupt, pytest.exit.Exception)):
            exploring.conclude(exploring.number, INTERRUPTED)
            assert exploring.exploration is not None
            self._on_interrupt(exploring.exploration)
        elif came_by_signal(stopped):
            exploring.conclude(exploring.number, INTERRUPTED)
        else:
            exploring.conclude(exploring.number, SKIP if isinstance(stopped, pytest.skip.Exception) else "fixtures")

    def _warn(self, error: BaseException | None) -> None:
        """Give the warnings of the test: now, not in the report, so that a filter can make them errors of this test."""
        __tracebackhide__ = True
        assert self.exploration is not None
        for text in self.exploration.warnings:
            try:
                self.item.warn(InterleaveWarning(text))
            except InterleaveWarning as warning:
                if error is None or isinstance(error, quiet_types()):
                    raise warning.with_traceback(None) from None
                error.add_note(f"also, {warning}")

    def teardown_failed(self, error: BaseException) -> None:
        """Make a finding of what a fixture of the last execution raised when it ended, or could not end."""
        self._exploring.teardown_failed(error, self._replay)

    def release_values(self) -> None:
        """Keep no object of the test alive: it is over, and only its reports are still to come."""
        self._exploring.release_values()

    def close(self) -> None:
        """Drop all references at once, when the last report is made.

        A run may have thousands of tests, and reference cycles would keep what they leave behind for long: no garbage
        is collected while a test is under control.
        """
        self._exploring.close()
        vars(self).clear()

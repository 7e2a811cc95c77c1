"""Runs one marked test under its schedules: the loop inside the one test item that everybody else sees."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ..._warnings import InterleaveWarning
from ...control import Outcome, Recorder, ThreadFailure
from ...control.interpreter import real_seconds
from ...detect import Conflict, Finding, finding_of
from ...explore import NonPreemptive, Replay, Token, fingerprint
from ...resources import ResourceLeak
from ...trace import first_difference, steps_text, timeline_of
from ..fixtures._pool import open_pools
from ..items._raised import as_failure, came_by_signal, quiet_exception
from ..items._worker_fixtures import OfWorkers
from ..items._workers import quiet_types, raised_by_workers
from ..known._known_schedules import PINNED, Given
from ..reporting._interrupted import note_interrupted
from ..settings._settings import Settings
from ..settings._shards import nodeid_of
from ..settings._suite import leave_out
from ._exploration import Exploration
from ._following import Following
from ._progress_line import Progress
from ._strategy_turns import Turns
from .executions._executions import Executions
from .executions._time_limit import TimeLimit
from .explanations._explaining import Explaining, Explanation, time_passed, waited_in_vain
from .explanations._simplest import simplest
from .observations._nondeterminism import (
    OUT_OF_SIGHT,
    ScheduleLost,
    tell_lost,
    tell_threads_of_others,
    tell_unrepeatable,
)
from .observations._observations import Seen
from .observations._race_check import RaceCheck, Raced

#: How a search ends that nothing has cut short.
_RAN_ITS_COURSE = frozenset(("schedules", "seconds", "exhausted", "nothing to interleave"))


class TestRunner:
    """Explores one item. `exploration` has the figures as soon as `run` has returned or raised.

    `given` are schedules to be tried first; with `replay`, its schedule is the only one. `of_workers` are the fixtures
    that its workers do not share.
    """

    __test__ = False

    def __init__(
        self,
        item: pytest.Function,
        settings: Settings,
        replay: Token | None = None,
        given: Sequence[Given] = (),
        of_workers: OfWorkers | None = None,
    ) -> None:
        self.item = item
        self.settings = settings
        self.replay = replay
        self.exploration: Exploration | None = None
        limit = self._limit = TimeLimit(settings.seconds)
        self._executions = Executions(item, settings, of_workers)
        self._races = RaceCheck(everything=settings.races)
        self._explaining = Explaining(
            item, self._executions, self._races, self._finding, settings.shrink_seconds, limit
        )
        self._following = Following(self._executions, self._explaining)
        # What was remembered of another mode is not what is asked for now.
        self._given = [one for one in given if one.origin == PINNED or settings.time_choices >= one.token.time_choices]
        #: The last execution, and the name of its strategy.
        self._last: tuple[Outcome, str] | None = None
        self._seen = Seen()
        self._turns: Turns | None = None
        self._number = 0
        self._started = 0.0
        self._progress: Progress
        self._unrepeatable: str | None = None

    def set_up_by_pytest(self) -> AbstractContextManager[None]:
        """While entered, pytest sets up the test."""
        return self._executions.set_up_by_pytest()

    def run(self) -> None:
        """In the place of `item.runtest`: raises what the finding raised."""
        __tracebackhide__ = True
        self._started = real_seconds()
        self._limit.begin()
        self._progress = Progress(self.item.config, self.settings.schedules)
        try:
            with self._executions:
                interrupted = self._executions.learn_from_set_up()
                if interrupted is not None:
                    error = self._interrupted(interrupted)
                else:
                    error = self._replay_token(self.replay) if self.replay is not None else self._explore()
        except BaseException as stopped:
            if self.exploration is None:
                if isinstance(stopped, (KeyboardInterrupt, pytest.exit.Exception)):
                    self._conclude(self._number, "interrupted")
                    assert self.exploration is not None
                    note_interrupted(self.item, self.exploration)
                elif came_by_signal(stopped):
                    self._conclude(self._number, "interrupted")
                elif self._executions.tearing_down and isinstance(stopped, (Exception, pytest.fail.Exception)):
                    self.teardown_failed(stopped)
                else:
                    ended_by = "skip" if isinstance(stopped, pytest.skip.Exception) else "fixtures"
                    self._conclude(self._number, ended_by)
            raise
        finally:
            self._progress.clear()
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
        ended, error = self._try_given()
        return error if ended else self._search()

    def _search(self) -> BaseException | None:
        settings = self.settings
        unittest = self._executions.unittest
        known = self._number
        limit = self._limit.of_search
        turns = self._turns = Turns(settings, _mix(settings.stream, nodeid_of(self.item)), limit)
        skip: BaseException | None = None
        turn = 0
        ended_by = "schedules"
        # Those that were known before come besides.
        while turn < settings.schedules:
            turn += 1
            strategy, leap = turns.next(turn, time_matters=self._seen.time_matters)
            self._executions.leap = leap
            self._executions.prepare()
            self._number += 1
            strategy.begin(turn)
            outcome = self._executions.run(strategy)
            strategy.end(outcome)
            ended, error = self._look_at(outcome, getattr(strategy, "current", strategy).name)
            if ended:
                return error
            if error is not None:
                skip = error
                if unittest is not None and unittest.expects_failure:
                    ended_by = "expected failure"
                    break
                if error is outcome.exception and self._seen.threads == 1:
                    ended_by = "skip"
                    break
            if turn == 1 and self._executions.learn_from_end():
                self._number, self._seen = known, Seen()
                return self._search()
            if leap is None:
                if turns.predictions is not None:
                    turns.predictions.look_at(outcome)
                over = None
                if turn == 1 and self._seen.nothing_to_interleave:
                    over = "nothing to interleave" if error is None else "skip"
                elif turn == 1:
                    ended, error = self._run_again(outcome)
                    if ended:
                        return error
                if self._seen.doubtful:
                    turns.doubt()
                if over is None and turns.finished:
                    over = "exhausted"
                if over is not None and not turns.goes_on(time_matters=self._seen.time_matters):
                    ended_by = over
                    break
            now = real_seconds()
            if now >= limit and turn < settings.schedules:
                ended_by = "seconds"
                break
            if now >= self._progress.next:
                self._progress.tell(self._number)
        if turns.predictions is not None and ended_by in ("schedules", "seconds"):
            self._seen.notes.update(dict.fromkeys(turns.predictions.warnings()))
        if self._seen.nothing_to_interleave and ended_by in ("schedules", "seconds"):
            ended_by = "nothing to interleave"
        self._conclude(self._number, ended_by)
        return skip if skip is not None or unittest is None else unittest.unexpected_success

    def _look_at(self, outcome: Outcome, strategy: str) -> tuple[bool, BaseException | None]:
        """Whether an execution ends the exploration, and what it comes to; else a skip, where it was one."""
        self._last = outcome, strategy
        self._seen.add(outcome)
        suspects = self._races.suspects(outcome)
        if outcome.uneventful and not open_pools and not suspects:
            return False, None
        if came_by_signal(outcome.exception):
            return True, self._interrupted(outcome)
        finding = self._finding(outcome)
        raced = self._explaining.confirmed(suspects, outcome) if finding is None else None
        if raced is not None:
            finding = raced.finding
        if self.settings.suite and outcome.unexplored is not None and (finding is None or finding.kind == "timeout"):
            self._conclude(self._number, "too long")
            return True, pytest.skip.Exception(leave_out(self.item, "too long to be explored"))
        if finding is None:
            return False, quiet_exception(outcome)
        unittest = self._executions.unittest
        if unittest is not None and unittest.expects_failure:
            # Of another thread, or a deadlock: unittest itself knows only what the test raises.
            self._conclude(self._number, "expected failure")
            return True, pytest.xfail.Exception(finding.message)
        return True, self._found(finding, outcome, strategy, suspects, raced)

    def _interrupted(self, outcome: Outcome, **more: Any) -> BaseException | None:
        """By a time limit, for example: it would not come again, and to repeat what hangs would hang."""
        self._conclude(self._number, "interrupted", **more)
        return outcome.exception

    def _found(
        self, finding: Finding, outcome: Outcome, strategy: str, suspects: Sequence[Conflict], raced: Raced | None
    ) -> BaseException:
        unseen = self._seen.again and raced is None
        explanation = self._explaining.explain(finding, outcome, suspects, raced, warm=self._executions.count > 1)
        explanation = explanation._replace(unseen=unseen)
        # In one worker, and in all of them one after another.
        has_time = self._limit.has(2 * self._executions.took)
        if self.settings.marker == "thread_safety" and not waited_in_vain(outcome) and has_time:
            least = simplest(explanation, self._executions, self._explaining, self._finding)
            explanation = explanation._replace(simplest=least)
        explanation = self._doubted(explanation, outcome)
        self._conclude(self._number, "finding", found_at=self._number, explanation=explanation, strategy=strategy)
        return explanation.finding.exception

    def _doubted(self, explanation: Explanation, outcome: Outcome) -> Explanation:
        """Of a test that is not repeatable, no finding surely is; nor is one of threads that other tests have left."""
        if explanation.difference is not None:
            return explanation
        if self._unrepeatable is not None:
            return explanation._replace(difference=f"This finding may not replay: {self._unrepeatable}")
        threads = self._executions.threads_of_others(outcome)
        return explanation._replace(difference=tell_threads_of_others(threads)) if threads else explanation

    # -- besides the strategy's schedules --------------------------------------------------------------------

    def _try_given(self) -> tuple[bool, BaseException | None]:
        """First the schedules that are known; whether that ends the exploration, as in `_look_at`."""
        skip: BaseException | None = None
        for position, given in enumerate(self._given):
            followed = self._following.follow(given.token)
            if not followed.was_run:
                return True, self._interrupted(followed.outcome)
            self._number += 1
            ended, error = self._look_at(followed.outcome, given.origin)
            skip = skip or error
            self._given[position] = given._replace(found=ended)
            if ended:
                if self.exploration is not None:
                    self.exploration = self.exploration._replace(given=tuple(self._given))
                return True, error
            # A test that is skipped here does not come to any place.
            lost = self._following.why_lost(followed) if given.origin == PINNED and error is None else None
            if lost is not None:
                text = tell_lost(str(given.token), lost)
                self._conclude(self._number, "pinned", lost=text)
                return True, ScheduleLost(text)
            doubt = self._following.doubt(followed, given.token) if given.origin == PINNED and error is None else None
            # A pin outlives the fix, which may keep its schedule from being followed; so may another Python.
            if doubt is not None and doubt.lost:
                self._seen.notes[doubt.text] = None
        if self.settings.explored:
            return False, None
        if not self._given:
            # None is for this set of parameters; it is a test all the same.
            usual = NonPreemptive()
            outcome = self._explaining.run(usual)[1]
            self._number += 1
            ended, skip = self._look_at(outcome, usual.name)
            if ended:
                return True, skip
        self._conclude(self._number, "pinned")
        unittest = self._executions.unittest
        return True, skip if skip is not None or unittest is None else unittest.unexpected_success

    def _run_again(self, outcome: Outcome) -> tuple[bool, BaseException | None]:
        """The same schedule once more: does the test do the same? As in `_look_at`.

        What only the first execution does, because nothing is imported or cached yet, is no difference; nor is what
        only the second does, as when the machine was busy just then: a fourth tells that from taking turns.
        """
        before = outcome
        difference = None
        waits_outside = outcome.waits_outside
        for repetition in range(3):
            if before.set_aside or before.unexplored is not None:
                return False, None
            if not self._limit.has(self._executions.took):
                if repetition == 0:
                    self._seen.is_unchecked = True
                return False, None
            self._executions.prepare()
            replay = Replay(before.choices)
            replay.begin(1)
            again = self._executions.run(replay)
            replay.end(again)
            waits_outside = waits_outside or again.waits_outside
            if again.uneventful:
                self._seen.look_at(again)
            else:
                self._number += 1
                ended, error = self._look_at(again, replay.name)
                if ended:
                    return True, error
                self._number -= 1
            changed = first_difference(before.log, again.log)
            if changed is None:
                return False, None
            difference = difference or changed
            before = again
            if repetition == 1 and first_difference(outcome.log, again.log) is not None:
                break
        assert difference is not None
        self._unrepeatable = tell_unrepeatable(difference)
        if not waits_outside:
            # Else a correct test may do so; the coverage line says it, and a warning could be an error.
            self._seen.notes[self._unrepeatable] = None
        self._seen.is_nondeterministic(difference.place)
        return False, None

    def teardown_failed(self, error: BaseException) -> None:
        """A fixture of the last execution has found something wrong when it ended, or could not end."""
        if self._last is None:
            return
        outcome, strategy = self._last
        number = 1 if self.replay is not None else self._number
        kind = "leak" if isinstance(error, ResourceLeak) else "failed teardown"
        explanation = self._explaining.unrepeated(Finding(kind, error), outcome, warm=self._executions.count > 1)
        if self.replay is not None:
            explanation = explanation._replace(token=self.replay)
        elif outcome.uncontrolled:
            explanation = explanation._replace(difference=OUT_OF_SIGHT)
        self._conclude(
            number,
            "finding" if self.replay is None else "replay",
            found_at=number,
            explanation=explanation,
            strategy=strategy,
        )

    def let_go(self) -> None:
        """Keep no object of the test alive: only which schedule was the last one."""
        if self._last is not None:
            outcome, strategy = self._last
            self._last = outcome._replace(log=[], pending=[], nestings=[], raised={}), strategy
        self._executions.let_go()

    def close(self) -> None:
        """All that there was to ask has been asked: let everything go at once, not when garbage is collected.

        A run may have thousands of tests, and what they leave behind in circles stays for long: garbage is not looked
        for while a test is under control.
        """
        self._executions.close()
        vars(self).clear()

    # -- replay ----------------------------------------------------------------------------------------------

    def _replay_token(self, token: Token) -> BaseException | None:
        recorder = Recorder(everything=True, until=self._limit.of_report)
        followed = self._following.follow(token, recorder)
        _, recorded, outcome, was_run = followed
        if not was_run:
            return self._interrupted(outcome)
        self._number = 1
        self._last = outcome, "replay"
        self._seen.add(outcome)
        steps = tuple(steps_text(outcome.log, recorded.switched, recorder)) if self.settings.trace else ()
        if came_by_signal(outcome.exception):
            return self._interrupted(outcome, strategy="replay", steps=steps)
        finding = self._finding(outcome)
        shown = outcome
        if finding is None:
            raced = self._explaining.confirmed(self._races.suspects(outcome), outcome)
            if raced is not None:
                finding, shown, _ = raced
        explanation = None
        if finding is not None:
            timeline = timeline_of(shown, recorded.points, recorder, self._limit.is_over)
            explanation = Explanation(
                finding,
                token,
                switches=len(recorded.switched),
                timeline=timeline,
                time_passed=time_passed(shown),
                seconds_of_test=self.settings.seconds,
            )
        # It may run the test once more; the names of objects are those of the last execution.
        lost = self._following.why_lost(followed)
        difference = None if lost is None else tell_lost(str(token), lost)
        if finding is None and lost is None and quiet_exception(outcome) is None:
            doubt = self._following.doubt(followed, token)
            if doubt is not None and doubt.lost:
                difference = doubt.text
            elif doubt is not None:
                self._seen.notes[doubt.text] = None
        if explanation is not None:
            explanation = explanation._replace(difference=difference)
        self._conclude(
            1,
            "replay",
            found_at=None if finding is None else 1,
            explanation=explanation,
            strategy="replay",
            lost=difference,
            steps=steps,
        )
        if finding is not None:
            return finding.exception
        if difference is not None:
            return ScheduleLost(difference)
        return quiet_exception(outcome)

    # -- conclusions -----------------------------------------------------------------------------------------

    def _conclude(self, schedules: int, ended_by: str, **more: Any) -> None:
        if ended_by in _RAN_ITS_COURSE and not self.settings.suite:
            self._seen.note_no_choice()
        if ended_by == "nothing to interleave" and self._seen.has_company:
            # There is nothing that the plugin could interleave.
            ended_by = "schedules"
        turns = self._turns
        self.exploration = Exploration(
            settings=self.settings,
            schedules=schedules,
            coverage=self._seen.coverage(
                None if turns is None else turns.late,
                interleaved=ended_by != "nothing to interleave",
                early_timeouts=turns is not None and turns.early > 0,
            ),
            classes=self._seen.classes.counts,
            seconds=real_seconds() - self._started,
            ended_by=ended_by,
            threads=self._seen.threads,
            given=tuple(self._given),
            unrepeatable=self._unrepeatable,
            warnings=self._seen.warnings,
            **more,
        )

    def _finding(self, outcome: Outcome) -> Finding | None:
        extra = [ThreadFailure(-1, thread, error) for pool in open_pools for thread, error in pool.unseen_exceptions()]
        finding = finding_of(outcome, extra, quiet_types())
        if finding is not None and finding.kind == "failed test body" and raised_by_workers(finding.exception):
            return finding._replace(kind="worker exception")
        if finding is not None and finding.exception is self._executions.set_up_error:
            return finding._replace(kind="failed set-up")
        if finding is not None and finding.exception is self._executions.teardown_error:
            return finding._replace(kind="failed teardown")
        if finding is not None and isinstance(finding.exception, ResourceLeak):
            return finding._replace(kind="leak")
        return finding


def _mix(seed: int, nodeid: str) -> int:
    """A seed for one test, from the seed of the run."""
    return seed * 65_537 + fingerprint(nodeid)

"""Takes a marked test over when it is set up, gives it back when it is torn down, and adds to its reports."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from ._checking import still_failed
from ._lazy_gatherer import results_of
from .items._leak_check import release_values_key
from .items._report_rows import attach_rows
from .items._taken_over import note_taken_over
from .items._test_reports import (
    add_text,
    correct_without_traceback,
    outcome_of,
    point_at_test,
    show_only_failure,
    wrap_own_messages,
)
from .items._worker_fixtures import thread_fixtures, worker_fixtures
from .known._first_schedules import first_schedules
from .reporting._width import width_of
from .running._runner_key import runner_key
from .settings._marker_errors import error_of, note_error
from .settings._markers import is_marked, is_stress
from .settings._options import options_of
from .settings._reported_tests import include_in_reports
from .settings._settings import Settings, read_settings
from .settings._stress_settings import StressSettings, read_stress
from .settings._suite import exempt, left_out
from .stress._stress_runs import begin_runs, runs_of

if TYPE_CHECKING:
    from ..control import RandomState
    from .known._known_schedules import KnownSchedule
    from .running._exploration import Exploration
    from .running._runner import TestRunner

_random_key: pytest.StashKey[RandomState] = pytest.StashKey()
#: The error of a test's teardown, if only fixtures of wider scopes have raised it.
_wider_error_key = pytest.StashKey[BaseException]()


def set_up(item: pytest.Item) -> Generator[None, object, object]:
    """Wrap pytest's set-up of a marked test: its `runtest` becomes the loop over its schedules.

    Yields while pytest sets the test up.
    """
    error = error_of(item)
    settings: Settings | None = None
    stress: StressSettings | None = None
    known: list[KnownSchedule] = []
    if error is None:
        try:
            if is_stress(item):
                stress = read_stress(item)
            elif is_marked(item):
                settings = read_settings(item, options_of(item.config))
                include_in_reports(item)
                known = first_schedules(item, settings)
        except pytest.UsageError as wrong:
            # The marker has come after collection, when all others were checked.
            error = note_error(item, wrong)
    if error is not None:
        try:
            yield
        except (Exception, pytest.fail.Exception):
            # Of no interest: the item cannot be run anyway.
            pass
        pytest.fail(error, pytrace=False)
    if stress is not None:
        _repeat_by_threads(item, stress)
        return (yield)
    if settings is None:
        return (yield)
    with _put_under_control(item, settings, known).set_up_by_pytest():
        return (yield)


def _repeat_by_threads(item: pytest.Item, stress: StressSettings) -> None:
    """Have real threads repeat the body of the test instead of running it once."""
    from .stress._stress_runner import StressRunner

    begin_runs(item)
    assert isinstance(item, pytest.Function)
    note_taken_over(item, controlled=False)
    own_fixtures = thread_fixtures(item, stress.plan.threads, options_of(item.config))
    own_fixtures.set_up()
    item.runtest = StressRunner(item, stress, own_fixtures).run  # type: ignore[method-assign]


def _put_under_control(item: pytest.Item, settings: Settings, known: list[KnownSchedule]) -> TestRunner:
    """Put what control replaces in place, and have the test run under its schedules."""
    from ..control import begin_alike, put_in_place, random_state
    from .known._replaying import token_of
    from .running._runner import TestRunner

    assert isinstance(item, pytest.Function)
    note_taken_over(item, controlled=True)
    item.stash[_random_key] = random_state()
    begin_alike()
    # What fixtures replace, they put back before this is taken away again: when the test is torn down.
    callspec = getattr(item, "callspec", None)
    put_in_place(None if callspec is None else callspec.params)
    own = worker_fixtures(item, settings, options_of(item.config))
    if own is not None:
        own.set_up()

    def note_interrupted(exploration: Exploration) -> None:
        # pytest reports nothing of the test then; a worker of pytest-xdist cannot send anything any more.
        from .reporting._figures import figures

        results_of(item.config).tests.append(figures(item, exploration, "interrupted", page=True))

    runner = TestRunner(item, settings, token_of(item.config), known, own, on_interrupt=note_interrupted)
    item.stash[runner_key] = runner
    item.stash[release_values_key] = runner.release_values
    item.runtest = runner.run  # type: ignore[method-assign]
    return runner


@contextlib.contextmanager
def own_fixtures_first(item: pytest.Item) -> Generator[None]:
    """End the fixtures of the test before those of wider scopes while pytest ends both.

    Notes an error that only those of wider scopes have raised. They end after the last execution, with whatever tests
    ran before: no schedule is to blame.
    """
    state: Any = item.session._setupstate
    teardown_exact = state.teardown_exact

    def end(nextitem: pytest.Item | None) -> None:
        __tracebackhide__ = True
        errors: list[BaseException] = []
        for until in (item.parent, nextitem):
            try:
                teardown_exact(until)
            except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                if until is nextitem and not errors:
                    item.stash[_wider_error_key] = error
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise BaseExceptionGroup("errors during test teardown", errors)

    state.teardown_exact = end
    try:
        yield
    finally:
        del state.teardown_exact


def give_back(item: pytest.Item) -> None:
    """Put the random state and `runtest` of a test back after its teardown."""
    before = item.stash.get(_random_key, None)
    if before is not None:
        from ..control import restore_random, take_away

        take_away()
        restore_random(before)
        del item.stash[_random_key]
    item.__dict__.pop("runtest", None)


def add_to_report(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Add the interleaving to a failure, and the figures to the report of the call."""
    still_failed(item, report)
    reason = left_out(item)
    if reason is not None and report.skipped:
        report.interleave_left_out = reason  # type: ignore[attr-defined]
    reason = exempt(item)
    if reason is not None and call.when == "call":
        report.interleave_exempt = reason  # type: ignore[attr-defined]
    runs = runs_of(item)
    if runs is not None:
        runs.note_report(item, report)
    point_at_test(item, report)
    attach_rows(item, report)
    try:
        _add_figures(item, call, report)
    finally:
        runner = item.stash.get(runner_key, None)
        if call.when == "teardown" and runner is not None:
            # There is nothing more to report.
            del item.stash[runner_key]
            del item.stash[release_values_key]
            if _wider_error_key in item.stash:
                del item.stash[_wider_error_key]
            runner.close()


def _add_figures(item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
    """Add the figures of a test under control to the report of its call, or of a teardown that failed."""
    runner = item.stash.get(runner_key, None)
    if runner is None or call.when == "setup" or runner.exploration is None:
        return
    from .reporting._figures import figures, properties
    from .reporting._report import failure_text

    if call.when == "teardown":
        # pytest has ended the fixtures of the last execution.
        if call.excinfo is None or not report.failed or runner.exploration.explanation is not None:
            return
        if item.stash.get(_wider_error_key, None) is call.excinfo.value:
            return
        runner.teardown_failed(call.excinfo.value)
    show_only_failure(item, call, report)
    correct_without_traceback(report)
    if call.excinfo is not None and report.outcome == "failed":
        wrap_own_messages(call.excinfo.value, report, width_of(item.config))
    exploration = runner.exploration
    if exploration.explanation is not None and report.outcome == "failed":
        # In this style, pytest writes a line right after the text, which ends with a command.
        end = "\n" if getattr(item.config.option, "tbstyle", "") == "line" else ""
        add_text(report, failure_text(item, exploration, width_of(item.config)) + end)
    page = options_of(item.config).reports["html"] is not None
    row = figures(item, exploration, outcome_of(report), page=page)
    report.interleave = row  # type: ignore[attr-defined]
    if exploration.steps:
        report.interleave_steps = exploration.steps  # type: ignore[attr-defined]
    # pytest reports both, of the call and of the teardown; if the test is run again, the new ones count.
    for known in (item.user_properties, report.user_properties):
        known[:] = [pair for pair in known if not pair[0].startswith("interleave_")] + properties(row)

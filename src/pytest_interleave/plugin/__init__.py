"""The pytest plugin: hooks only. What takes time to import is imported when the first marked test is there."""

from __future__ import annotations

import importlib
import random
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from ..control import _current
from ._checking import check_items, error_of, note_error, still_failed
from ._fixtures import (
    barrier,
    measure_speedup,
    process_pool,
    race_detector,
    resource_limits,
    run_concurrent,
    run_stress,
    thread_pool,
    worker,
)
from ._gathering import Gatherer
from ._hold import Hold, take_hold
from ._leak_check import LeakCheck, is_watched
from ._markers import REGISTERED, is_marked, is_stress, make_selectable, uses_threads
from ._merging import merged
from ._options import Options, add_options, read_options
from ._own_fixtures import of_threads, of_workers
from ._pins import pins_of
from ._results import Results, results_key
from ._settings import Settings, read_settings, settings_key
from ._shards import WHOLE, nodeid_of, shard_of
from ._speedup_rows import hand_on
from ._stress_runs import begin_runs, runs_of
from ._stress_settings import read_stress
from ._suite import exempt, left_out, take_suite

if TYPE_CHECKING:
    from ..explore import Token
    from ._given import Given
    from ._memory import Memory
    from ._runner import TestRunner
    from ._stress_settings import StressSettings

__all__ = [
    "barrier",
    "measure_speedup",
    "process_pool",
    "race_detector",
    "resource_limits",
    "run_concurrent",
    "run_stress",
    "thread_pool",
    "worker",
]

_options_key = pytest.StashKey[Options]()
_replay_key: pytest.StashKey[Token] = pytest.StashKey()
_runner_key: pytest.StashKey[TestRunner] = pytest.StashKey()
_random_key = pytest.StashKey[Any]()
_unwritten_key = pytest.StashKey[list[str]]()
_memory_key: pytest.StashKey[Memory] = pytest.StashKey()
_stressed_key = pytest.StashKey[bool]()
_hold_key = pytest.StashKey[Hold]()


def options_of(config: pytest.Config) -> Options:
    """The options of this run."""
    return config.stash[_options_key]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini values."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any conftest or test module is imported: locks that they make must be ours."""
    early_config.stash[_hold_key] = take_hold(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Check options; register the markers."""
    for marker in REGISTERED:
        config.addinivalue_line("markers", marker)
    config.stash[_options_key] = options = read_options(config)
    results = config.stash[results_key] = Results(options.seed, options.suite)
    config.pluginmanager.register(Gatherer(config, results), "interleave-gatherer")
    if _hold_key not in config.stash:
        # Loaded too late for pytest_load_initial_conftests (by a conftest's pytest_plugins).
        config.stash[_hold_key] = take_hold(config)
    if options.replay is not None:
        from ..explore import Token, TokenError

        try:
            config.stash[_replay_key] = Token.parse(options.replay)
        except TokenError as error:
            raise pytest.UsageError(f"{options.replay_option}: {error}") from None
    elif options.shards > 1:
        from ._splitting import Splitter

        config.pluginmanager.register(Splitter(options), "interleave-splitter")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """With pytest-xdist: all workers use the seed of the controller, and write for its terminal."""
    node.workerinput["interleave_seed"] = options_of(node.config).seed
    node.workerinput["interleave_width"] = _width(node.config)


def pytest_sessionstart() -> None:
    """Threads that are there now belong to the test runner."""
    _current.infrastructure.update(thread.ident for thread in threading.enumerate() if thread.ident is not None)


@pytest.hookimpl(tryfirst=True, specname="pytest_collection_modifyitems")
def pytest_mark_before_selection(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What `-m` selects by: the whole suite may be marked; and all tests in threads are concurrency tests."""
    options = options_of(config)
    if options.suite is not None:
        take_suite(items, options)
    for item in items:
        make_selectable(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check every marker; with a token, keep the test that it was made for."""
    check_items(config, items, options_of(config))
    token = config.stash.get(_replay_key, None)
    if token is not None:
        from ._replaying import keep_for_token

        keep_for_token(config, items, token, options_of(config).replay_option)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Without a marked test, nothing of ours stays in anybody's way; with one, what it needs is imported.

    Now rather than in the first test, whose time may be limited.
    """
    hold = session.config.stash[_hold_key]
    hold.clocks.remove()
    marked, stressed = any(map(is_marked, session.items)), any(map(uses_threads, session.items))
    if not (marked or stressed):
        hold.release_names()
    elif not session.config.option.collectonly:
        for module, needed in (("._runner", marked), ("._run_stress", stressed)):
            if needed:
                importlib.import_module(module, __package__)
    leaks = options_of(session.config).leaks
    if leaks != "ignore" and any(is_watched(item) for item in session.items):
        session.config.pluginmanager.register(LeakCheck(leaks, _runner_key), "interleave-leaks")


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """How many tests there are for us; the seed, if any of them depends on it."""
    marked = [item for item in items if is_marked(item)]
    told = []
    suite = options_of(config).suite
    if marked:
        tests = len({nodeid_of(item) for item in marked if shard_of(item) != WHOLE})
        tests += sum(shard_of(item) == WHOLE for item in marked)
        kind = "concurrency test" if suite is None else "test"
        split = "" if tests == len(marked) else f" in {len(marked)} shards"
        workers = "" if suite is None else f", each in {suite} workers"
        told.append(f"{tests} {kind}{'' if tests == 1 else 's'}{split}{workers}")
    stressed = sum(map(is_stress, items))
    if stressed:
        told.append(f"{stressed} stress test{'' if stressed == 1 else 's'}")
    if marked:
        told.append(f"seed {options_of(config).seed}")
    return [f"interleave: {', '.join(told)}"] if told else []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """A marked test's `runtest` becomes the loop over its schedules."""
    error = error_of(item)
    settings: Settings | None = None
    stress: StressSettings | None = None
    given: list[Given] = []
    replay = item.config.stash.get(_replay_key, None)
    if error is None and is_stress(item):
        try:
            stress = read_stress(item)
        except pytest.UsageError as wrong:
            error = note_error(item, wrong)
    elif error is None and is_marked(item):
        try:
            settings = read_settings(item, options_of(item.config))
            if replay is None:
                given = _schedules_given(item, settings)
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
        from ._stress import StressRunner

        begin_runs(item)
        assert isinstance(item, pytest.Function)
        item.stash[_stressed_key] = True
        of_each = of_threads(item, stress.plan.threads, options_of(item.config))
        of_each.set_up()
        item.runtest = StressRunner(item, stress, of_each).run  # type: ignore[method-assign]
        return (yield)
    if settings is None:
        return (yield)
    from ..control import put_in_place
    from ._runner import TestRunner, seed_random

    assert isinstance(item, pytest.Function)
    item.stash[settings_key] = settings
    item.stash[_random_key] = seed_random()
    # What fixtures replace, they put back before this is taken away again: when the test is torn down.
    put_in_place()
    own = of_workers(item, settings, options_of(item.config))
    if own is not None:
        own.set_up()
    runner = TestRunner(item, settings, replay, given, own)
    item.stash[_runner_key] = runner
    item.runtest = runner.run  # type: ignore[method-assign]
    with runner.set_up_by_pytest():
        return (yield)


def _schedules_given(item: pytest.Item, settings: Settings) -> list[Given]:
    """The schedules to be tried first; a test that only has pinned ones is for these alone.

    Raises `pytest.UsageError` as `pins_of` does.
    """
    from ._given import PINNED, Given

    if settings.shard.number > 1:
        # The first shard tries them.
        return []
    pinned = [Given(token, PINNED) for token in pins_of(item)]
    return [*pinned, *_memory_of(item.config).given(nodeid_of(item))] if settings.explored else pinned


def _memory_of(config: pytest.Config) -> Memory:
    memory = config.stash.get(_memory_key, None)
    if memory is None:
        from ._memory import Memory

        memory = config.stash[_memory_key] = Memory(config, forget=options_of(config).forget)
    return memory


def _width(config: pytest.Config) -> int:
    handed = getattr(config, "workerinput", {}).get("interleave_width")
    if handed is not None:
        return int(handed)
    if not config.pluginmanager.has_plugin("terminalreporter"):
        return 100
    return max(60, min(160, config.get_terminal_writer().fullwidth))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Put the random state and `runtest` back."""
    try:
        return (yield)
    finally:
        before = item.stash.get(_random_key, None)
        if before is not None:
            from ..control import take_away

            take_away()
            random.setstate(before)
            del item.stash[_random_key]
            del item.stash[settings_key]
        if before is not None or item.stash.get(_stressed_key, False):
            item.__dict__.pop("runtest", None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the interleaving to a failure, and the figures to the report of the call."""
    report = yield
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
    hand_on(item, report)
    runner = item.stash.get(_runner_key, None)
    if runner is None or call.when == "setup" or runner.exploration is None:
        return report
    from ._report import add_text, failure_text, figures, mend, outcome_of, properties

    if call.when == "teardown":
        # pytest has ended the fixtures of the last execution.
        if call.excinfo is None or not report.failed or runner.exploration.explanation is not None:
            return report
        runner.teardown_failed(call.excinfo.value)
    mend(report)
    exploration = runner.exploration
    if exploration.explanation is not None and report.outcome == "failed":
        add_text(report, failure_text(item, exploration, _width(item.config)))
    page = options_of(item.config).reports["html"] is not None
    report.interleave = figures(item, exploration, outcome_of(report), page=page)  # type: ignore[attr-defined]
    if exploration.steps:
        report.interleave_steps = exploration.steps  # type: ignore[attr-defined]
    if call.when == "call":
        # pytest reports both, of the call and of the teardown; where the test is run again, the new ones count.
        for known in (item.user_properties, report.user_properties):
            known[:] = [pair for pair in known if not pair[0].startswith("interleave_")] + properties(exploration)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_exception_interact(node: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, object, object]:
    """With `--pdb`: stop in the thread that failed."""
    if _runner_key not in node.stash:
        return (yield)
    from ._debugging import in_failing_thread

    with in_failing_thread(call):
        return (yield)


@pytest.hookimpl
def pytest_leave_pdb() -> None:
    """A debugger lets the program go on."""
    from ..control import debugger_left

    debugger_left()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What is to be said of all marked tests."""
    results = config.stash.get(results_key, None)
    if results:
        from ._summary import write_section

        write_section(terminalreporter, results)
    memory = config.stash.get(_memory_key, None)
    if memory is not None and memory.trouble is not None:
        terminalreporter.write_line(f"WARNING: {memory.trouble}", yellow=True)
    for unwritten in config.stash.get(_unwritten_key, []):
        terminalreporter.write_line(f"ERROR: {unwritten}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember failures and write the reports in files, once, in the process that has all reports."""
    config = session.config
    options = config.stash.get(_options_key, None)
    if options is None or hasattr(config, "workerinput"):
        return
    results = config.stash[results_key]
    # From here on, for all reports, there is one row for each test.
    results.tests[:] = merged(results.tests)
    if results.tests or options.forget:
        _memory_of(config).keep(results.tests)
    if not any(path is not None for path in options.reports.values()):
        return
    from ._report_files import write_reports

    unwritten = config.stash[_unwritten_key] = write_reports(options.reports, results)
    if unwritten and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of ours outlives the run."""
    hold = config.stash.get(_hold_key, None)
    if hold is not None:
        hold.release()

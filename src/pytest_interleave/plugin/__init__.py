"""The pytest plugin: hooks only. What takes time to import is imported when the first marked test is there.

PYTEST_DONT_REWRITE: see `_plain_imports`.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Generator
from typing import Any

import pytest

from ..control import infrastructure
from ._before_collection import Hold, take_hold
from ._test_hooks import register_test_hooks, unregister_test_hooks
from .fixtures._fixtures import (
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
from .settings._markers import REGISTERED, has_ours, is_marked, make_selectable, use_threads, with_ours
from .settings._options import add_options, read_options
from .settings._stash import error_key, memory_key, options_key, options_of, replay_key, results_key, unwritten_key

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

_hold_key = pytest.StashKey[Hold]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Hooks for each test are in place until it is known that no test is ours."""
    register_test_hooks(pluginmanager)


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
    config.stash[options_key] = options = read_options(config)
    if options.suite is not None:
        from .reporting._gathering import results_of

        results_of(config)
    if _hold_key not in config.stash:
        # Loaded too late for pytest_load_initial_conftests (by a conftest's pytest_plugins).
        config.stash[_hold_key] = take_hold(config)
    if options.replay is not None:
        from ..explore import Token, TokenError

        try:
            config.stash[replay_key] = Token.parse(options.replay)
        except TokenError as error:
            raise pytest.UsageError(f"{options.replay_option}: {error}") from None
    elif options.shards > 1:
        from .settings._splitting import Splitter

        config.pluginmanager.register(Splitter(options), "interleave-splitter")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """With pytest-xdist: all workers use the seed of the controller, and write for its terminal."""
    from .reporting._gathering import results_of
    from .reporting._width import width_of

    results_of(node.config)
    node.workerinput["interleave_seed"] = options_of(node.config).seed
    node.workerinput["interleave_width"] = width_of(node.config)


def pytest_sessionstart() -> None:
    """Threads that are there now belong to the test runner."""
    infrastructure.update(thread.ident for thread in threading.enumerate() if thread.ident is not None)


@pytest.hookimpl(tryfirst=True, specname="pytest_collection_modifyitems")
def pytest_mark_before_selection(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What `-m` selects by: the whole suite may be marked; and all tests in threads are concurrency tests."""
    options = options_of(config)
    if options.suite is not None:
        from .settings._suite import take_suite

        take_suite(items, options)
    for item in with_ours(items):
        make_selectable(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check every marker; with a token, keep the test that it was made for."""
    ours = with_ours(items)
    if ours or config.getini("interleave_include"):
        from ._checking import check_items

        check_items(config, items, ours, options_of(config))
    token = config.stash.get(replay_key, None)
    if token is not None:
        from .known._replaying import keep_for_token

        keep_for_token(config, items, token, options_of(config).replay_option)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Without a marked test, nothing of ours stays in anybody's way; with one, what it needs is imported.

    Now rather than in the first test, whose time may be limited.
    """
    hold = session.config.stash[_hold_key]
    hold.clocks.remove()
    ours = with_ours(session.items)
    marked, stressed = any(map(is_marked, ours)), use_threads(session.items, ours)
    if not (marked or stressed):
        hold.release_names()
        if not ours:
            unregister_test_hooks(session.config.pluginmanager)
    elif not session.config.option.collectonly:
        for module, needed in (
            ("._marked_test", True),
            (".running._runner", marked),
            (".stress._run_stress", stressed),
        ):
            if needed:
                importlib.import_module(module, __package__)
    if ours:
        from .items._leak_check import check_for_leaks

        check_for_leaks(session.config, ours, options_of(session.config).leaks)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """How many tests there are for us; the seed, if any of them depends on it."""
    ours = with_ours(items)
    if not ours:
        return []
    from .reporting._header import header_lines

    return header_lines(ours, options_of(config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """A marked test's `runtest` becomes the loop over its schedules."""
    if not has_ours(item) and error_key not in item.stash:
        return (yield)
    # It may have been marked after the collection.
    register_test_hooks(item.config.pluginmanager)
    from ._marked_test import set_up

    return (yield from set_up(item))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What is to be said of all marked tests."""
    results = config.stash.get(results_key, None)
    if results:
        from .reporting._summary import write_section

        write_section(terminalreporter, results)
    memory = config.stash.get(memory_key, None)
    if memory is not None and memory.trouble is not None:
        terminalreporter.write_line(f"WARNING: {memory.trouble}", yellow=True)
    for unwritten in config.stash.get(unwritten_key, []):
        terminalreporter.write_line(f"ERROR: {unwritten}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember failures and write the reports in files, once, in the process that has all reports."""
    options = session.config.stash.get(options_key, None)
    if options is None or hasattr(session.config, "workerinput"):
        return
    if results_key in session.config.stash or options.forget or any(options.reports.values()):
        from ._finishing import finish

        finish(session)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of ours outlives the run."""
    hold = config.stash.get(_hold_key, None)
    if hold is not None:
        hold.release()

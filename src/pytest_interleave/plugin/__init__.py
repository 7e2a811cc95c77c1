"""The pytest plugin: hooks that delegate. What takes time to import is imported when the first marked test is there.

PYTEST_DONT_REWRITE: see `_plain_imports`.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest

from ..control import infrastructure
from ._before_collection import Hold, take_hold
from ._lazy_gatherer import gatherer_of, make_gatherer
from ._preparation import apply_options, prepare_for_tests
from ._test_hooks import register_test_hooks, start_reporting
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
from .settings._marker_errors import error_of
from .settings._markers import REGISTERED, has_our_marker, make_selectable, with_our_markers
from .settings._options import add_options, has_options, keep_options, options_of
from .settings._reported_tests import start_reporting_key

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
    """Register the hooks for each test, until it is known whether any test is marked."""
    register_test_hooks(pluginmanager)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini values."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Replace locks and clocks before any conftest or test module is imported, and makes some."""
    early_config.stash[_hold_key] = take_hold(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Check options; register the markers."""
    for marker in REGISTERED:
        config.addinivalue_line("markers", marker)
    options = keep_options(config)
    config.stash[start_reporting_key] = lambda: start_reporting(config)
    if _hold_key not in config.stash:
        # Loaded too late for pytest_load_initial_conftests (by a conftest's pytest_plugins).
        config.stash[_hold_key] = take_hold(config)
    apply_options(config, options)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Have all workers of pytest-xdist use the seed of the controller, and write for its terminal."""
    from .reporting._width import width_of

    make_gatherer(node.config)
    node.workerinput["interleave_seed"] = options_of(node.config).seed
    node.workerinput["interleave_width"] = width_of(node.config)


def pytest_sessionstart() -> None:
    """Note that the threads that are there now belong to the test runner."""
    infrastructure.update(thread.ident for thread in threading.enumerate() if thread.ident is not None)


@pytest.hookimpl(tryfirst=True, specname="pytest_collection_modifyitems")
def pytest_mark_before_selection(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the markers that `-m` selects by: all tests of a suite may be marked; tests in threads can be selected."""
    options = options_of(config)
    if options.suite is not None:
        from .settings._suite import take_suite

        take_suite(items, options)
    for item in with_our_markers(items):
        make_selectable(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check every marker; with a token, keep the test that it was made for."""
    options, ours = options_of(config), with_our_markers(items)
    if ours or config.getini("interleave_include"):
        from ._checking import check_items

        check_items(config, items, ours, options)
    if options.replay is not None:
        from .known._replaying import keep_for_token

        keep_for_token(config, items, options.replay_option)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare for the marked tests; without any, do not disturb the others."""
    prepare_for_tests(session, session.config.stash[_hold_key])


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Report how many tests are marked, and the seed, if any of them depends on it."""
    ours = with_our_markers(items)
    if not ours:
        return []
    from .reporting._header import header_lines

    return header_lines(ours, options_of(config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Take over a marked test when pytest has set it up."""
    if not has_our_marker(item) and error_of(item) is None:
        return (yield)
    # It may have been marked after the collection.
    register_test_hooks(item.config.pluginmanager)
    from ._marked_test import set_up

    return (yield from set_up(item))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the section of the plugin."""
    gatherer = gatherer_of(config)
    if gatherer is not None:
        gatherer.write_summary(terminalreporter)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save failures and write the reports in files, once, in the process that has all reports."""
    config = session.config
    if not has_options(config) or hasattr(config, "workerinput"):
        return
    options = options_of(config)
    if gatherer_of(config) is not None or options.forget or any(options.reports.values()):
        from ._finishing import finish

        finish(session)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Put back everything that the run has put in place."""
    hold = config.stash.get(_hold_key, None)
    if hold is not None:
        hold.release()

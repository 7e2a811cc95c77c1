"""Prepares a run: for what its options ask for, and, when its tests are collected, for those that are marked."""

from __future__ import annotations

import pytest

from ..control.interpreter import missing_for_control
from ._before_collection import Hold
from ._lazy_gatherer import make_gatherer
from ._test_hooks import unregister_test_hooks
from .settings._markers import is_marked, use_threads, with_our_markers
from .settings._options import Options, options_of


def apply_options(config: pytest.Config, options: Options) -> None:
    """Prepare for a whole suite, for the schedule of a token, or for shards, if the options ask for one of these.

    Raises `pytest.UsageError` if the token cannot be read.
    """
    if options.suite is not None:
        make_gatherer(config)
    if options.replay is not None:
        from .known._replaying import read_token

        read_token(config, options.replay, options.replay_option)
    elif options.shards > 1:
        from .settings._splitting import Splitter

        config.pluginmanager.register(Splitter(options), "interleave-splitter")


def prepare_for_tests(session: pytest.Session, hold: Hold) -> None:
    """Import what the marked tests need; without any, put back what the run has put in place so far.

    The imports are done now, not in the first test, whose time may be limited.
    """
    config = session.config
    hold.clocks.remove()
    ours = with_our_markers(session.items)
    marked, stressed = any(map(is_marked, ours)), use_threads(session.items, ours)
    if not (marked or stressed):
        hold.release_names()
        if not ours:
            unregister_test_hooks(config.pluginmanager)
    elif not config.option.collectonly:
        _import_runners(marked=marked and missing_for_control() is None, stressed=stressed)
    if ours:
        from .items._leak_check import check_for_leaks

        check_for_leaks(config, ours, options_of(config).leaks)


def _import_runners(*, marked: bool, stressed: bool) -> None:
    """Import the runners of marked tests and of tests that are repeated in real threads, if there are such tests."""
    from . import _marked_test  # noqa: F401

    if marked:
        from .running import _runner  # noqa: F401
    if stressed:
        from .stress import _run_stress  # noqa: F401

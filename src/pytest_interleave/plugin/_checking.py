"""Checks the markers of all collected tests: a test whose marker is wrong fails, with its message, and no other."""

from __future__ import annotations

import os
import warnings

import pytest

from .._warnings import InterleaveWarning
from ..control import current_scope
from ..control.scope import missing
from .known._pins import pins_of, unusable_pins
from .settings._marker_arguments import warn_no_function
from .settings._marker_errors import error_of, note_error
from .settings._markers import is_marked, marker_of, uses_threads
from .settings._options import Options
from .settings._settings import read_settings
from .settings._stress_settings import check_stress
from .settings._suite import check_unsafe
from .settings._unsafe import refuse, unsafe_fixture


def check_items(config: pytest.Config, items: list[pytest.Item], ours: list[pytest.Item], options: Options) -> None:
    """Check the markers of the collected tests, and the ini value `interleave_include`.

    `ours` are those of the tests that have any marker of the plugin.
    """
    included = bool(config.getini("interleave_include"))
    concerned = [item for item in items if included and (is_marked(item) or uses_threads(item))]
    if concerned:
        try:
            _warn_of_missing(config)
        except InterleaveWarning as warning:
            # Warnings are errors in this run: those tests fail that the ini value matters to.
            for item in concerned:
                note_error(item, pytest.UsageError(str(warning)))
    for item in ours:
        current_scope().take_in(str(item.path))
        try:
            check_marker(item, options)
            check_stress(item)
        except pytest.UsageError as error:
            note_error(item, error)
    for item, wrong in unusable_pins([item for item in ours if error_of(item) is None]):
        note_error(item, pytest.UsageError(wrong))


def check_marker(item: pytest.Item, options: Options) -> None:
    """Check the arguments of the markers that put a test under control; warn if they do nothing here.

    Raises `pytest.UsageError` that names the marker and what to write.
    """
    check_unsafe(item)
    name = marker_of(item)
    if name is None:
        return
    if not isinstance(item, pytest.Function):
        warn_no_function(item, name)
        return
    settings = read_settings(item, options)
    # Only read here to be checked: they are used when the test is set up.
    pins_of(item)
    if settings.marker == "thread_safety":
        fixture = unsafe_fixture(item)
        if fixture is not None:
            raise pytest.UsageError(refuse(fixture))


def still_failed(item: pytest.Item, report: pytest.TestReport) -> None:
    """Make the report of a wrong marker a failure, even if the marker `xfail` expects the test itself to fail."""
    if error_of(item) is not None and report.when == "setup" and hasattr(report, "wasxfail"):
        del report.wasxfail
        report.outcome = "failed"


def _warn_of_missing(config: pytest.Config) -> None:
    """Warn once in a run of each name in `interleave_include` that is not the name of a module.

    Called when all tests are collected, as `sys.path` is then as they see it.
    """
    if getattr(config, "workerinput", {}).get("workerid", "gw0") != "gw0":
        # Each worker of pytest-xdist collects the same tests.
        return
    for entry in config.getini("interleave_include"):
        if os.sep not in entry and "*" not in entry and missing(entry):
            text = f"interleave_include: no module or package {entry!r}. Use its import name, or a path glob."
            warnings.warn_explicit(InterleaveWarning(text), None, str(config.inipath or config.rootpath), 1)

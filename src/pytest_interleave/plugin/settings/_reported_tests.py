"""The tests with something of the plugin in their reports, and the start of the reporting of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

#: Starts the reporting of a run when the first test has something to report; later calls do nothing.
start_reporting_key = pytest.StashKey[Callable[[], object]]()
#: A test has it if the plugin may add something to its reports. Only this is looked up for every test.
_reported_key = pytest.StashKey[bool]()


def include_in_reports(item: pytest.Item) -> None:
    """Let the plugin add to the reports of this test; start the reporting of the run, unless it has started."""
    item.stash[_reported_key] = True
    item.config.stash[start_reporting_key]()


def is_reported(item: pytest.Item) -> bool:
    """Whether the plugin may add something to the reports of the test."""
    return _reported_key in item.stash

"""Errors in the markers of tests: such a test fails with the message instead of being run."""

from __future__ import annotations

import pytest

from ._reported_tests import include_in_reports

_error_key = pytest.StashKey[str]()


def error_of(item: pytest.Item) -> str | None:
    """Return the message that the test fails with instead of being run; None if its markers are right."""
    return item.stash.get(_error_key, None)


def note_error(item: pytest.Item, error: pytest.UsageError) -> str:
    """Let the test fail with this error; return its message."""
    message = item.stash[_error_key] = str(error)
    include_in_reports(item)
    return message

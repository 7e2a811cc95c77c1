"""The search ends by its number of schedules alone."""

from __future__ import annotations

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put a marker without a time limit before the test's own, which has no arguments."""
    if item.get_closest_marker("concurrency") is not None:
        item.add_marker(pytest.mark.concurrency(seconds=None), append=False)

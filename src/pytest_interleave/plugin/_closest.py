"""Which of the markers that exclude each other counts for a test."""

from __future__ import annotations

import pytest

#: Each says how the body is run.
_KINDS = ("concurrency", "stress")


def closest_kind(item: pytest.Item) -> str | None:
    """The one that is nearest to the test: its own before that of its class, that before the one of its module."""
    return next((marker.name for marker in item.iter_markers() if marker.name in _KINDS), None)


def is_stress(item: pytest.Item) -> bool:
    """Whether the body of the test is to be repeated by real threads."""
    return isinstance(item, pytest.Function) and closest_kind(item) == "stress"


def uses_threads(item: pytest.Item) -> bool:
    """Whether real threads repeat something in the test that may have to be ended: its body, or what it says."""
    return is_stress(item) or "run_stress" in getattr(item, "fixturenames", ())

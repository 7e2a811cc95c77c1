"""Notes which tests the plugin runs itself: `item.runtest` is a method of the plugin until their teardown."""

from __future__ import annotations

import pytest

_controlled_key = pytest.StashKey[bool]()


def note_taken_over(item: pytest.Item, *, controlled: bool) -> None:
    """Note that the plugin runs the test: under control, or by real threads that repeat its body."""
    item.stash[_controlled_key] = controlled


def is_taken_over(item: pytest.Item) -> bool:
    """Whether the plugin runs the test or has run it, in one of the two ways."""
    return _controlled_key in item.stash


def is_controlled(node: pytest.Item) -> bool:
    """Whether the plugin runs the test under control."""
    return node.stash.get(_controlled_key, False)

"""Collects the known schedules of a test, which are run before all others."""

from __future__ import annotations

import pytest

from ..settings._options import options_of
from ..settings._settings import Settings
from ..settings._shards import nodeid_of
from ._known_schedules import PINNED, KnownSchedule
from ._memory import memory_of
from ._pins import pins_of


def first_schedules(item: pytest.Item, settings: Settings) -> list[KnownSchedule]:
    """Return the schedules of a test that are run first: those that are pinned, then those that failed before.

    A test that is not explored has only the pinned ones. With several shards, the first one runs them. A run with a
    token has none. Raises `pytest.UsageError` as `pins_of` does.
    """
    if settings.shard.number > 1 or options_of(item.config).replay is not None:
        return []
    pinned = [KnownSchedule(token, PINNED) for token in pins_of(item)]
    return [*pinned, *memory_of(item.config).schedules_of(nodeid_of(item))] if settings.explored else pinned

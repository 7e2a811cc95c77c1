"""While the fixtures of a test are made: what they make takes part in its executions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ._foreign import note_threads_of_fixtures
from .primitives._dispatch import everything_is_ours


@contextmanager
def fixtures_being_made() -> Iterator[None]:
    """While entered, primitives, files and connections are ours, whoever makes them."""
    everything_is_ours[0] = True
    try:
        with note_threads_of_fixtures():
            yield
    finally:
        everything_is_ours[0] = False

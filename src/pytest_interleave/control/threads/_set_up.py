"""The time in which the fixtures of a test are made: what they make takes part in its executions."""

from __future__ import annotations

from ..execution.outside._foreign import note_threads_of_fixtures, threads_known
from ..execution.units import _current


class FixturesBeingMade:
    """A context manager in which new primitives, files and connections are ours, and new threads the fixtures'."""

    # No generator, for speed: this is done before each execution.
    __slots__ = ("_threads",)

    def __enter__(self) -> None:
        _current.state.making_fixtures = True
        self._threads = threads_known()

    def __exit__(self, *exception: object) -> None:
        _current.state.making_fixtures = False
        note_threads_of_fixtures(self._threads)

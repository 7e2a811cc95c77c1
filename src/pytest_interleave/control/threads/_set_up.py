"""While the fixtures of a test are made: what they make takes part in its executions."""

from __future__ import annotations

from ..execution.outside._foreign import note_threads_of_fixtures, threads_known
from ..primitives._dispatch import everything_is_ours


class FixturesBeingMade:
    """While entered, new primitives, files and connections are ours, and new threads count as the fixtures'."""

    # No generator: this is done before each execution.
    __slots__ = ("_threads",)

    def __enter__(self) -> None:
        everything_is_ours[0] = True
        self._threads = threads_known()

    def __exit__(self, *exception: object) -> None:
        everything_is_ours[0] = False
        note_threads_of_fixtures(self._threads)

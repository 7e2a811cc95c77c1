"""Random walk: every enabled thread is equally likely, at every step."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing


class RandomWalk(Drawing):
    """A strategy that chooses uniformly among the enabled threads.

    It is the "random scheduler" of Shuttle, and "RW" in the literature. `seed` fixes the choices of all executions, one
    after the other.
    """

    name = "random"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Return any enabled thread."""
        return int(self._random() * len(enabled))

    def yielded(self, index: int) -> None:
        """Do nothing: a spinning thread is not chosen more often than another one."""

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing to learn."""

"""Random walk: every enabled thread is as likely as any other, at every step."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing


class RandomWalk(Drawing):
    """Chooses uniformly among the enabled threads (the "random scheduler" of Shuttle, "RW" in the literature).

    `seed` fixes the choices of all executions, one after the other.
    """

    name = "random"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)

    def spawned(self, thread: ThreadView) -> None:
        """Every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Any of them."""
        return int(self._random() * len(enabled))

    def yielded(self, index: int) -> None:
        """A spinning thread is not chosen more often than another anyhow."""

    def end(self, trace: Trace) -> None:
        """Nothing to learn."""

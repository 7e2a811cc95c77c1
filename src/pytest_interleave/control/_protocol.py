"""What the scheduler asks of a strategy. The strategies themselves are in `pytest_interleave.explore`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class PendingOperation(Protocol):
    """What a thread will do when granted."""

    kind: str
    mutates: bool


class ThreadView(Protocol):
    """A controlled thread, as far as a strategy may look: `index` is 0 for the test's own thread, then by start."""

    index: int

    @property
    def operation(self) -> PendingOperation:
        """The operation that it has announced."""


class Strategy(Protocol):
    """Chooses the schedule: which thread is granted its announced operation, at every step."""

    def begin(self, number: int) -> None:
        """An execution begins; `number` counts the executions of this test from 1."""

    def spawned(self, index: int) -> None:
        """The thread `index` exists from now on (0 is the test's own, present from the beginning)."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Name one of `enabled` (by its position) to be granted.

        `enabled` has at least two threads, by rising `index`. `running` is the one of them that ran last and has
        announced its next operation, or None where it has blocked or ended.
        """

    def yielded(self, index: int) -> None:
        """The thread `index` spins or sleeps without effect: the others should have their turn."""

    def end(self, steps: int) -> None:
        """The execution has ended after `steps` calls of `choose`."""

"""The schedule that switches only when a thread blocks."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace


class NonPreemptive:
    """Lets a thread run until it blocks or ends; then the one that was started first goes on.

    It has no choices of its own, so every execution under it is the same.
    """

    name = "nonpreemptive"

    def begin(self, number: int) -> None:
        """Nothing to prepare."""

    def spawned(self, thread: ThreadView) -> None:
        """Every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """The running thread, else the first."""
        return 0 if running is None else enabled.index(running)

    def yielded(self, index: int) -> None:
        """The scheduler itself lets the next one go on."""

    def end(self, trace: Trace) -> None:
        """Nothing to learn."""

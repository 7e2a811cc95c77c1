"""The schedule that switches only when a thread blocks."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace


class NonPreemptive:
    """A strategy that lets a thread run until it blocks or ends; then the one that was started first runs.

    It has no choices of its own, so every execution under it is the same.
    """

    name = "nonpreemptive"

    def begin(self, number: int) -> None:
        """Do nothing: there is nothing to prepare."""

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the running thread, else the first one."""
        return 0 if running is None else enabled.index(running)

    def yielded(self, index: int) -> None:
        """Do nothing: the scheduler itself lets the next thread run."""

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing to learn."""

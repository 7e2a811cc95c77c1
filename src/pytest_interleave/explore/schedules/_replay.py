"""Replay: the choices of an earlier execution, made again."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...control import ThreadView, Trace


class Replay:
    """A strategy that repeats recorded choices.

    If a choice cannot be repeated, it notes the step, and continues without preemption.
    """

    name = "replay"

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = choices
        self._position = 0
        #: The position of the choice that could not be repeated, and why; None while all could.
        self.diverged: tuple[int, str] | None = None

    @property
    def held_back(self) -> Sequence[int]:
        """All threads: that a thread which has run for long gave way to another one is among the choices.

        If it did not, because the strategy held the others back, it must not here.
        """
        return range(sys.maxsize) if self.diverged is None else ()

    def begin(self, number: int) -> None:  # noqa: ARG002
        """Start from the first choice."""
        self._position = 0
        self.diverged = None

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: the choices name a thread by its index."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the thread that was chosen before; if that is impossible, the running thread, else the first one."""
        position = self._position
        self._position = position + 1
        if self.diverged is None:
            if position >= len(self._choices):
                self.diverged = (position, "the execution continues after the end of the recorded one")
            else:
                wanted = self._choices[position]
                for at, thread in enumerate(enabled):
                    if thread.index == wanted:
                        return at
                self.diverged = (position, f"thread {wanted}, which ran next, cannot run")
        return 0 if running is None else enabled.index(running)

    def yielded(self, index: int) -> None:
        """Do nothing: the choices include it already."""

    def end(self, trace: Trace) -> None:
        """Note if not all choices were used up."""
        steps = len(trace.choices)
        if self.diverged is None and steps < len(self._choices):
            self.diverged = (steps, "the execution ended before the recorded one")

"""Replay: the choices of an earlier execution once more."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace


class Replay:
    """Grants what was granted before; where that cannot be, notes the step and goes on without preemption."""

    name = "replay"

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = choices
        self._position = 0
        #: The choice that could not be repeated, and why; None while all could.
        self.diverged: tuple[int, str] | None = None

    def begin(self, number: int) -> None:  # noqa: ARG002
        """From the beginning."""
        self._position = 0
        self.diverged = None

    def spawned(self, thread: ThreadView) -> None:
        """The choices know it by its index."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """As before."""
        position = self._position
        self._position = position + 1
        if self.diverged is None:
            if position >= len(self._choices):
                self.diverged = (position, "the execution goes on where the recorded one had ended")
            else:
                wanted = self._choices[position]
                for at, thread in enumerate(enabled):
                    if thread.index == wanted:
                        return at
                self.diverged = (position, f"thread {wanted}, which ran here, cannot run")
        return 0 if running is None else enabled.index(running)

    def yielded(self, index: int) -> None:
        """The choices have it already."""

    def end(self, trace: Trace) -> None:
        """Whether all choices were used up."""
        steps = len(trace.choices)
        if self.diverged is None and steps < len(self._choices):
            self.diverged = (steps, "the execution ended where the recorded one went on")

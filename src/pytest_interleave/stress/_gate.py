"""A gate where the threads of a run wait until all of them are there."""

from __future__ import annotations

from ..control import real_lock
from ..control.primitives import RealCondition


class Gate:
    """A gate that lets all waiting threads go, as a `threading.Barrier` does: one after the other takes its lock.

    Waking all of them at one moment would be no gain: of a hundred threads that wait for the GIL with the smallest
    switch interval, ninety-nine keep the cores busy with nothing but waiting.
    """

    def __init__(self) -> None:
        self._open = False
        # A real condition, in whatever thread it is made.
        self._condition = RealCondition(real_lock())

    def wait(self) -> None:
        """Wait until the gate is open."""
        with self._condition:
            while not self._open:
                self._condition.wait()

    def open(self) -> None:
        """Open the gate for good."""
        with self._condition:
            self._open = True
            self._condition.notify_all()

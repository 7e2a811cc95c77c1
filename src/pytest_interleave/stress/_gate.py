"""Where the threads of a run wait until all of them are there."""

from __future__ import annotations

from ..control import real_lock
from ..control.primitives import RealCondition


class Gate:
    """Lets all go who wait, as a `threading.Barrier` does: each takes the condition's lock, one after the other.

    To wake all of them at one moment would not be more: of a hundred threads that wait for the GIL with the smallest
    switch interval, ninety-nine keep the cores busy with nothing but waiting.
    """

    def __init__(self) -> None:
        self._open = False
        # A real one, whoever asks for it.
        self._condition = RealCondition(real_lock())

    def wait(self) -> None:
        """Until it is open."""
        with self._condition:
            while not self._open:
                self._condition.wait()

    def open(self) -> None:
        """For good."""
        with self._condition:
            self._open = True
            self._condition.notify_all()

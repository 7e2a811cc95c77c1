"""The barrier that the fixture `barrier` gives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..control.primitives import Barrier

#: Seconds that a party waits before the barrier counts as broken.
BARRIER_SECONDS = 10.0


class WorkersBarrier(Barrier):
    """A barrier that nobody waits at for ever; the fixture `barrier`.

    After `timeout` seconds it is broken, and the error says who came. `of(n)` makes one for another number of parties.
    """

    def __init__(self, parties: int, action: Callable[[], None] | None = None, timeout: float = BARRIER_SECONDS):
        super().__init__(parties, action, timeout)
        self._seconds = timeout
        self._names: list[str] = []

    def of(self, parties: int) -> WorkersBarrier:
        """A new barrier for `parties` threads, with the same timeout."""
        return WorkersBarrier(parties, timeout=self._seconds)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the others; see `threading.Barrier.wait`.

        Raises `threading.BrokenBarrierError`, which says who came and how many are missing.
        """
        __tracebackhide__ = True
        self._names.append(threading.current_thread().name)
        if len(self._names) > self.parties:
            # The barrier is used again: this is the first of the next round.
            del self._names[: self.parties]
        try:
            return super().wait(timeout)
        except threading.BrokenBarrierError:
            raise threading.BrokenBarrierError(self._tell(timeout)) from None

    def _tell(self, timeout: float | None) -> str:
        missing = self.parties - len(self._names)
        if missing <= 0:
            return f"the barrier of {self.parties} parties is broken"
        seconds = self._seconds if timeout is None else timeout
        return (
            f"{len(self._names)} of {self.parties} parties came to the barrier ({', '.join(self._names)}), "
            f"{missing} did not; it is broken (timeout {seconds:g} s)"
        )

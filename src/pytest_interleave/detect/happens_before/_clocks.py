"""Vector clocks, and the latest accesses of one kind: an epoch while they are ordered, else a vector."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TypeVar

Thread = TypeVar("Thread", bound=Hashable)


class Clock(dict[Thread, int]):
    """A vector clock: the time that each thread had reached, by its index or path; 0 for those that are not in it."""

    __slots__ = ()

    def join(self, other: Clock[Thread]) -> None:
        """Learn what another clock knows: each entry becomes the later one of the two."""
        for thread, time in other.items():
            if time > self.get(thread, 0):
                self[thread] = time


class Accesses:
    """The latest accesses of one kind to one variable.

    As long as each access comes after all before it, only the last one counts: an epoch, which is a thread and its
    time. Accesses that are not ordered are kept for each thread, until one comes after all of them. Each is kept with
    its `step`.
    """

    __slots__ = ("_shared", "_step", "_thread", "_time")

    def __init__(self) -> None:
        self._thread = -1
        self._time = 0
        self._step = -1
        #: By thread, its time and step; None while an epoch suffices.
        self._shared: dict[int, tuple[int, int]] | None = None

    @property
    def is_shared(self) -> bool:
        """Whether an epoch does not suffice, because several accesses count."""
        return self._shared is not None

    def is_latest(self, thread: int, time: int) -> bool:
        """Whether an access by this thread at this time is already the only one that counts."""
        return self._shared is None and self._thread == thread and self._time == time

    def unordered(self, clock: Clock[int]) -> Iterator[int]:
        """Yield the steps of the accesses that did not happen before the moment whose time is `clock`."""
        if self._shared is None:
            if self._time > clock.get(self._thread, 0):
                yield self._step
        else:
            for thread, (time, step) in self._shared.items():
                if time > clock.get(thread, 0):
                    yield step

    def add(self, thread: int, clock: Clock[int], step: int) -> None:
        """Add an access by `thread` at the time `clock`."""
        time = clock[thread]
        shared = self._shared
        if shared is None:
            if self._time <= clock.get(self._thread, 0):
                self._thread, self._time, self._step = thread, time, step
                return
            shared = self._shared = {self._thread: (self._time, self._step)}
        elif all(earlier <= clock.get(other, 0) for other, (earlier, _) in shared.items()):
            self._shared = None
            self._thread, self._time, self._step = thread, time, step
            return
        shared[thread] = (time, step)

    def clear(self) -> None:
        """Forget the accesses: whatever is not ordered with them is not ordered with a later access either."""
        self._thread, self._time, self._step, self._shared = -1, 0, -1, None

"""Steering of an execution to a deadlock that was predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from ...control import Nesting, Path, PendingOperation, ThreadView, Trace
from ...detect import Part, PredictedDeadlock, Site, can_wait

#: After more spins of threads than this, no thread is held back any more: a spinning thread may be waiting for one that
#: is.
SPINS = 20


class Steered:
    """A strategy that holds back each thread of a predicted circle when it has one lock and is about to take the next.

    When the last one is there, they wait for each other. Apart from that, the first attempt lets a thread run until it
    blocks, and prefers threads that were started first; the second one prefers those that were started last; the third
    one is a random walk, and holds threads back not only at the time that was predicted but every time that they are at
    that place. If only threads that are held back could continue, one of them does.

    Source: P. Joshi, C.-S. Park, K. Sen, M. Naik, "A Randomized Dynamic Program Analysis Technique for Detecting Real
    Deadlocks", PLDI 2009 (DeadlockFuzzer).
    """

    name = "steered"

    def __init__(self, predicted: PredictedDeadlock, attempt: int, seed: int = 0, spins: int = SPINS) -> None:
        self._parts = {part.path: part for part in predicted.parts}
        self._attempt = attempt
        self._most_spins = spins
        self._random = Random(seed).random
        #: The threads that could continue, but are held back.
        self.held_back: set[int] = set()
        #: How often each thread has been where it would wait, with a lock as predicted, and has continued.
        self._arrivals: Counter[Path] = Counter()
        self._followed = 0
        self._spins = 0

    def begin(self, number: int) -> None:  # noqa: ARG002
        """Start from the first step."""
        self.held_back = set()
        self._arrivals.clear()
        self._followed = 0
        self._spins = 0

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: threads are known by their paths."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return a thread that is not to be held back, if there is any."""
        self._follow(enabled[0].nestings)
        held_back = [self._is_to_wait(thread) for thread in enabled]
        free = [position for position, held in enumerate(held_back) if not held]
        self.held_back = {enabled[position].index for position, held in enumerate(held_back) if held}
        if not free:
            return int(self._random() * len(enabled))
        if self._attempt >= 2:
            return free[int(self._random() * len(free))]
        if running is not None and running.index not in self.held_back:
            return enabled.index(running)
        return free[0] if self._attempt == 0 else free[-1]

    def _follow(self, nestings: Sequence[Nesting]) -> None:
        while self._followed < len(nestings):
            thread, _, _, operation, _, held = nestings[self._followed]
            self._followed += 1
            part = self._parts.get(thread.path)
            if part is not None and _is_there(part, operation, [taken for _, taken in held]):
                self._arrivals[thread.path] += 1

    def _is_to_wait(self, thread: ThreadView) -> bool:
        part = self._parts.get(thread.path)
        if part is None or self._spins > self._most_spins or not can_wait(thread.operation):
            return False
        held = thread.held
        if thread.operation.target in held or not _is_there(part, thread.operation, [lock.acquired for lock in held]):
            return False
        return self._attempt >= 2 or self._arrivals[thread.path] + 1 == part.occurrence

    def yielded(self, index: int) -> None:  # noqa: ARG002
        """Count that a thread spins: what it waits for may be held back."""
        self._spins += 1

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing to learn."""


def _is_there(part: Part, operation: PendingOperation, taken: Sequence[PendingOperation]) -> bool:
    """Whether an operation, by a thread that has taken locks by the operations `taken`, is the predicted one."""
    return _stands_at(operation, part.inner) and any(_stands_at(one, part.outer) for one in taken)


def _stands_at(operation: PendingOperation, site: Site) -> bool:
    return operation.lasti == site[1] and operation.code is site[0]

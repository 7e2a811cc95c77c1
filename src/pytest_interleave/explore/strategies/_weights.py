"""Weights of threads: the steps that each thread, and those that it will start, have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from ...control import Path, ThreadView

#: The weight, in steps, of a thread that continues although it should have nothing left to do.
_LEAST = 1.0


class Weights:
    """Weights of threads, estimated from the `counts` of an earlier execution; a step weighs one of the `units`."""

    def __init__(self, counts: Mapping[Path, int], units: Mapping[Path, float] | None = None) -> None:
        self._units = units or {}
        #: By thread, its weight with all threads that it starts, directly or not.
        self._total: dict[Path, float] = defaultdict(float)
        for path, count in counts.items():
            weight = count * self._units.get(path, 1.0)
            for length in range(len(path) + 1):
                self._total[path[:length]] += weight
        #: By index: what each thread has left, and what its steps weigh.
        self._left: dict[int, float] = {}
        self._unit: dict[int, float] = {}
        self._index: dict[Path, int] = {}

    @classmethod
    def balanced(cls, counts: Mapping[Path, int], roles: Mapping[Path, Hashable]) -> Weights:
        """Return weights with which each role weighs as much as any other, however many threads have it."""
        totals: dict[Hashable, int] = defaultdict(int)
        for path, count in counts.items():
            totals[roles.get(path)] += count
        everything = sum(totals.values())
        units = {path: everything / (len(totals) * totals[roles.get(path)]) for path in counts}
        return cls(counts, units)

    def reset(self) -> None:
        """Forget the threads, at the beginning of an execution."""
        self._left.clear()
        self._unit.clear()
        self._index.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Move the share of a new thread from its parent to itself."""
        path = thread.path
        share = self._total.get(path, 0.0)
        self._left[thread.index] = share
        self._unit[thread.index] = self._units.get(path, 1.0)
        self._index[path] = thread.index
        if path:
            self._left[self._index[path[:-1]]] -= share

    def share_of(self, path: Path) -> float:
        """Return which part of what its parent has left a thread takes that is about to be started."""
        left = self._left.get(self._index.get(path[:-1], -1), 0.0)
        return self._total.get(path, 0.0) / left if left > 0 else 0.0

    def of(self, thread: ThreadView) -> float:
        """Return the weight that a thread has left."""
        index = thread.index
        left = self._left[index]
        least = _LEAST * self._unit[index]
        return left if left > least else least

    def made_step(self, thread: ThreadView) -> None:
        """Take one step off the weight that a thread has left."""
        index = thread.index
        self._left[index] -= self._unit[index]

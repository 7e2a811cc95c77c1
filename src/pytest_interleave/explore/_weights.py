"""Weights of threads: the steps that each, and those that it will start, have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from ..control import ThreadView
from ._profile import Path

#: Of a thread that goes on although it should have nothing left to do.
_LEAST = 1.0


class Weights:
    """Estimated from the `counts` of an earlier execution, by thread; a step weighs one of the thread's `units`."""

    def __init__(self, counts: Mapping[Path, int], units: Mapping[Path, float] | None = None) -> None:
        self._units = units or {}
        #: Of each thread with all that it starts, directly or not.
        self._total: dict[Path, float] = defaultdict(float)
        for path, count in counts.items():
            weight = count * self._units.get(path, 1.0)
            for length in range(len(path) + 1):
                self._total[path[:length]] += weight
        self._left: dict[Path, float] = {}

    @classmethod
    def balanced(cls, counts: Mapping[Path, int], roles: Mapping[Path, Hashable]) -> Weights:
        """Each role weighs as much as any other, however many threads there are that have it."""
        totals: dict[Hashable, int] = defaultdict(int)
        for path, count in counts.items():
            totals[roles.get(path)] += count
        everything = sum(totals.values())
        units = {path: everything / (len(totals) * totals[roles.get(path)]) for path in counts}
        return cls(counts, units)

    def reset(self) -> None:
        """At the beginning of an execution."""
        self._left.clear()

    def spawned(self, thread: ThreadView) -> None:
        """A new thread takes its own share from its parent's."""
        path = thread.path
        share = self._total.get(path, 0.0)
        self._left[path] = share
        if path:
            self._left[path[:-1]] -= share

    def total(self, path: Path) -> float:
        """What a thread, with all that it starts, has in a whole execution."""
        return self._total.get(path, 0.0)

    def left(self, path: Path) -> float:
        """What it has left, as far as the estimate goes; it may be wrong."""
        return self._left.get(path, 0.0)

    def of(self, thread: ThreadView) -> float:
        """What the thread has left."""
        left = self._left[thread.path]
        least = _LEAST * self._units.get(thread.path, 1.0)
        return left if left > least else least

    def made_step(self, thread: ThreadView) -> None:
        """One less."""
        self._left[thread.path] -= self._units.get(thread.path, 1.0)

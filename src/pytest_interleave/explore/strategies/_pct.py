"""PCT: probabilistic concurrency testing."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing


class PCT(Drawing):
    """A strategy with random priorities; at `depth - 1` random steps that of the running thread drops below all others.

    A bug that needs `depth` ordering constraints is found in one execution with probability at least
    `1 / (n * k ** (depth - 1))`, with `n` threads and `k` steps. Only steps at which more than one thread is enabled
    count. `k` is estimated from the longest execution so far; the first has no priority changes.

    Source: S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte, "A Randomized Scheduler with Probabilistic
    Guarantees of Finding Bugs", ASPLOS 2010. Demotion of spinning threads: P. Thomson, A. F. Donaldson, A. Betts,
    "Concurrency Testing Using Controlled Schedulers: An Empirical Study", TOPC 2016.
    """

    name = "pct"

    def __init__(self, seed: int, depth: int = 3) -> None:
        self._depth = depth
        super().__init__(seed)
        self._estimate = 0
        self._step = 0
        self._changes: set[int] = set()
        #: By thread index; the thread with the highest priority runs.
        self._priorities: dict[int, float] = {}
        self._lowest = 0.0

    def begin(self, number: int) -> None:
        """Draw the steps at which priorities change."""
        super().begin(number)
        generator = self._generator
        self._step = 0
        self._lowest = 0.0
        self._priorities.clear()
        wanted = min(self._depth - 1, self._estimate)
        self._changes = set(generator.sample(range(self._estimate), wanted)) if wanted > 0 else set()

    def spawned(self, thread: ThreadView) -> None:
        """Draw a random priority for a new thread, above all lowered ones."""
        self._priorities[thread.index] = 1.0 + self._generator.random()

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the thread of the highest priority; at a step of change, the one that would run is lowered first."""
        priorities = self._priorities
        step = self._step
        self._step = step + 1
        candidates = [priorities[thread.index] for thread in enabled]
        best = candidates.index(max(candidates))
        if step in self._changes:
            self._changes.discard(step)
            self.yielded(enabled[best].index)
            self._step = step
            return self.choose(enabled, running)
        return best

    def yielded(self, index: int) -> None:
        """Lower the priority of a thread below all others from now on."""
        self._lowest -= 1.0
        self._priorities[index] = self._lowest

    def end(self, trace: Trace) -> None:
        """Take the longest execution as the estimate of the next one's length."""
        self._estimate = max(self._estimate, len(trace.choices))

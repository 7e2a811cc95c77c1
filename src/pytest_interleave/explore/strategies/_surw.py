"""SURW: selectively uniform random walk."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Path, ThreadView, Trace
from ._drawing import Drawing
from ._profile import Contested, Learning, Profile, Site
from ._swarm import weighted
from ._weights import Weights


class SelectivelyUniform(Drawing):
    """A strategy that makes all orders of the accesses to one object, drawn for each execution, about equally likely.

    The object is drawn among the contested ones of an earlier execution, in proportion to how often it is accessed.
    Between these accesses, each announced operation has a random priority. When such an access is about to run, the
    thread that is to make the next one is drawn by the accesses that each has left, and the others are held back until
    it has made it.

    Source: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025, and
    its artifact.
    """

    name = "surw"

    def __init__(self, seed: int, *, balanced: bool = False) -> None:
        self._balanced = balanced
        self._drawn = 0
        self._learning = Learning()
        self._roles: dict[Path, Site] = {}
        super().__init__(seed)
        self._contested: list[Contested] = []
        self._sites: frozenset[Site] = frozenset()
        self._weights = Weights({})
        self._priorities: dict[int, float] = {}
        self._held: set[int] = set()
        self._intended: Path | None = None

    def begin(self, number: int) -> None:
        """Draw the object of this execution."""
        super().begin(number)
        self._priorities.clear()
        self._release()
        if self._contested:
            drawn = self._contested[weighted(self._random(), [float(one.total) for one in self._contested])]
            self._sites = drawn.sites
            self._drawn += 1
            if self._balanced and self._drawn % 3:
                self._weights = Weights.balanced(drawn.counts, self._roles)
            else:
                self._weights = Weights(drawn.counts)
        else:
            self._sites = frozenset()
            self._weights = Weights({})

    def spawned(self, thread: ThreadView) -> None:
        """Give a new thread its share of the accesses; and, in proportion, the intention that its parent be next."""
        path = thread.path
        if path and self._intended == path[:-1] and self._random() < self._weights.share_of(path):
            self._intended = path
        self._weights.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the thread of the highest priority; for accesses to the object, the thread that was drawn."""
        held = self._held
        sites = self._sites
        priorities = self._priorities
        best, highest = -1, -2.0
        for position, thread in enumerate(enabled):
            index = thread.index
            if held and index in held:
                continue
            priority = priorities.get(index)
            if priority is None:
                priority = priorities[index] = self._random()
            if priority > highest:
                best, highest = position, priority
        if best >= 0:
            operation = enabled[best].operation
            if (id(operation.code), operation.lasti) in sites:
                best = self._best_but_held(enabled)
        if best < 0:
            # The thread that is to be next cannot continue: it waits for one of those that are held back.
            self._release()
            return self.choose(enabled, running)
        del priorities[enabled[best].index]
        return best

    def _best_but_held(self, enabled: Sequence[ThreadView]) -> int:
        """Return the position of the first thread by priority that need not be held back; -1 if all have to be."""
        held = self._held
        sites = self._sites
        priorities = self._priorities
        candidates = [position for position, thread in enumerate(enabled) if thread.index not in held]
        for position in sorted(candidates, key=lambda position: -priorities[enabled[position].index]):
            thread = enabled[position]
            operation = thread.operation
            if (id(operation.code), operation.lasti) not in sites:
                return position
            if self._intended is None:
                weights = self._weights
                drawn = weighted(self._random(), [weights.of(enabled[candidate]) for candidate in candidates])
                self._intended = enabled[candidates[drawn]].path
            if thread.path == self._intended:
                self._weights.made_step(thread)
                self._release()
                return position
            held.add(thread.index)
        return -1

    def _release(self) -> None:
        self._held.clear()
        self._intended = None

    def yielded(self, index: int) -> None:
        """Put a thread behind all others until it has done something again, and let no thread wait for it."""
        self._priorities[index] = -self._random()
        self._release()

    def learn(self, profile: Profile) -> None:
        """Take the objects of `profile` to draw from."""
        self._contested = profile.contested
        self._roles = profile.roles

    def end(self, trace: Trace) -> None:
        """Learn the contested objects of the execution."""
        self._learning.end(trace, self)

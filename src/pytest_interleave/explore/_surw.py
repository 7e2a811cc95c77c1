"""SURW: selectively uniform random walk."""

from __future__ import annotations

from collections.abc import Sequence

from ..control import Path, ThreadView, Trace
from ._drawing import Drawing
from ._profile import Contested, Learning, Profile, Site
from ._swarm import weighted
from ._weights import Weights


class SelectivelyUniform(Drawing):
    """Every order of the accesses to one object is about as likely as any other; a new object for each execution.

    The object is drawn among the contested ones of an earlier execution, in proportion to how often it is accessed.
    Between these accesses, each announced operation has a random priority. Where such an access is about to run, the
    thread that is to make the next one is drawn by the accesses that each has left, and the others are held back
    until it has made it.

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
        """A new thread takes its share of the accesses; and, in proportion, the intention that its parent be next."""
        path = thread.path
        if path and self._intended == path[:-1] and self._random() < self._weights.share_of(path):
            self._intended = path
        self._weights.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """The highest priority, but of the accesses to the object, that of the thread drawn."""
        held = self._held
        sites = self._sites
        priorities = self._priorities
        while True:
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
            if best < 0:
                # Whoever is to be next cannot go on: it waits for one of those that are held back.
                self._release()
                continue
            chosen = enabled[best]
            operation = chosen.operation
            if (id(operation.code), operation.lasti) not in sites:
                break
            if self._intended is None:
                weights = self._weights
                candidates = [thread for thread in enabled if thread.index not in held]
                drawn = weighted(self._random(), [weights.of(thread) for thread in candidates])
                self._intended = candidates[drawn].path
            if chosen.path == self._intended:
                self._weights.made_step(chosen)
                self._release()
                break
            held.add(chosen.index)
        del priorities[chosen.index]
        return best

    def _release(self) -> None:
        self._held.clear()
        self._intended = None

    def yielded(self, index: int) -> None:
        """Behind all others, until it has done something again; and nobody waits for it."""
        self._priorities[index] = -self._random()
        self._release()

    def learn(self, profile: Profile) -> None:
        """Take the objects of `profile` to draw from."""
        self._contested = profile.contested
        self._roles = profile.roles

    def end(self, trace: Trace) -> None:
        """Look for contested objects."""
        self._learning.end(trace, self)

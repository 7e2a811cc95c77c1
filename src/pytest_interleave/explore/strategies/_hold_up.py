"""Schedules in which one thread is held up once, while time passes and the others continue."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import CLOCK, ThreadView, Trace
from ._drawing import Drawing
from ._profile import Profile, Site

#: The assumed number of points at which a thread can be held up, before any execution has shown it.
_EXPECTED = 8
#: At most this many points are drawn without repetition; of more, each is drawn at random.
_MOST_TO_DRAW = 1_000
#: These stand for the index of the thread that is held up, before that and afterwards.
_NOT_YET, _NO_MORE = -1, -2


class HoldUp(Drawing):
    """A strategy that holds one thread up once, at a random point, while time passes.

    Threads run until they block or end, in random order. During the pause the others continue until they can do nothing
    any more, and time passes, perhaps several times.

    This is what a lease, a cache or a timeout must withstand, and its bugs usually need no more than one such pause.
    Half of the time the point is before an access to something that several threads access. It samples one preemption,
    as `OnePreemption` does, for executions in which time passes as a choice.
    """

    name = "holdup"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        #: The points of each kind that are to be drawn before one is drawn again.
        self._to_draw: dict[bool, list[int]] = {False: [], True: []}
        self._sites: frozenset[Site] = frozenset()
        #: The expected number of steps, and of contested accesses among them.
        self._steps = self._accesses = _EXPECTED
        #: Whether only contested accesses count in this execution; and how many points are left before a thread is held
        #: up.
        self._at_access = False
        self._left = 0
        self._held = _NOT_YET
        #: Whether time passes before the others continue, and how often it still may.
        self._at_once = False
        self._passes = 0
        self._spins = False
        self._order: dict[int, float] = {}

    @property
    def held_back(self) -> tuple[int, ...]:
        """The thread that is held up."""
        return (self._held,)

    def begin(self, number: int) -> None:
        """Draw the point, and for how long the thread is held up."""
        super().begin(number)
        random = self._random
        self._at_access = bool(self._sites) and random() < 0.5
        self._left = self._draw(self._accesses if self._at_access else self._steps)
        self._held = _NOT_YET
        self._at_once = random() < 0.5
        self._spins = False
        self._order.clear()
        self._passes = 1
        while random() < 0.5:
            self._passes += 1

    def _draw(self, points: int) -> int:
        if points > _MOST_TO_DRAW:
            return int(self._random() * points)
        left = self._to_draw[self._at_access]
        left[:] = [point for point in left if point < points]
        if not left:
            left.extend(range(points))
            self._generator.shuffle(left)
        return left.pop() if left else 0

    def spawned(self, thread: ThreadView) -> None:
        """Draw the place of a thread in the order."""
        self._order[thread.index] = self._random()

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the running thread, unless it is held up; then another one, or the clock."""
        clock = len(enabled) - 1 if enabled[-1].index >= CLOCK else None
        threads = enabled[:clock]
        if self._held == _NOT_YET:
            usual = self._usual(threads, running)
            if not self._is_point(threads[usual]):
                return usual
            self._held = threads[usual].index
            if clock is not None and self._at_once:
                return self._pass(clock)
        if self._held >= 0 and self._spins:
            # The spinning thread waits for time to pass, or for the one that is held up.
            self._spins = False
            if clock is not None and self._passes:
                return self._pass(clock)
            self._held = _NO_MORE
        able = [thread for thread in threads if thread.index != self._held]
        if not able:
            if clock is not None and self._passes:
                return self._pass(clock)
            self._held = _NO_MORE
            able = list(threads)
        return enabled.index(able[self._usual(able, running)])

    def _is_point(self, thread: ThreadView) -> bool:
        """Whether a thread that is about to continue is to be held up."""
        operation = thread.operation
        if self._at_access and (id(operation.code), operation.lasti) not in self._sites:
            return False
        self._left -= 1
        return self._left < 0

    def _usual(self, threads: Sequence[ThreadView], running: ThreadView | None) -> int:
        if running is not None and running in threads:
            return threads.index(running)
        order = self._order
        return min(range(len(threads)), key=lambda position: order[threads[position].index])

    def _pass(self, clock: int) -> int:
        self._passes -= 1
        return clock

    def yielded(self, index: int) -> None:
        """Note that a thread spins: the others have their turn, perhaps the one that is held up."""
        self._spins = index != self._held

    def learn(self, profile: Profile) -> None:
        """Take the steps and the contested accesses of `profile`."""
        self._sites = frozenset(site for one in profile.contested for site in one.sites)
        self._accesses = sum(profile.at[site] for site in self._sites)
        self._steps = sum(profile.steps.values())

    def end(self, trace: Trace) -> None:
        """Do nothing: there is nothing else to learn."""

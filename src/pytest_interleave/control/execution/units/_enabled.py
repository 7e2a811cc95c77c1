"""Which controlled threads could go on now, and how that changes as what they wait for becomes available."""

from __future__ import annotations

from bisect import insort
from operator import attrgetter

from ._resources import Resource
from ._units import Task

_by_index = attrgetter("index")


class Enabled(list[Task]):
    """The threads that could go on, in the order of their index."""

    __slots__ = ()

    def add(self, task: Task) -> None:
        """From now on `task` could go on."""
        task.enabled = True
        if self and self[-1].index > task.index:
            insort(self, task, key=_by_index)
        else:
            self.append(task)

    def add_all(self, tasks: list[Task]) -> None:
        """From now on they could all go on."""
        for task in tasks:
            task.enabled = True
        self.extend(tasks)
        self.sort(key=_by_index)

    def drop(self, task: Task) -> None:
        """From now on it could not."""
        self.remove(task)
        task.enabled = False

    def drop_all(self, tasks: list[Task]) -> None:
        """From now on none of them could."""
        for task in tasks:
            task.enabled = False
        self[:] = [task for task in self if task.enabled]

    def withhold(self) -> None:
        """From now on the clock is none of them; here it never is."""

    def refresh(self, resource: Resource) -> None:
        """A resource may have become available, or no longer be: those who wait for it can go on, or not."""
        changed = [
            waiter for waiter in resource.waiting if (waiter.timed_out or resource.available(waiter)) != waiter.enabled
        ]
        if len(changed) == 1:
            waiter = changed[0]
            if waiter.enabled:
                self.drop(waiter)
            else:
                self.add(waiter)
        elif changed:
            # There may be very many: as a rule, all of them can go on, or none of them can.
            unable = [waiter for waiter in changed if waiter.enabled]
            if len(unable) < len(changed):
                self.add_all([waiter for waiter in changed if not waiter.enabled])
            if unable:
                self.drop_all(unable)

    def move(self, task: Task, resource: Resource) -> None:
        """Let a parked thread wait for another resource (a notified one waits for its lock)."""
        if task.resource is not None:
            task.resource.waiting.remove(task)
        task.resource = resource
        resource.waiting.append(task)
        able = resource.available(task)
        if able != task.enabled:
            if able:
                self.add(task)
            else:
                self.drop(task)

    def time_out(self, task: Task) -> None:
        """The time of a waiting thread is over: it can go on."""
        task.timed_out = True
        if not task.enabled:
            self.add(task)

    def overlooked(self, tasks: list[Task]) -> bool:
        """Threads that are not under control may have released what someone waits for, without telling.

        True where someone could go on after all.
        """
        for task in tasks:
            resource = task.resource
            if resource is not None and not task.enabled and not task.outside and resource.available(task):
                self.add(task)
        return bool(self)


class NobodyEnabled(Enabled):
    """The threads that could go on where the execution is over.

    Those who wait for what a thread of it does now are none of its own; the next execution finds that out.
    """

    __slots__ = ()

    def refresh(self, resource: Resource) -> None:
        """See `Enabled.refresh`."""


class EnabledAndClock(Enabled):
    """The same where time passes as a choice: while it is on offer, the clock is the last of them, but never alone.

    See `TimeChoices`.
    """

    __slots__ = ("_clock", "_on_offer")

    def __init__(self, clock: Task) -> None:
        super().__init__()
        self._clock = clock
        self._on_offer = False

    def offer(self) -> None:
        """From now on the clock is one of them, whenever a thread is."""
        self._on_offer = True
        if self:
            self._let_in()

    def _let_in(self) -> None:
        if not self._clock.enabled:
            self._clock.enabled = True
            self.append(self._clock)

    def withhold(self) -> None:
        """See `Enabled.withhold`."""
        self._on_offer = False
        if self._clock.enabled:
            super().drop(self._clock)

    def add(self, task: Task) -> None:
        """See `Enabled.add`."""
        if self._on_offer:
            self._let_in()
        super().add(task)

    def add_all(self, tasks: list[Task]) -> None:
        """See `Enabled.add_all`."""
        if self._on_offer:
            self._let_in()
        super().add_all(tasks)

    def drop(self, task: Task) -> None:
        """See `Enabled.drop`."""
        super().drop(task)
        if len(self) == 1 and self._clock.enabled:
            super().drop(self._clock)

    def drop_all(self, tasks: list[Task]) -> None:
        """See `Enabled.drop_all`."""
        super().drop_all(tasks)
        if len(self) == 1 and self._clock.enabled:
            super().drop(self._clock)

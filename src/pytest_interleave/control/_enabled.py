"""Which controlled threads could go on now, and how that changes as what they wait for becomes available."""

from __future__ import annotations

from operator import attrgetter

from ._tasks import Resource, Task

_by_index = attrgetter("index")


class Enabled(list[Task]):
    """The threads that could go on, in the order of their index."""

    __slots__ = ()

    def add(self, task: Task) -> None:
        """From now on `task` could go on."""
        task.enabled = True
        self.append(task)
        if len(self) > 1:
            self.sort(key=_by_index)

    def drop(self, task: Task) -> None:
        """From now on it could not."""
        self.remove(task)
        task.enabled = False

    def withhold(self) -> None:
        """From now on the clock is none of them; here it never is."""

    def refresh(self, resource: Resource) -> None:
        """A resource may have become available, or no longer be: those who wait for it can go on, or not."""
        for waiter in resource.waiting:
            able = waiter.timed_out or resource.available(waiter)
            if able != waiter.enabled:
                if able:
                    self.add(waiter)
                else:
                    self.drop(waiter)

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

    def drop(self, task: Task) -> None:
        """See `Enabled.drop`."""
        super().drop(task)
        if len(self) == 1 and self._clock.enabled:
            super().drop(self._clock)

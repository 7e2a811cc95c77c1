"""The units that can run now, and how that changes as what they wait for becomes available."""

from __future__ import annotations

from bisect import insort
from operator import attrgetter

from ._resources import Resource
from ._units import Unit

_by_index = attrgetter("index")


class Enabled(list[Unit]):
    """The units that can run, in the order of their index."""

    __slots__ = ()

    def add(self, unit: Unit) -> None:
        """Add `unit` to those that can run."""
        unit.enabled = True
        if self and self[-1].index > unit.index:
            insort(self, unit, key=_by_index)
        else:
            self.append(unit)

    def add_all(self, units: list[Unit]) -> None:
        """Add all of `units` to those that can run."""
        for unit in units:
            unit.enabled = True
        self.extend(units)
        self.sort(key=_by_index)

    def drop(self, unit: Unit) -> None:
        """Remove `unit` from those that can run."""
        self.remove(unit)
        unit.enabled = False

    def drop_all(self, units: list[Unit]) -> None:
        """Remove all of `units` from those that can run."""
        for unit in units:
            unit.enabled = False
        self[:] = [unit for unit in self if unit.enabled]

    def withhold(self) -> None:
        """Stop offering the clock; nothing to do here, as the clock is never one of these units."""

    def refresh(self, resource: Resource) -> None:
        """Check again which units that wait for `resource` can run: it may be available now, or no longer."""
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
            # There may be very many. Usually all of them can run, or none of them can.
            unable = [waiter for waiter in changed if waiter.enabled]
            if len(unable) < len(changed):
                self.add_all([waiter for waiter in changed if not waiter.enabled])
            if unable:
                self.drop_all(unable)

    def move(self, unit: Unit, resource: Resource) -> None:
        """Let a parked unit wait for another resource, as a notified one waits for its lock."""
        if unit.resource is not None:
            unit.resource.waiting.remove(unit)
        unit.resource = resource
        resource.waiting.append(unit)
        able = resource.available(unit)
        if able != unit.enabled:
            if able:
                self.add(unit)
            else:
                self.drop(unit)

    def time_out(self, unit: Unit) -> None:
        """Let a waiting unit run whose time limit has expired."""
        unit.timed_out = True
        if not unit.enabled:
            self.add(unit)

    def overlooked(self, units: list[Unit]) -> bool:
        """Add units whose resource an uncontrolled thread released without notice; return whether any can run."""
        for unit in units:
            resource = unit.resource
            if resource is not None and not unit.enabled and not unit.outside and resource.available(unit):
                self.add(unit)
        return bool(self)


class NoneEnabled(Enabled):
    """The units that can run if the execution is over: none.

    Units that wait for what a thread of the execution does now belong to another execution, which checks that itself.
    """

    __slots__ = ()

    def refresh(self, resource: Resource) -> None:
        """See `Enabled.refresh`."""


class EnabledAndClock(Enabled):
    """The units that can run, with the clock as the last of them while it is on offer, but never alone.

    Used if the passing of time is a choice, see `TimeChoices`.
    """

    __slots__ = ("_clock", "_on_offer")

    def __init__(self, clock: Unit) -> None:
        super().__init__()
        self._clock = clock
        self._on_offer = False

    def offer(self) -> None:
        """Include the clock from now on, whenever a unit can run."""
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

    def add(self, unit: Unit) -> None:
        """See `Enabled.add`."""
        if self._on_offer:
            self._let_in()
        super().add(unit)

    def add_all(self, units: list[Unit]) -> None:
        """See `Enabled.add_all`."""
        if self._on_offer:
            self._let_in()
        super().add_all(units)

    def drop(self, unit: Unit) -> None:
        """See `Enabled.drop`."""
        super().drop(unit)
        if len(self) == 1 and self._clock.enabled:
            super().drop(self._clock)

    def drop_all(self, units: list[Unit]) -> None:
        """See `Enabled.drop_all`."""
        super().drop_all(units)
        if len(self) == 1 and self._clock.enabled:
            super().drop(self._clock)

"""What units can wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._units import Unit


class Resource(Protocol):
    """What a controlled thread can wait for."""

    waiting: list[Unit]

    def available(self, unit: Unit, /) -> bool:
        """Whether `unit` could go on now."""

    def expire(self, unit: Unit, /) -> None:
        """The time that `unit` was ready to wait is over."""


class TimesOut:
    """A resource of which a wait with a time limit simply ends."""

    __slots__ = ()

    def expire(self, unit: Unit, /) -> None:
        """See `Resource.expire`."""
        unit.execution.enabled.time_out(unit)

"""The interface of what units can wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._units import Unit


class Resource(Protocol):
    """Something that a unit can wait for."""

    waiting: list[Unit]

    def available(self, unit: Unit, /) -> bool:
        """Whether `unit` could continue now."""

    def expire(self, unit: Unit, /) -> None:
        """Handle the end of the time limit of `unit`'s wait."""


class TimesOut:
    """A resource for which a wait simply ends when its time limit expires."""

    __slots__ = ()

    def expire(self, unit: Unit, /) -> None:
        """See `Resource.expire`."""
        unit.execution.enabled.time_out(unit)

"""The order in which threads use something that no step of theirs shows, as the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..units._units import Unit


class Turns:
    """The order in which threads use one thing. Only a fingerprint of it is kept: a thread may do so very often."""

    __slots__ = ("_first", "_last", "_order", "_shared")

    def __init__(self) -> None:
        self._first: Unit | None = None
        self._last: Unit | None = None
        self._order = 0
        self._shared = False

    def add(self, unit: Unit) -> None:
        """Note that it is the turn of a thread; several turns in a row are one."""
        if unit is self._last:
            return
        if self._first is None:
            self._first = unit
        self._shared = self._shared or unit is not self._first
        self._last = unit
        self._order = hash((self._order, unit.path))

    @property
    def fingerprint(self) -> int | None:
        """A number that is equal for equal orders; None if fewer than two threads have used it."""
        return self._order if self._shared else None

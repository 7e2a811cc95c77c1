"""The order in which threads use something that no step of theirs shows, as the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..units._units import Unit


class Turns:
    """The order in which threads use one thing. Only a fingerprint of it is kept: a thread may do so very often."""

    __slots__ = ("_first", "_last", "_order", "_shared")

    def __init__(self) -> None:
        #: The indices of threads: the threads themselves would keep the execution alive.
        self._first = self._last = -1
        self._order = 0
        self._shared = False

    def add(self, unit: Unit) -> None:
        """Note that it is the turn of a thread; several turns in a row are one."""
        index = unit.index
        if index == self._last:
            return
        if self._first < 0:
            self._first = index
        self._shared = self._shared or index != self._first
        self._last = index
        self._order = hash((self._order, unit.path))

    @property
    def fingerprint(self) -> int | None:
        """A number that is equal for equal orders; None if fewer than two threads have used it."""
        return self._order if self._shared else None

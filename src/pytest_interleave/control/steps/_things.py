"""Things outside memory whose uses are no steps: connections, processes, settings, files mapped into memory."""

from __future__ import annotations

from collections.abc import Hashable
from types import CodeType, FrameType
from typing import NamedTuple

from ..scope._places import Place, place_of_code
from ._protocol import ThreadView

#: The ways to use a thing: to read what is in it, to write it.
READ, WRITE = "read", "write"
#: Data is exchanged with the other end of a connection; or something else runs meanwhile.
EXCHANGE = "exchange"


class Thing(NamedTuple):
    """A thing outside memory that units use.

    `kind` is "file" (mapped into memory), "database", "socket", "address", "pipe", "process", "setting", or
    "class" (the objects of which use something).
    """

    kind: str
    #: Identifies it within an execution.
    key: Hashable
    #: Its name in messages; empty if its path is used.
    name: str = ""


class Use(NamedTuple):
    """One use of a thing by a unit."""

    #: The number of steps that the execution had done before.
    position: int
    unit: ThreadView
    thing: Thing
    way: str
    #: A past participle for messages: "written".
    how: str
    #: The open file or the cursor through which it is used; its state changes with each use. For a connection, the end.
    handle: Hashable
    #: The addresses of the locks that the unit held.
    locks: frozenset[int]
    code: CodeType
    lasti: int

    @property
    def place(self) -> Place:
        """The nearest place in scope; without one, the nearest place that is not part of this package."""
        return place_of_code(self.code, self.lasti)


_NO_LOCKS: frozenset[int] = frozenset()


class Uses:
    """The uses of one execution, with each kind of use by a unit between two steps only once."""

    def __init__(self) -> None:
        self.all: list[Use] = []
        self._latest: dict[tuple[int, Hashable, Hashable, str], int] = {}

    def has(self, unit: ThreadView, thing: Thing, way: str, handle: Hashable) -> bool:
        """Whether the unit has already used the thing in this way since the last step."""
        return self._latest.get((unit.index, thing.key, handle, way)) == len(unit.log)

    def add(self, unit: ThreadView, thing: Thing, way: str, how: str, handle: Hashable, place: FrameType) -> None:
        """Add a use by the code that runs in the frame `place`."""
        position = len(unit.log)
        self._latest[(unit.index, thing.key, handle, way)] = position
        held = unit.held
        locks = frozenset(map(id, held)) if held else _NO_LOCKS
        self.all.append(Use(position, unit, thing, way, how, handle, locks, place.f_code, place.f_lasti))

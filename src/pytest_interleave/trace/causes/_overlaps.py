"""Accesses of two threads to one thing, in an order that shows what went wrong."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ...control import Operation, Path, Place, Step, Touches, touches_of
from ...control.interpreter import opname_at
from ...control.steps import HIDDEN, OPAQUE, WRITES, External, Key, kinds
from ._look_ups import ends_look_up
from ._of_primitives import is_primitive


class Access(NamedTuple):
    """An access to a thing, or to a part of it, at a position in the log."""

    position: int
    thread: Path
    #: None for the whole thing.
    part: Any
    writes: bool
    #: Whether it is an assignment or a deletion.
    assigns: bool
    place: Place
    #: Whether it changes what is there in one step: a call of a method, such as `items.append(x)`.
    updates: bool = False
    #: Whether it reads an item, and has made it, because it was missing: as `counts[key]` of a `defaultdict`.
    makes: bool = False
    #: Whether it is a call that cannot be inspected: it counts as a write, but may only read.
    is_opaque: bool = False
    #: Whether it is a step on a file or the like that has failed: it was to write, and has not.
    failed: bool = False
    #: Its name, if it is part of a step on state outside memory that has another one.
    name: str = ""
    #: Whether it opens a file to append to it, which only finds out where the file ends.
    opens: bool = False

    def overlaps(self, other: Access) -> bool:
        """Whether both are to the same part, or one of them to the whole thing."""
        return self.part == other.part or self.part is None or other.part is None


#: Stands for any part of a thing.
_ANY = object()
#: The rank of accesses that all only update a thing.
UPDATES = 3


class Torn(NamedTuple):
    """Two accesses of one thread that were not atomic: another thread's access is between them."""

    first: Access
    between: Access
    last: Access
    #: Whether the thread has read again before it wrote.
    looked: bool

    @property
    def loses_update(self) -> bool:
        """Whether a thread overwrites what the other one has written, without having seen it."""
        reads = not self.first.writes or self.first.makes
        return reads and self.between.writes and self.last.writes and not self.looked

    @property
    def is_dirty_read(self) -> bool:
        """Whether another thread's access is between two writes, and need not change anything."""
        seen = not self.between.writes or (self.between.is_opaque and self.first.assigns and self.last.assigns)
        return self.first.writes and self.last.writes and seen

    @property
    def kind(self) -> int:
        """The rank: 0 for a lost update, 1 for a value that was seen to change, 2 for an intermediate state.

        `UPDATES` if all three only update it.
        """
        if self.loses_update:
            return 0
        if self.first.writes and self.between.writes and self.last.writes and not self.is_dirty_read:
            return UPDATES
        return 1 if not self.last.writes or self.looked else 2


class TimeIsOver(Exception):
    """Raised when there is no time for more accesses."""


class Thing:
    """Something that threads access, and the accesses to it in their order.

    Iterating over these raises `TimeIsOver` once `is_over`.
    """

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self._accesses: list[Access] = []
        #: By thread and part, and under `_ANY` to any part.
        self._by_thread: dict[Path, dict[Any, list[Access]]] = {}
        self._assigned: dict[Path, dict[Any, list[Access]]] = {}
        #: By thread. What a thread has read before, or does then, says more than these.
        self._opened: dict[Path, list[Access]] = {}

    def add(self, access: Access) -> None:
        """Add the next access."""
        if access.opens:
            self._opened.setdefault(access.thread, []).append(access)
            return
        self._accesses.append(access)
        for known in (self._by_thread, self._assigned) if access.assigns else (self._by_thread,):
            by_part = known.setdefault(access.thread, {})
            by_part.setdefault(access.part, []).append(access)
            by_part.setdefault(_ANY, []).append(access)

    def of_others(self, thread: Path, switch: int, until: int) -> Iterator[Access]:
        """Yield the accesses of threads other than `thread` from step `switch` on, and before step `until`."""
        for number in range(bisect_left(self._accesses, switch, key=_position), len(self._accesses)):
            if self._is_over():
                raise TimeIsOver
            access = self._accesses[number]
            if access.position >= until:
                return
            if access.thread != thread:
                yield access

    def overlapping(self, wanted: Access) -> Iterator[Access]:
        """Yield the accesses that overlap with another one."""
        return (access for access in self._accesses if access.overlaps(wanted))

    def latest(self, thread: Path, before: int, wanted: Access) -> Access | None:
        """Return the last access of a thread before step `before` that overlaps with another one."""
        found = []
        for own in self._overlapping(self._by_thread, thread, wanted):
            at = bisect_left(own, before, key=_position)
            found += own[at - 1 : at] if at else []
        latest = max(found, key=_position, default=None)
        if latest is None or latest.writes:
            opened = self._opened.get(thread, [])
            at = bisect_left(opened, before, key=_position)
            found += opened[at - 1 : at] if at else []
        return max(found, key=_position, default=None)

    def next(self, thread: Path, since: int, wanted: Access | None, *, assigned: bool = False) -> Access | None:
        """Return the first access of a thread from step `since` on that overlaps with another one, if one is given.

        If `assigned`, the first assignment.
        """
        found = []
        for own in self._overlapping(self._assigned if assigned else self._by_thread, thread, wanted):
            at = bisect_left(own, since, key=_position)
            found += own[at : at + 1]
        return min(found, key=_position, default=None)

    def pairs(self) -> Iterator[tuple[Access, Access]]:
        """Yield each two successive accesses of a thread."""
        for by_part in self._by_thread.values():
            yield from itertools.pairwise(by_part[_ANY])

    @staticmethod
    def _overlapping(
        known: dict[Path, dict[Any, list[Access]]], thread: Path, wanted: Access | None
    ) -> Iterator[list[Access]]:
        by_part = known.get(thread, {})
        for part in (_ANY,) if wanted is None or wanted.part is None else (wanted.part, None):
            if part in by_part:
                yield by_part[part]


#: Calls that put a value in place of another one, as an assignment does.
_OVERWRITING = frozenset(
    (".__setattr__()", ".__setitem__()", ".setdefault()", ".update()", "delattr", "setattr", "setitem")
)


def _updates(operation: Operation) -> bool:
    """Whether a write is a call that changes what is there."""
    if isinstance(operation, External):
        return operation.doing.appends
    return opname_at(operation.code, operation.lasti).startswith("CALL") and operation.name not in _OVERWRITING


def _gets_item(operation: Operation) -> bool:
    opname = opname_at(operation.code, operation.lasti)
    return opname == "BINARY_SUBSCR" or (opname.startswith("BINARY_OP") and operation.name == "[]")


def _position(access: Access) -> int:
    return access.position


def _gets_namespace(operation: Operation) -> bool:
    """Whether a `cached_property` gets the dictionary of its object's attributes, in which it looks one up next."""
    return operation.name == "__dict__" and operation.code.co_qualname == CACHED


#: Computes a value if there is none.
CACHED = "cached_property.__get__"


def things_in(log: Sequence[Step], is_over: Callable[[], bool]) -> list[list[tuple[Thing, Access]]]:
    """Return the things that each step accesses, with the accesses; none for steps while there is only one thread."""
    things: dict[Any, Thing] = {}
    steps: list[list[tuple[Thing, Access]]] = []
    alone = True
    for position, (unit, operation, touches) in enumerate(log):
        found: list[tuple[Thing, Access]] = []
        steps.append(found)
        alone = alone and operation.kind != kinds.START
        if alone or not operation.is_access or ends_look_up(operation, touches) or _gets_namespace(operation):
            continue
        parts: dict[Any, dict[Any, bool]] = {}
        all_of: set[Any] = set()
        opaque: set[Any] = set()
        for key, part, how in _accessed(operation, touches):
            if is_primitive(key):
                continue
            known = parts.setdefault(key, {})
            known[part] = known.get(part, False) or bool(how & WRITES)
            if how & OPAQUE:
                opaque.add(key)
            if how & HIDDEN:
                # An object that gets another class changes as a whole.
                all_of.add(key)
        for key, known in parts.items():
            if key not in all_of and len(known) > 1:
                # The container as a whole is touched only because it has an item more or less, or another order.
                known.pop(None, None)
            for part, writes in ({None: any(known.values())} if key in all_of else known).items():
                assigns = writes and operation.kind in (kinds.WRITE, kinds.DELETE)
                access = Access(
                    position,
                    unit.path,
                    part,
                    writes,
                    assigns,
                    operation.where(),
                    writes and _updates(operation),
                    writes and operation.kind == kinds.READ and _gets_item(operation),
                    writes and key in opaque,
                    isinstance(operation, External) and operation.doing.error is not None,
                    _name(key, part),
                    not writes and operation.name == "open" and isinstance(key, Key) and key.is_content,
                )
                thing = things.get(key)
                if thing is None:
                    thing = things[key] = Thing(is_over)
                thing.add(access)
                found.append((thing, access))
    return steps


def _name(key: Any, part: Any) -> str:
    """Return the name of what a step on state outside memory touches; empty if that is the name of the step."""
    return key.name_of(part) if isinstance(key, Key) else ""


def _accessed(operation: Operation, touches: Touches | None) -> Touches:
    """Return what a step accesses, without what is accessed by another one."""
    if not isinstance(operation, External):
        return touches_of(operation, touches)
    if operation.doing.has_waited:
        # It was done only after the wait.
        return ()
    if is_fetch(operation):
        # What it gets was read by the statement.
        return tuple(touch for touch in touches or () if isinstance(touch[0], Key))
    return touches or ()


def is_fetch(operation: Operation) -> bool:
    """Whether a step only gets rows that a statement of the same thread has read."""
    return operation.is_external and operation.name == "fetch"


def sources_of(steps: Sequence[Sequence[tuple[Thing, Access]]]) -> dict[tuple[int, Thing], Access]:
    """Return, for each access by position and thing, the last write before it to what it accesses."""
    sources: dict[tuple[int, Thing], Access] = {}
    #: By thing and part, the last write; under `_ANY` the last one to any part.
    written: dict[Thing, dict[Any, Access]] = {}
    for position, found in enumerate(steps):
        for thing, access in found:
            known = written.setdefault(thing, {})
            parts = (_ANY,) if access.part is None else (access.part, None)
            before = max((known[part] for part in parts if part in known), key=_position, default=None)
            if before is not None and (position, thing) not in sources:
                sources[position, thing] = before
        for thing, access in found:
            if access.writes:
                written[thing][access.part] = written[thing][_ANY] = access
    return sources


def torn(thing: Thing, thread: Path, switch: int, until: int) -> Iterator[Torn]:
    """Return the pairs of accesses of `thread` that an access of another thread separates.

    `thread` was left at step `switch`, and continued at step `until`.
    """
    found: dict[tuple[Access, Access], Torn] = {}
    for between in thing.of_others(thread, switch, until):
        first = thing.latest(thread, switch, between)
        last = thing.next(thread, until, between)
        if first is None or last is None:
            continue
        known = found.get((first, last))
        if known is not None and between.is_opaque and not known.between.is_opaque:
            # What surely writes says more.
            continue
        if first.makes and last.writes:
            # The item that was missing counts as read.
            if between.writes:
                found.setdefault((first, last), Torn(first, between, last, looked=False))
        elif first.writes and last.failed and between.writes and not between.failed:
            # What it has put there is not there any more.
            found[first, last] = Torn(first, between, last._replace(writes=False), looked=False)
        elif first.writes and last.writes:
            both = Torn(first, between, last, looked=False)
            updates = first.updates and between.updates and last.updates
            if updates and first.is_opaque and (known is None or known.between.place != last.place):
                # It may be a check, as is the same call of the other thread. The last call counts, or the same one as
                # that which follows the check.
                found[first, last] = both
            elif both.is_dirty_read or updates:
                found.setdefault((first, last), both)
        elif between.writes:
            written = None if last.writes else thing.next(thread, until, last, assigned=True)
            # Of several changes, the last one decides what the value is.
            if written is not None and written.place == last.place:
                found[first, last] = Torn(first, between, written, looked=True)
            else:
                found[first, last] = Torn(first, between, last, looked=False)
    return iter(found.values())


def swapped(
    thing: Thing, thread: Path, switch: int, until: int, *, assigned: bool = False
) -> Iterator[tuple[Access, Access]]:
    """Yield accesses of other threads meanwhile, each with a conflicting one that `thread` did only after that.

    That is its next access; if `assigned`, its next assignment.
    """
    for between in thing.of_others(thread, switch, until):
        later = thing.next(thread, until, between, assigned=assigned)
        if later is not None and (between.writes or later.writes):
            yield between, later


def stale(thing: Thing, thread: Path, switch: int, until: int) -> Iterator[tuple[Access, Access]]:
    """Yield what `thread` had read before it was left, each with the access that has changed it meanwhile."""
    for between in thing.of_others(thread, switch, until):
        seen = thing.latest(thread, switch, between)
        if seen is not None and between.writes and not seen.writes:
            yield seen, between

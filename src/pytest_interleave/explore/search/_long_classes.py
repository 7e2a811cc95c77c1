"""The class of a long schedule, from the order in which threads access each thing.

It says the same as `_classes`, at a fraction of the cost of a step, but is no gain for few steps. It is possible only
if no step touches a thing as a whole of which another step touches a part. Unlike there, a thing that takes the address
of one that another thread has used counts as the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from ...control import LoggedStep, ThreadView, Touches, touches_of
from ...control.steps import kinds

# Needed at each step, so they are plain globals.
_ASKING = kinds.ASKING
_HELD_UP = kinds.HELD_UP
_OF_A_LOCK = kinds.OF_A_LOCK
_OF_LIVES = kinds.OF_LIVES

#: Each access is one character: the number of the thread if it changes nothing, else the sum of that and this.
#: No character is half a surrogate pair, which would take longer to encode.
_CHANGE = 0x4000
#: Numbers up to this are for the test's own thread and those that it has started; larger ones are for the rest.
_OWN = 0x1000
#: Successive accesses that change nothing: their order does not matter.
_LOOKS = re.compile(f"[\x00-{chr(_CHANGE - 1)}]{{2,}}")
_CHANGES = 1

#: The numbers of threads, by their paths: computing one takes longer than looking it up.
_numbers: dict[tuple[int, ...], int] = {}


def _number_of(path: tuple[int, ...]) -> int:
    """Return a thread's number, which is the same in every process.

    Classes are compared between the workers of pytest-xdist. Two threads can have the same number by chance.
    """
    known = _numbers.get(path)
    if known is None:
        if len(path) <= 1:
            known = path[0] + 1 if path else 0
        if known is None or known > _OWN:
            known = _OWN + 1 + hash(path) % (_CHANGE - _OWN - 1)
        _numbers[path] = known
    return known


class _Place:
    """A thing that threads touch: the accesses to it, and its rank among the things that each visitor accesses."""

    __slots__ = ("came", "firsts", "visitors")

    def __init__(self) -> None:
        self.came: list[str] = []
        self.visitors: set[int] = set()
        #: Pairs of a visitor and the number of things with several visitors that it accessed before this one.
        self.firsts: set[tuple[int, int]] = set()

    def fingerprint(self) -> int:
        order = _LOOKS.sub(lambda looks: "".join(sorted(looks[0])), "".join(self.came))
        # Not the hash of a text, which differs between processes.
        digest = blake2b(order.encode("utf-16-le"), digest_size=8).digest()
        return hash((int.from_bytes(digest), frozenset(self.firsts)))


class _Visitor:
    """A thread, and what to note if it touches again what it has touched before."""

    __slots__ = ("known", "number", "visited")

    def __init__(self, thread: ThreadView) -> None:
        self.number = _number_of(thread.path)
        #: By address of the touches: what to note.
        self.known: dict[int, _Notes] = {}
        #: The places that it accessed, in the order of the first accesses.
        self.visited: dict[_Place, None] = {}


#: Functions to be called, each with its character.
_Notes = tuple[tuple[Callable[[str], None], str], ...]


class _Places:
    def __init__(self) -> None:
        self.all: dict[Any, dict[Any, _Place]] = {}

    def notes(self, visitor: _Visitor, touches: Touches) -> _Notes | None:
        """Return what to note for an access; None if a whole thing and a part of it are touched."""
        found = []
        for key, part, how in touches:
            parts = self.all.setdefault(key, {})
            place = parts.get(part)
            if place is None:
                if parts and (part is None or None in parts):
                    return None
                place = parts[part] = _Place()
            if place not in visitor.visited:
                visitor.visited[place] = None
                place.visitors.add(visitor.number)
            found.append((place.came.append, chr(visitor.number + _CHANGE if how & _CHANGES else visitor.number)))
        return tuple(found)


def class_of_long(log: Iterable[LoggedStep]) -> int | None:
    """Return a fingerprint of the class of an execution with that log, as `class_of` does; None if that is needed."""
    places = _Places()
    visitors: dict[ThreadView, _Visitor] = {}
    numbers: set[int] = set()
    last: ThreadView | None = None
    visitor: _Visitor
    known: dict[int, _Notes] = {}
    started = False
    for thread, operation, touched in log:
        touches = touched
        if touches is not None:
            address = id(touches)
        elif operation.kind in _OF_A_LOCK:
            address = id(operation.target)
        elif operation.kind in _OF_LIVES:
            started = True
            continue
        elif operation.kind in _ASKING or operation.kind == _HELD_UP:
            return None
        else:
            touches = touches_of(operation, None)
            # These touches are gone before the next step, and others can have their address.
            address = 0
        if not started:
            continue
        if thread is not last:
            last = thread
            found = visitors.get(thread)
            if found is None:
                found = visitors[thread] = _Visitor(thread)
                if found.number in numbers:
                    return None
                numbers.add(found.number)
            visitor = found
            known = found.known
        notes = known.get(address)
        if notes is None:
            notes = places.notes(visitor, ((address, None, _CHANGES),) if touches is None else touches)
            if notes is None:
                return None
            if address:
                known[address] = notes
        for note, character in notes:
            note(character)
    return combined([_alone(visitor) for visitor in visitors.values()] + _fingerprints(places, visitors.values()))


def _alone(visitor: _Visitor) -> int:
    """Return a fingerprint of how often a visitor accessed things without other visitors.

    It does not say which of these, because one may have another's address.
    """
    return hash((visitor.number, sum(len(place.came) for place in visitor.visited if len(place.visitors) == 1)))


def _fingerprints(places: _Places, visitors: Iterable[_Visitor]) -> list[int]:
    for visitor in visitors:
        count = 0
        for place in visitor.visited:
            if len(place.visitors) > 1:
                place.firsts.add((visitor.number, count))
                count += 1
    found = (place for parts in places.all.values() for place in parts.values())
    return [place.fingerprint() for place in found if len(place.visitors) > 1]


def combined(fingerprints: list[int]) -> int:
    """Return one fingerprint for all of them, in whatever order.

    It is not their sum: two hashes of tuples that end alike differ by nearly the same as two others that do, so that an
    exchange would often not show.
    """
    return hash(tuple(sorted(fingerprints)))

"""The state of the global `random`: the same at the beginning of each execution, and restored after a test.

Seeding it takes about as long as starting a thread. Getting or setting its state takes even longer, and most tests
never use it. So it is inspected first: how many numbers it has given since it was seeded, and the first of the numbers
that they come from, lie next to each other in the interpreter's memory. If they do not lie there, nothing is skipped.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from ._frames import layout, words

_HEADER = object.__basicsize__ >> 3


class RandomState(NamedTuple):
    """A state from which the global `random` can continue."""

    #: As `random.getstate` returns it.
    state: Any
    #: The part of it that is cheap to read; None if that cannot be read.
    glance: object


def seed_random() -> None:
    """Seed the global `random`, unless its state is already the one after seeding."""
    generator = random._inst
    if not _seeded or _state_of(generator) != _seeded:
        random.seed(0)


def random_state() -> RandomState:
    """Return the state of the global `random`."""
    glance = _glance()
    known = _known.get(glance)
    if known is None:
        known = RandomState(random.getstate(), glance)
        if glance is not None:
            while len(_known) >= _MOST:
                del _known[next(iter(_known))]
            _known[glance] = known
    return known


def restore_random(before: RandomState) -> None:
    """Set the global `random` to a state that `random_state` returned."""
    if before.glance is None or before.glance != _glance():
        random.setstate(before.state)


#: The states that were returned last, by glance. States are large, and those of most tests are the same two: the state
#: of the run, and the state in which each execution begins.
_known: dict[object, RandomState] = {}
#: At most this many states are kept; the oldest is dropped.
_MOST = 4


def _glance() -> object:
    generator = random._inst
    # `gauss_next` is a number that `gauss` has computed and not returned yet.
    return (*_state_of(generator), vars(generator)["gauss_next"]) if _seeded else None


def _state_of(generator: random.Random) -> tuple[int, int]:
    start = (id(generator) >> 3) + _HEADER
    return words[start], words[start + 1]


def _state_when_seeded() -> tuple[int, int] | None:
    """Return what `_state_of` gives for a generator that has returned no number, or None if it does not show that."""
    if layout is None or random.Random.__basicsize__ < (_HEADER + 2) << 3:
        return None
    generator = random.Random(0)
    seeded = _state_of(generator)
    for use in (generator.random, lambda: generator.getrandbits(1), lambda: generator.seed(1)):
        use()
        if _state_of(generator) == seeded:
            return None
        generator.seed(0)
        if _state_of(generator) != seeded:
            return None
    return seeded


_seeded = _state_when_seeded()

"""The global `random`: in the same state at the beginning of each execution, and as it was after a test.

To seed it takes about as long as to start a thread, to ask for its state or to set it even longer, and most tests never
use it. So it is looked at first: how many numbers it has given since it was seeded, and the first of those that they
come from, lie one after the other in the interpreter's memory. Where they do not lie there, nothing is left out.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from ._frames import layout, words

_HEADER = object.__basicsize__ >> 3


class RandomState(NamedTuple):
    """What the global `random` goes on from."""

    #: As `random.getstate` has it.
    state: Any
    #: What one sees of it at a glance; None where one does not.
    glance: object


def seed_random() -> None:
    """Seed the global `random`, unless it is as it was after that."""
    generator = random._inst
    if not _seeded or _state_of(generator) != _seeded:
        random.seed(0)


def random_state() -> RandomState:
    """Remember the state of the global `random`."""
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
    """Let the global `random` go on from there."""
    if before.glance is None or before.glance != _glance():
        random.setstate(before.state)


#: By what one sees at a glance, what was remembered last: states are large, and those of most tests are the same two,
#: that of the run and the one in which each execution begins.
_known: dict[object, RandomState] = {}
_MOST = 4


def _glance() -> object:
    generator = random._inst
    # A number that `gauss` has made and not yet given.
    return (*_state_of(generator), vars(generator)["gauss_next"]) if _seeded else None


def _state_of(generator: random.Random) -> tuple[int, int]:
    start = (id(generator) >> 3) + _HEADER
    return words[start], words[start + 1]


def _state_when_seeded() -> tuple[int, int] | None:
    """What `_state_of` tells of one that has given no number; None where it does not tell that."""
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

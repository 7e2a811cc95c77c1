"""The global `random`: in the same state at the beginning of each execution.

To seed it takes about as long as to start a thread, and most tests never use it. So it is looked at first: how many
numbers it has given since it was seeded, and the first of those that they come from, lie one after the other in the
interpreter's memory. Where they do not lie there, it is seeded each time.
"""

from __future__ import annotations

import random

from ._frames import layout, words

_HEADER = object.__basicsize__ >> 3


def seed_random() -> None:
    """Seed the global `random`, unless it is as it was after that."""
    generator = random._inst
    if not _seeded or _state_of(generator) != _seeded:
        random.seed(0)


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

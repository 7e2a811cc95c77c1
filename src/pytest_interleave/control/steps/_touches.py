"""What an operation touches: objects, and which part of each, to read or to write it.

Two operations of different threads conflict where they touch the same and one of them writes; then their order can
matter, and all that reasons about schedules asks that question. An object is known by its address, so touches mean
something within one execution only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._kinds import DEPENDING, READING, SILENT, WITH_LOCK

if TYPE_CHECKING:
    from ._protocol import PendingOperation

#: An object, a part of it (an attribute's name, a key, an index; None for the whole), and how it is touched.
Touch = tuple[Any, Any, int]
Touches = tuple[Touch, ...]

READS = 0
WRITES = 1
#: Added where the object is known to be touched, but not by an access that was seen: a library's method was called.
OPAQUE = 2
#: Added where code in Python that is out of scope was handed the object: it may stop and go on anywhere in between.
FOREIGN = 4
#: Added where that code only seems to read: a look-up in a cache may well change what the cache knows of its items.
UNSURE = 8
#: Added where steps depend on what is changed that are not seen to read it: a class's special method is assigned.
HIDDEN = 16
#: Added where there was too much to look at, so that more may be touched than is told.
CUT = 32

NOTHING: Touches = ()
#: Of a step whose objects could not be found out.
UNKNOWN: Touches = (("?", None, READS | OPAQUE | HIDDEN),)
#: In our own tests that is an error.
STRICT = "PYTEST_INTERLEAVE_STRICT" in os.environ


class _EveryThread:
    """All threads of an execution at once: what an operation is about that asks which of them live."""

    def __repr__(self) -> str:
        return "threads"


EVERY_THREAD = _EveryThread()


def writes(touches: Touches | None) -> bool:
    """Whether anything that is touched is written."""
    return bool(touches) and any(how & WRITES for _, _, how in touches or ())


def conflicts(first: Touches, second: Touches) -> bool:
    """Whether the order of two operations that touch this can matter."""
    for key, part, how in first:
        for other_key, other_part, other_how in second:
            if (
                key == other_key
                and (how | other_how) & WRITES
                and (part is None or other_part is None or part == other_part)
            ):
                return True
    return False


def touches_of(operation: PendingOperation, touches: Touches | None) -> Touches:
    """What an operation touches: as found when it was announced, or, on a primitive, by its kind."""
    if touches is not None:
        return touches
    target = operation.target
    kind = operation.kind
    if target is None or kind in SILENT:
        return NOTHING
    lock = getattr(target, "_lock", None) if kind in WITH_LOCK else None
    if lock is not None:
        # A condition: it is always its lock that is released, or taken, as well.
        return ((id(target), None, WRITES), (id(lock), None, WRITES))
    reads = kind in READING or (kind in DEPENDING and not operation.mutates)
    return ((id(target), None, READS if reads else WRITES),)

"""Touches of an operation: objects, which part of each, and whether that is read or written.

Two operations of different threads conflict if they touch the same and one of them writes. Then their order can matter;
all code that reasons about schedules asks that question. An object is identified by its address, so touches have a
meaning within one execution only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._kinds import AWAIT, DEPENDING, READING, SILENT, WITH_LOCK

if TYPE_CHECKING:
    from ._protocol import PendingOperation

#: An object, a part of it (an attribute's name, a key, an index; None for the whole), and the flags below.
Touch = tuple[Any, Any, int]
Touches = tuple[Touch, ...]

READS = 0
WRITES = 1
#: Added if the object is known to be touched, but no access to it was seen: a library's method was called.
OPAQUE = 2
#: Added if Python code out of scope was given the object: it may stop and continue anywhere in between.
FOREIGN = 4
#: Added if that code only seems to read: a look-up in a cache may change what the cache knows of its items.
UNSURE = 8
#: Added if steps depend on the change without being seen to read it: a class's special method is assigned.
HIDDEN = 16
#: Added if there was too much to inspect, so that more may be touched than is listed.
CUT = 32

NOTHING: Touches = ()
#: The touches of a step whose objects could not be determined.
UNKNOWN: Touches = (("?", None, READS | OPAQUE | HIDDEN),)
#: Whether an error while touches are determined is raised, as in our own tests. Otherwise the touches are `UNKNOWN`.
STRICT = "PYTEST_INTERLEAVE_STRICT" in os.environ


#: What a call touches that may use any file or database.
OUTSIDE_MEMORY = "outside memory"


class _EveryThread:
    """All threads of an execution: the target of operations that ask which threads are alive."""

    def __repr__(self) -> str:
        return "threads"


EVERY_THREAD = _EveryThread()


def shown_touch(touches: Touches) -> int:
    """Return the number of the touch that stands for all of them in reports.

    The first object that a call was given that cannot be inspected; otherwise the last touch.
    """
    if all(part is None and how & OPAQUE for _, part, how in touches):
        return 0
    return len(touches) - 1


def writes(touches: Touches | None) -> bool:
    """Whether any of the touches is a write."""
    return bool(touches) and any(how & WRITES for _, _, how in touches or ())


def conflicts(first: Touches, second: Touches) -> bool:
    """Whether the order of two operations with these touches can matter."""
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
    """Return what an operation touches.

    `touches` is what was found when it was announced. If it is None, the operation is one on a primitive or a thread,
    and its kind decides.
    """
    if touches is not None:
        return touches
    target = operation.target
    kind = operation.kind
    if target is None or kind in SILENT:
        return NOTHING
    if kind == AWAIT:
        return ((target.awaited, None, READS),)
    lock = getattr(target, "_lock", None) if kind in WITH_LOCK else None
    if lock is not None:
        # A condition: its lock is always released or taken as well.
        return ((id(target), None, WRITES), (id(lock), None, WRITES))
    reads = kind in READING or (kind in DEPENDING and not operation.mutates)
    return ((id(target), None, READS if reads else WRITES),)

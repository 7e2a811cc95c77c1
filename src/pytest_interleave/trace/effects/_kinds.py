"""The kinds of effects that a switch can have: each has the accesses, or the turns, that it consists of."""

from __future__ import annotations

from typing import NamedTuple

from ..causes._checks import is_in_test
from ..causes._overlaps import Access, Torn
from ..causes._primitive_turns import Turn


class TooEarly(NamedTuple):
    """An access that a thread did before another thread's conflicting one, which was delayed.

    `unseen` is what the delayed thread had read before, and the change of that which it has not seen; `partial` is what
    the delayed thread had written before, and the other one has found. `outdated` are such values and changes, too:
    all that the delayed thread has not read again before its access.
    """

    access: Access
    later: Access
    unseen: tuple[Access, Access] | None = None
    partial: tuple[Access, Access] | None = None
    outdated: list[tuple[Access, Access]] | None = None


class Unseen(NamedTuple):
    """A value that a thread has read, and the change of it by another thread meanwhile."""

    seen: Access
    change: Access
    missed: tuple[Turn, Turn] | None = None


class Missed(NamedTuple):
    """A signal that came before the wait for it."""

    signal: Turn
    wait: Turn


class Cleared(NamedTuple):
    """An event that a thread cleared after another one had set it, and where a thread misses that."""

    signal: Turn
    clear: Turn
    missed: Turn


class Replaced(NamedTuple):
    """A change of an object that a variable refers to, and the assignment of another object to that variable.

    Either a thread assigns to the variable what it has made of the object before another one changes that. Or a thread
    finds the object in the variable, and changes it after another thread has replaced it.
    """

    first: Access
    between: Access
    last: Access
    #: Whether the object was replaced first.
    is_stale: bool


class Canceled(NamedTuple):
    """The start of a pool's task, and the call of its future's `cancel()` after that."""

    start: Turn
    cancel: Turn


class Interrupted(NamedTuple):
    """Two uses of a primitive by one thread, and another thread's use between them."""

    first: Turn
    between: Turn
    last: Turn


class HandedOn(NamedTuple):
    """What a thread wrote, where another one found it, and the step that the first one did only after that."""

    written: Access
    found: Access
    #: Its position in the log; None if there is none, or it is at the same place as the write.
    following: int | None
    #: Whether the first thread has released a lock after the write, and takes it again with that step.
    is_released: bool = False


Effect = Torn | TooEarly | Replaced | Unseen | Missed | Canceled | Cleared | Interrupted | HandedOn


def steps_of(effect: Effect) -> tuple[int, ...]:
    """Return the positions in the log of the steps that an effect consists of, in their order."""
    found: set[int] = set()
    for field in effect:
        if isinstance(field, (Access, Turn)):
            found.add(field.position)
        elif type(field) is tuple:
            found.update(step.position for step in field)
        elif type(field) is int:
            found.add(field)
    return tuple(sorted(found))


def acts_on_part(written: Access | None, found: Access, access: Access, later: Access) -> bool:
    """Whether a function tests what it has found before it writes: one of two writes by another function.

    `written` and `later` are these two writes.
    """
    return (
        written is not None
        and found.position < access.position
        and is_in_test(found.place)
        and found.place[::2] == access.place[::2]
        and written.place[::2] == later.place[::2] != access.place[::2]
    )

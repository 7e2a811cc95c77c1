"""Steps on the content of files that are open, by their descriptors."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...steps._external import Key, Look
from ...steps._touches import READS, WRITES
from .._announce import announce
from ._handles import Handle
from ._paths import status_of_descriptor
from ._touched import file_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing

_READING = frozenset(("read", "stat"))


def use_content(unit: Unit, handle: Handle, descriptor: int, verb: str, call: Callable[[], Any]) -> Any:
    """Do a system call with an open file as a step, and return its result."""
    with handle.within_method(unit):
        doing = announce_use(unit, handle, handle.name, descriptor, verb)
        result = call()
        if doing is not None:
            doing.result = amount(result, verb)
        return result


def announce_use(unit: Unit, position: Key, name: str, descriptor: int, verb: str) -> Doing | None:
    """Announce a step on the content of a file; None if the descriptor is not one of a file.

    `position` stands for what all share that use the same open file.
    """
    found = status_of_descriptor(descriptor)
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    writes = verb not in _READING
    touches = ((position, None, WRITES), (file_of(found), None, WRITES if writes else READS))
    text = f"{verb} {name}"
    return announce(unit, name, verb, lambda: Look(touches, writes, text))


def amount(result: Any, verb: str) -> str:
    """Return how much a system call has read or written, in words; empty if that is not known."""
    number = len(result) if isinstance(result, bytes) else result
    if type(number) is not int or verb not in ("read", "write"):
        return ""
    return f"{number} byte{'' if number == 1 else 's'}"

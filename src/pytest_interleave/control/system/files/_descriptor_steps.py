"""Steps on the content of files that are open, by their descriptors."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...steps._external import Look
from ...steps._touches import READS, WRITES, Touches
from .._announce import announce
from ._handles import Handle
from ._paths import path_of_descriptor, status_of_descriptor
from ._times import set_time
from ._touched import DATA, directory, file_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing

_READING = frozenset(("access", "read", "stat"))
#: Functions that change only the position in an open file, or find it.
_MOVING = frozenset(("seek", "tell", "lseek"))
#: What it is called to move the position to the end.
_TO_END = "seek to the end"
#: Functions that read or write where the position is, and move it.
_AT_POSITION = frozenset(("read", "readinto", "readall", "write", "readv", "writev", "truncate", _TO_END))


def in_full(method: str, given: Sequence[Any]) -> str:
    """Return what a function does that is called with these arguments: to find the end, it has to look at the file."""
    return _TO_END if method in ("seek", "lseek") and given and given[-1] == os.SEEK_END else method


def use_content(unit: Unit, handle: Handle, descriptor: int, verb: str, method: str, call: Callable[[], Any]) -> Any:
    """Do a system call with an open file as a step, and return its result."""
    with handle.within_method(unit):
        doing = announce_use(unit, handle, descriptor, verb, method)
        try:
            result = call()
        except OSError as error:
            failed(doing, error)
            raise
        if doing is not None:
            doing.result = amount(result, verb)
            if verb in ("write", "truncate"):
                set_time(unit, descriptor)
        return result


def announce_use(unit: Unit, handle: Handle, descriptor: int, verb: str, method: str) -> Doing | None:
    """Announce a step on the content of a file; None if the descriptor is not one of a file.

    `verb` says what is done, and `method` by which function.
    """
    found = status_of_descriptor(descriptor)
    name = handle.name
    if found is None or not stat.S_ISREG(found.st_mode):
        if found is not None and stat.S_ISDIR(found.st_mode) and verb in ("stat", "change"):
            of_directory = directory(path_of_descriptor(descriptor), READS if verb == "stat" else WRITES)
            return announce(unit, name, verb, lambda: Look(of_directory, verb != "stat", f"{verb} {name}"))
        return None
    if method == _TO_END:
        verb = "stat"
    if method in _MOVING:
        text = f"{verb} {name} with {method}()"
        position = ((handle.position, None, READS if method == "tell" else WRITES),)
        return announce(unit, name, verb, lambda: Look(position, False, text))
    writes = verb not in _READING
    part = None if verb in ("stat", "change", "chmod") else DATA
    touches: Touches = ((file_of(found), part, WRITES if writes else READS),)
    if method in _AT_POSITION:
        touches = ((handle.position, None, WRITES), *touches)
    appends = verb == "write" and handle.appends
    text = f"find the end of {name}" if method == _TO_END else f"append to {name}" if appends else f"{verb} {name}"
    return announce(unit, name, verb, lambda: Look(touches, writes, text))


def failed(doing: Doing | None, error: BaseException) -> None:
    """Note that a step has raised an error."""
    if doing is not None:
        doing.fail(error)


def amount(result: Any, verb: str) -> str:
    """Return how much a system call has read or written, in words; empty if that is not known."""
    number = len(result) if isinstance(result, bytes) else result
    if type(number) is not int or verb not in ("read", "write"):
        return ""
    return f"{number} byte{'' if number == 1 else 's'}"

"""A record of what controlled threads use outside of memory: files, directories, databases, sockets, processes.

None of it is a scheduling point, so the order in which two threads use the same thing is not explored. The record says
which thread used what, how, where, and when: after how many steps. Whether that matters is judged afterwards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _current
from .._kinds import stand_ins
from .._places import Place, is_ours, place_of_code

if TYPE_CHECKING:
    from .._tasks import Task

#: How a thing is used. What is in it, or whether it is there, is read; it is written; its directory's entry changes.
READ, WRITE, ENTRY = "read", "write", "entry"
#: Directories are listed for the names alone, or so that what is known of each entry can be read as well.
LIST, SCAN = "list", "scan"
#: A log record is appended: the order of two matters only to those who read them.
APPEND = "append"
#: Data is exchanged with whoever has the other end; or something else runs meanwhile.
EXCHANGE = "exchange"


class Thing(NamedTuple):
    """What can be used: a "file" (a directory, too), "database", "connection", "address", "pipe" or "process"."""

    kind: str
    #: Identifies it within an execution; of a file or a database, its real path.
    key: Hashable
    #: What messages call it; empty if its path does that.
    name: str = ""


class Use(NamedTuple):
    """One use of a thing by a controlled thread."""

    #: How many steps of the execution there had been.
    position: int
    task: Task
    thing: Thing
    way: str
    #: A past participle for messages: "written".
    how: str
    #: The open file, or the cursor, through which it is used: its state changes with each use. Of a connection, the end.
    handle: Hashable
    #: The addresses of the locks that the thread held.
    locks: frozenset[int]
    code: CodeType
    lasti: int

    @property
    def place(self) -> Place:
        """The nearest place in scope; without one, the nearest that is not part of this package."""
        return place_of_code(self.code, self.lasti)


_NO_LOCKS: frozenset[int] = frozenset()


class Uses:
    """The uses of one execution, each kind of use by a thread between two steps once."""

    def __init__(self) -> None:
        self.all: list[Use] = []
        self._latest: dict[tuple[int, Hashable, Hashable, str], int] = {}

    def is_known(self, task: Task, thing: Thing, way: str, handle: Hashable) -> bool:
        """Whether the thread has used it in this way already since the last step; from now on it has."""
        which = (task.index, thing.key, handle, way)
        position = len(task.execution.log)
        if self._latest.get(which) == position:
            return True
        self._latest[which] = position
        return False


#: Not empty while the plugin itself uses files in a controlled thread.
_unrecorded: list[None] = []


@contextmanager
def unrecorded() -> Iterator[None]:
    """While entered, nothing is recorded: what is used is the plugin's or pytest's."""
    _unrecorded.append(None)
    try:
        yield
    finally:
        _unrecorded.pop()


def note(task: Task, thing: Thing, way: str, how: str, handle: Hashable = None) -> None:
    """Record that a controlled thread uses something."""
    execution = task.execution
    if execution.closing is not None or execution.forked or _unrecorded:
        return
    uses = execution.uses
    if uses is None:
        uses = execution.uses = Uses()
    if uses.is_known(task, thing, way, handle):
        return
    frame = _user_frame(sys._getframe(2))
    if frame is None:
        return
    held = task.held
    locks = frozenset(map(id, held)) if held else _NO_LOCKS
    uses.all.append(
        Use(len(execution.log), task, thing, way, how, handle, locks, frame.f_code, frame.f_lasti)
    )


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The nearest frame in scope, else the nearest that is not ours; None where pytest itself is at work."""
    holds = _current.scope.holds
    outer = frame
    while outer is not None:
        filename = outer.f_code.co_filename
        if holds[filename]:
            return outer
        if _is_runners_own(filename):
            return None
        outer = outer.f_back
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


#: Files of pytest that call what is not pytest's: tests and fixtures, which may be out of scope.
_CALLERS = frozenset(("python.py", "fixtures.py", "unittest.py", "runner.py"))
_PYTEST = f"{os.sep}_pytest{os.sep}"


def _is_runners_own(filename: str) -> bool:
    """Whether code in the file uses files for pytest's own purposes: temporary directories, caches, captured output."""
    return _PYTEST in filename and os.path.basename(filename) not in _CALLERS


def like(real: Any, ours: Any) -> Any:
    """Give a replacement the name and the documentation of what it stands for; pickled, it is the real one."""
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        if hasattr(real, name):
            setattr(ours, name, getattr(real, name))
    return ours


def derived(base: type, namespace: dict[str, Any], attributes: tuple[str, ...], kind: type | None = None) -> Any:
    """A class that stands in for `base`, with further attributes, which are None at first.

    Accesses to its objects are what accesses to those of `base` would be.
    """
    body: dict[str, Any] = {"__module__": base.__module__, "__doc__": base.__doc__, **namespace}
    if base.__dictoffset__:
        body.update(dict.fromkeys(attributes))
    else:
        # Else the objects had a `__dict__`, which the real ones do not have.
        body["__slots__"] = attributes
    made: Any = (kind or type(base))(base.__name__, (base,), body)
    stand_ins[id(made)] = made
    return made

"""The record of what controlled threads use outside of memory: files, directories, databases, sockets, processes.

No use is a scheduling point, so the order in which two threads use the same thing is not explored. The record says
which thread used what, how, where, and when: after how many steps. Whether that matters is decided afterwards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from ... import PACKAGE_DIRECTORY
from ..identity._types import stand_ins
from ..scope import _current_scope
from ..scope._places import is_ours
from ..steps._things import Thing, Uses

if TYPE_CHECKING:
    from ..execution.units._units import Unit

_Kind = TypeVar("_Kind")


#: Not empty while the plugin itself uses files in a controlled thread.
_unrecorded: list[None] = []


@contextmanager
def unrecorded() -> Iterator[None]:
    """Record nothing while entered, because what is used is the plugin's or pytest's."""
    _unrecorded.append(None)
    try:
        yield
    finally:
        _unrecorded.pop()


def note(unit: Unit, thing: Thing, way: str, how: str, handle: Hashable = None) -> None:
    """Record that a controlled thread uses something."""
    execution = unit.execution
    if execution.closing is not None or not is_recorded(unit):
        return
    uses = execution.uses
    if uses is None:
        uses = execution.uses = Uses()
    # To find the place may use files itself.
    recording.add(unit.index)
    try:
        if not uses.has(unit, thing, way, handle):
            place = user_frame(sys._getframe(2))
            if place is not None:
                uses.add(unit, thing, way, how, handle, place)
    finally:
        recording.discard(unit.index)


#: Indexes of the threads a use of which is being recorded.
recording: set[int] = set()


def is_recorded(unit: Unit) -> bool:
    """Whether what a controlled thread does now is the program's, and not a part of something recorded already."""
    return not (unit.execution.forked or _unrecorded or unit.index in recording)


@contextmanager
def nothing_further(unit: Unit | None) -> Iterator[None]:
    """Record nothing of a thread while entered: what it does is a part of a use that is recorded already."""
    if unit is None or unit.index in recording:
        yield
        return
    recording.add(unit.index)
    try:
        yield
    finally:
        recording.discard(unit.index)


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Return the nearest frame in scope, else the nearest not of ours; None if pytest or this plugin is at work."""
    holds = _current_scope.scope.holds
    nearest: FrameType | None = None
    while frame is not None:
        filename = frame.f_code.co_filename
        if is_ours(filename):
            if not _calls_programs(filename):
                return None
        elif holds[filename]:
            return frame
        elif _is_runners_own(filename):
            return None
        elif nearest is None:
            nearest = frame
        frame = frame.f_back
    return nearest


_CONTROL = os.path.join(PACKAGE_DIRECTORY, "control", "")
#: Folders of `control` whose code reads files for the plugin itself, and calls nothing of the program's.
_AT_WORK = frozenset("calls code identity instrumentation interpreter scope".split())


def _calls_programs(filename: str) -> bool:
    return filename.removeprefix(_CONTROL).partition(os.sep)[0] not in _AT_WORK


#: Files of pytest that call other code than pytest's: tests and fixtures, which may be out of scope.
_CALLERS = frozenset(("python.py", "fixtures.py", "unittest.py", "runner.py"))
_PYTEST = f"{os.sep}_pytest{os.sep}"


def _is_runners_own(filename: str) -> bool:
    """Whether code in the file uses files for pytest's own purposes: temporary directories, caches, captured output."""
    return _PYTEST in filename and os.path.basename(filename) not in _CALLERS


def like(real: Any, ours: _Kind) -> _Kind:
    """Give a replacement the name and documentation of the real thing, and return it; pickled, it is the real one."""
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        if hasattr(real, name):
            setattr(ours, name, getattr(real, name))
    return ours


def like_base(layer: type) -> type:
    """Give the methods of a class the names that they have in its base, for messages, and return the class."""
    for name, value in vars(layer).items():
        if type(value) is FunctionType:
            value.__qualname__ = f"{layer.__bases__[0].__qualname__}.{name}"
    return layer


def derived(
    base: type,
    namespace: dict[str, Any],
    attributes: tuple[str, ...],
    kind: type | None = None,
    layer: type | None = None,
) -> Any:
    """Return a class that stands in for `base`, with further attributes: None at first, or slots that are not yet set.

    Accesses to its objects are what accesses to those of `base` would be. A `layer` is a class whose methods come
    before those of the class that both are derived from, but after those of a program's own class.
    """
    body: dict[str, Any] = {"__module__": base.__module__, "__doc__": base.__doc__, **namespace}
    if base.__dictoffset__:
        body.update(dict.fromkeys(attributes))
    else:
        # Otherwise the objects would have a `__dict__`, which the real ones do not have.
        body["__slots__"] = attributes
    bases = (base,) if layer is None else (layer,) if issubclass(layer, base) else (base, layer)
    made: Any = (kind or type(base))(base.__name__, bases, body)
    stand_ins[id(made)] = made
    return made

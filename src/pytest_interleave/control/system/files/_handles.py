"""Open files: which thread uses one, and waits for a thread that is in the middle of a call of its methods.

A buffered file has a lock of its own, in C, which a thread holds while the buffer is read or written. Another thread
that then uses the same file would wait out of the scheduler's sight. So it waits here, before it calls the real method.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ...execution.units._resources import TimesOut
from ...steps._external import Key, Look
from ...steps._kinds import ACQUIRE
from ...steps._operations import Operation
from ...steps._touches import READS, WRITES
from .._announce import announce

if TYPE_CHECKING:
    from ...execution.units._units import Unit


class Position(Key):
    """Stands for the position in an open file; descriptors that are copies of each other have one."""

    __slots__ = ()

    @property
    def label(self) -> str:  # type: ignore[override]
        """See `Key.label`."""
        return f"the position in {self.name}"


class Handle(TimesOut):
    """An open file. Its position and its buffer are shared by all threads that use it."""

    # Steps refer to the position, not to the handle: that has units, which would never be freed.
    __slots__ = ("appends", "buffered", "inside", "kept", "owner", "position", "shared", "user", "waiting")

    def __init__(self, position: Position, *, buffered: bool, kept: bool = False, appends: bool = False) -> None:
        self.position = position
        self.buffered = buffered
        #: Whether all that is written goes to the end of the file.
        self.appends = appends
        #: Whether the function that has opened it keeps it for itself.
        self.kept = kept
        #: The thread that has called a method: those that the method calls are a part of the same step.
        self.inside: Unit | None = None
        #: The first thread that has used it in this execution, and whether another one has, too.
        self.user: Unit | None = None
        self.shared = False
        #: The thread that waits for its turn in the middle of a method.
        self.owner: Unit | None = None
        self.waiting: list[Unit] = []

    @property
    def name(self) -> str:
        """The name of the file in messages."""
        return self.position.name

    def used_by(self, unit: Unit, method: str) -> None:
        """Announce that a thread is about to call a method, and let it wait until no other thread is in one."""
        user = self.user
        if user is None or user.execution is not unit.execution:
            user = self.user = unit
            self.shared, self.owner = False, None
        if user is not unit:
            self.shared = True
        elif self.kept:
            return
        execution = unit.execution
        if len(execution.units) > 1:
            self._announce(unit, method)
        if user is not unit:
            while self.owner is not None and execution.closing is None:
                frame = sys._getframe(1)
                execution.wait_for(unit, Operation(ACQUIRE, self, frame.f_code, frame.f_lasti, mutates=False), self)

    def _announce(self, unit: Unit, method: str) -> None:
        verb = _VERBS.get(method, "read")
        how = READS if method == "tell" else WRITES
        text = f"{verb} {self.name} with {method}()"
        touched = ((self.position, None, how),)
        announce(unit, self.name, verb, lambda: Look(touched, verb != "read", text))

    @contextmanager
    def within_method(self, unit: Unit) -> Iterator[None]:
        """Note while entered that the thread is in the middle of a method.

        If several threads use the file, it is not preempted there: it holds the lock.
        """
        if not self.buffered:
            yield
        elif self.shared:
            unit.begin_atomic()
            try:
                yield
            finally:
                unit.end_atomic()
        else:
            self.owner = unit
            try:
                yield
            finally:
                self.owner = None
                if self.waiting:
                    unit.execution.enabled.refresh(self)

    def available(self, unit: Unit, /) -> bool:
        """Whether no other thread is in the middle of a method."""
        return self.owner is None or self.owner is unit

    def describe(self) -> str:
        """Return a text for messages."""
        return f"the open file {self.name}"


#: What methods do, except those that read, or find the position.
_VERBS = {"write": "write", "writelines": "write", "flush": "write", "truncate": "truncate"}

#: By descriptor, the lowest layer of the file that `open` has opened.
_files: dict[int, weakref.ref[Any]] = {}
#: By descriptor, the open file that `os.open` has opened.
_opened: dict[int, Handle] = {}


def add_file(raw: Any, handle: Handle) -> None:
    """Remember the lowest layer of a file that has just been opened."""
    raw._interleave_handle = handle
    descriptor = raw.fileno()
    _files[descriptor] = weakref.ref(raw)
    opened = _opened.get(descriptor)
    if opened is not None and opened.position is not handle.position:
        # What had this number before was closed by code that is not controlled.
        del _opened[descriptor]


def add_descriptor(descriptor: int, name: str, *, appends: bool) -> None:
    """Remember a descriptor that has just been opened; `appends` says whether what is written goes to the end."""
    _files.pop(descriptor, None)
    _opened[descriptor] = Handle(Position(name), buffered=False, appends=appends)


def add_copy(descriptor: int, copy: int) -> None:
    """Remember a descriptor that is a copy of another one: both have the same position in the file."""
    original = handle_of(descriptor)
    remove_descriptor(copy)
    _files.pop(copy, None)
    handle = _opened[copy] = Handle(original.position, buffered=False, appends=original.appends)
    _copies.setdefault(handle.position, {descriptor}).add(copy)


#: Descriptors of the same open file, by what stands for its position, if there are several.
_copies: dict[Key, set[int]] = {}


def remove_descriptor(descriptor: int) -> None:
    """Forget a descriptor that has just been closed."""
    handle = _opened.pop(descriptor, None)
    if _at_close or _copies:
        closed(descriptor, handle)


class WhenClosed(Protocol):
    """Something that ends when an open file is closed; `position` stands for the open file."""

    def before_close(self, position: Key) -> None:
        """Announce that the last descriptor is about to be closed."""

    def after_close(self, position: Key) -> None:
        """Note that the last descriptor has been closed."""


#: By what stands for the position in an open file, what ends when the last descriptor is closed.
_at_close: dict[Key, list[WhenClosed]] = {}
#: Gets the lowest layer of a file that `open` has opened, and lets its method `close` call `closed`.
watch_file: list[Callable[[Any], None]] = []


def at_close(descriptor: int, ends: WhenClosed) -> None:
    """Let something end when an open file is closed."""
    position = handle_of(descriptor).position
    known = _at_close.setdefault(position, [])
    if ends not in known:
        known.append(ends)
    for each in _copies.get(position, (descriptor,)):
        raw = file_with(each)
        if raw is not None:
            for watch in watch_file:
                watch(raw)


def about_to_close(descriptor: int, handle: Handle | None) -> None:
    """Announce that a descriptor is about to be closed, if something ends then."""
    if handle is not None and handle.position in _at_close and not _copies.get(handle.position, set()) - {descriptor}:
        for ends in tuple(_at_close[handle.position]):
            ends.before_close(handle.position)


def opened_as(descriptor: int) -> Handle | None:
    """Return the open file that a descriptor stands for, if it is known from `os.open`."""
    return _opened.get(descriptor)


def closed(descriptor: int, handle: Handle | None) -> None:
    """End what ends when an open file is closed, if this was its last descriptor."""
    if handle is None:
        return
    position = handle.position
    copies = _copies.get(position)
    if copies is not None:
        copies.discard(descriptor)
        if copies:
            return
        del _copies[position]
    for ends in _at_close.pop(position, ()):
        ends.after_close(position)


def file_with(descriptor: int) -> Any:
    """Return the lowest layer of the file that has a descriptor; None if it was not opened by `open`."""
    known = _files.get(descriptor)
    raw = None if known is None else known()
    return None if raw is None or raw.closed or raw.fileno() != descriptor else raw


def handle_of(descriptor: int) -> Handle:
    """Return the open file that a descriptor stands for."""
    raw = file_with(descriptor)
    if raw is not None:
        known: Handle = raw._interleave_handle
        return known
    handle = _opened.get(descriptor)
    if handle is None:
        handle = _opened[descriptor] = Handle(Position(f"descriptor {descriptor}"), buffered=False)
    return handle


def name_of_descriptor(descriptor: int, name: str) -> str:
    """Return the name of what `os.open` has opened; `name` if it was not opened by that function."""
    handle = _opened.get(descriptor)
    return name if handle is None else handle.name


def forget_descriptors() -> None:
    """Forget which files are open that have been closed since; to be called between tests."""
    for descriptor in [descriptor for descriptor in _files if file_with(descriptor) is None]:
        del _files[descriptor]
    _at_close.clear()
    _copies.clear()

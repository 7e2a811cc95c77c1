"""`fcntl.flock` under control: a thread that would block waits for its turn. Locks by `lockf` exclude no thread.

A lock by `flock` belongs to an open file, so two threads that have opened a file on their own exclude each other. A
lock by `fcntl` or `lockf` belongs to the process: any other thread gets it, too, so that such a call never waits for a
thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...execution.units import _current
from ...execution.units._resources import TimesOut
from ...scope import _real
from ...steps._external import Key
from ...steps._kinds import ACQUIRE, RELEASE, TRY_ACQUIRE
from ...steps._operations import ImpatientOperation, Operation
from .._uses import is_recorded, like, recording, user_frame
from ._descriptors import announce_descriptor
from ._handles import at_close, handle_of
from ._paths import status_of_descriptor
from ._touched import file_of

if TYPE_CHECKING:
    from types import FrameType

    from ...execution.units._units import Unit
    from ...scope._places import Place

_units = _current.units
_get_ident = _real.get_ident


class _Holder(NamedTuple):
    unit: Unit
    #: The operation that took the lock.
    operation: Operation
    shared: bool


class FileLock(TimesOut):
    """The locks of one file, as far as controlled threads have them. Those of other processes are not known."""

    def __init__(self, file: Key, name: str) -> None:
        self.file = file
        self.name = name
        #: Whether a thread has asked for a lock that several open files can have.
        self.is_shared = False
        self.waiting: list[Unit] = []
        #: By open file, which thread has taken its lock, and how.
        self.holders: dict[Key, _Holder] = {}
        #: By index of a waiting thread, its open file, and whether it wants to share the lock.
        self.wanted: dict[int, tuple[Key, bool]] = {}

    @property
    def owner(self) -> Unit | None:
        """The only controlled thread that holds it; None if there are several, or none."""
        holders = {holder.unit for holder in self.holders.values() if not holder.unit.execution.over}
        return holders.pop() if len(holders) == 1 else None

    def acquired_at(self) -> Place | None:
        """Return where the owner took the lock; None if it is not known."""
        owner = self.owner
        return next((holder.operation.where() for holder in self.holders.values() if holder.unit is owner), None)

    def available(self, unit: Unit, /) -> bool:
        """Whether a thread that waits could take the lock now."""
        wanted = self.wanted.get(unit.index)
        return wanted is None or self.is_free(*wanted)

    def is_free(self, position: Key, shared: bool) -> bool:
        """Whether no other open file has a lock that excludes one of `position`, which stands for an open file."""
        return all(key is position or (shared and holder.shared) for key, holder in self.holders.items())

    def taken(self, position: Key, holder: _Holder) -> None:
        """Note that an open file has the lock now."""
        self.holders[position] = holder
        self._changed()

    def released(self, position: Key) -> None:
        """Note that an open file does not have the lock any more."""
        if self.holders.pop(position, None) is not None:
            self._changed()

    def before_close(self, position: Key) -> None:
        """Announce that the lock is given back because an open file is closed."""
        unit = _units[_get_ident()]
        if unit is None or position not in self.holders or unit.execution.closing is not None:
            return
        place = _place(unit)
        if place is not None:
            unit.execution.point(unit, Operation(RELEASE, self, place.f_code, place.f_lasti))

    after_close = released

    def _changed(self) -> None:
        unit = _units[_get_ident()]
        if self.waiting and unit is not None:
            unit.execution.enabled.refresh(self)

    def describe(self) -> str:
        """Return a text for messages."""
        return f"file lock {self.name}"


#: By file, its lock.
_locks: dict[Key, FileLock] = {}


def forget_locks() -> None:
    """Forget the locks of files; to be called between executions."""
    _locks.clear()


def _flock(fcntl: ModuleType) -> Callable[..., None]:
    real: Callable[..., None] = fcntl.flock
    at_once = fcntl.LOCK_NB

    def flock(*args: Any) -> None:
        """See `fcntl.flock`."""
        unit = _units[_get_ident()]
        if len(args) != 2 or not isinstance(args[1], int):
            real(*args)
            return
        fd, operation = args
        descriptor = _descriptor_of(fd)
        found = None if unit is None or descriptor is None else status_of_descriptor(descriptor)
        place = None if unit is None or found is None else _place(unit)
        if unit is None or descriptor is None or found is None or place is None:
            real(fd, operation)
            return
        file = file_of(found)
        handle = handle_of(descriptor)
        lock = _locks.get(file)
        if lock is None:
            lock = _locks[file] = FileLock(file, handle.name)
        position = handle.position
        if operation & fcntl.LOCK_UN:
            unit.execution.point(unit, Operation(RELEASE, lock, place.f_code, place.f_lasti))
            real(fd, operation)
            lock.released(position)
            return
        shared = not operation & fcntl.LOCK_EX
        lock.is_shared |= shared
        step: Operation
        if operation & at_once or position in lock.holders:
            # If the file has a lock of the other sort, the system takes that away first.
            step = ImpatientOperation(TRY_ACQUIRE, lock, place.f_code, place.f_lasti, mutates=False)
            unit.execution.point(unit, step)
            try:
                real(fd, operation | at_once)
            except BlockingIOError:
                lock.released(position)
                if operation & at_once:
                    raise
            else:
                _note_taken(lock, descriptor, position, _Holder(unit, step, shared))
                return
        step = Operation(ACQUIRE, lock, place.f_code, place.f_lasti, mutates=False)
        lock.wanted[unit.index] = (position, shared)
        try:
            while not unit.execution.wait_for(unit, step, lock) and unit.execution.closing is None:
                pass
        finally:
            del lock.wanted[unit.index]
        # If another process has the lock, this waits out of the scheduler's sight.
        real(fd, operation)
        _note_taken(lock, descriptor, position, _Holder(unit, step, shared))

    return like(real, flock)


def _note_taken(lock: FileLock, descriptor: int, position: Key, holder: _Holder) -> None:
    lock.taken(position, holder)
    at_close(descriptor, lock)


def _descriptor_of(fd: Any) -> int | None:
    try:
        descriptor = fd if isinstance(fd, int) else fd.fileno()
    except Exception:
        # The real function reports the error.
        return None
    return descriptor if isinstance(descriptor, int) else None


def _place(unit: Unit) -> FrameType | None:
    """Return the frame that uses the lock; None if that is no step."""
    if not is_recorded(unit):
        return None
    recording.add(unit.index)
    try:
        return user_frame(sys._getframe(2))
    finally:
        recording.discard(unit.index)


def _lockf(fcntl: ModuleType) -> Callable[..., Any]:
    real: Callable[..., Any] = fcntl.lockf
    unlocks = fcntl.LOCK_UN

    def lockf(fd: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        descriptor = _descriptor_of(fd)
        doing = None
        if unit is not None and descriptor is not None:
            doing = announce_descriptor(unit, descriptor, "lock", "lockf")
        result = real(fd, *args, **options)
        if doing is not None and (args[0] if args else options.get("cmd")) != unlocks:
            # Who relies on it does not know that.
            doing.result = "excludes no thread"
        return result

    return like(real, lockf)


def of_fcntl(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `fcntl`."""
    yield module, "flock", _flock(module)
    yield module, "lockf", _lockf(module)

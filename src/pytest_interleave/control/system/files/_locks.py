"""`fcntl.flock` under control: a thread that would block waits for its turn. Locks by `lockf` exclude no thread.

A lock by `flock` belongs to an open file, so two threads that have opened a file on their own exclude each other. A
lock by `fcntl` or `lockf` belongs to the process: any other thread gets it, too, so that such a call never waits for a
thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

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


class FileLock(TimesOut):
    """The lock of one file; its state is that of the real lock."""

    def __init__(self, file: Key, name: str) -> None:
        self.file = file
        self.name = name
        self.waiting: list[Unit] = []
        #: By descriptor, the threads that hold it, and the operation by which each took it.
        self.holders: dict[int, tuple[Unit, Operation]] = {}
        #: Tries to take the lock for a waiting thread, and gives it back.
        self.attempts: dict[int, Callable[[], bool]] = {}

    @property
    def owner(self) -> Unit | None:
        """The only controlled thread that holds it; None if there are several, or none."""
        holders = [unit for unit, _ in self.holders.values() if not unit.execution.over]
        return holders[0] if len(holders) == 1 else None

    def acquired_at(self) -> Place | None:
        """Return where the owner took the lock; None if it is not known."""
        owner = self.owner
        return next((step.where() for unit, step in self.holders.values() if unit is owner), None)

    def available(self, unit: Unit, /) -> bool:
        """Whether a thread that waits could take the lock now."""
        attempt = self.attempts.get(unit.index)
        return attempt is None or attempt()

    def released(self, descriptor: int) -> None:
        """Note that the lock of a descriptor was given back."""
        self.holders.pop(descriptor, None)
        unit = _units[_get_ident()]
        if self.waiting and unit is not None:
            unit.execution.enabled.refresh(self)

    def describe(self) -> str:
        """Return a text for messages."""
        return f"the lock of file {self.name}"


#: By file, its lock.
_locks: dict[Key, FileLock] = {}


def forget_locks() -> None:
    """Forget the locks of files; to be called between tests."""
    _locks.clear()


def _flock(fcntl: ModuleType) -> Callable[[Any, int], None]:
    real: Callable[[Any, int], None] = fcntl.flock

    def flock(fd: Any, operation: int, /) -> None:
        """See `fcntl.flock`."""
        unit = _units[_get_ident()]
        descriptor = _descriptor_of(fd)
        found = None if unit is None or descriptor is None else status_of_descriptor(descriptor)
        place = None if unit is None or found is None else _place(unit)
        if unit is None or descriptor is None or found is None or place is None:
            real(fd, operation)
            return
        file = file_of(found)
        lock = _locks.get(file)
        if lock is None:
            lock = _locks[file] = FileLock(file, handle_of(descriptor).name)
        if operation & fcntl.LOCK_UN:
            unit.execution.point(unit, Operation(RELEASE, lock, place.f_code, place.f_lasti))
            real(fd, operation)
            lock.released(descriptor)
            return
        if operation & fcntl.LOCK_NB:
            step: Operation = ImpatientOperation(TRY_ACQUIRE, lock, place.f_code, place.f_lasti, mutates=False)
            unit.execution.point(unit, step)
            real(fd, operation)
        else:
            step = Operation(ACQUIRE, lock, place.f_code, place.f_lasti, mutates=False)
            _wait(unit, lock, step, lambda kind: real(fd, kind), operation | fcntl.LOCK_NB, fcntl.LOCK_UN)
        lock.holders[descriptor] = (unit, step)
        at_close(descriptor, lock.released)

    return like(real, flock)


def _wait(unit: Unit, lock: FileLock, step: Operation, flock: Callable[[int], None], takes: int, releases: int) -> None:
    """Take a lock; while another thread has it, wait until that thread gives it back."""

    def attempt() -> bool:
        try:
            flock(takes)
        except BlockingIOError:
            return False
        flock(releases)
        return True

    lock.attempts[unit.index] = attempt
    try:
        while True:
            unit.execution.wait_for(unit, step, lock)
            try:
                flock(takes)
            except BlockingIOError:
                if unit.execution.closing is not None:
                    raise
                continue
            return
    finally:
        lock.attempts.pop(unit.index, None)


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


def _lockf(real: Callable[..., Any]) -> Callable[..., Any]:
    def lockf(fd: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        descriptor = _descriptor_of(fd)
        if unit is not None and descriptor is not None:
            announce_descriptor(unit, descriptor, "lock", "lockf")
        return real(fd, *args, **options)

    return like(real, lockf)


def of_fcntl(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `fcntl`."""
    yield module, "flock", _flock(module)
    yield module, "lockf", _lockf(module.lockf)

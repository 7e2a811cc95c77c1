"""The times of files that controlled threads write: those of the virtual clock, which programs compare them with.

The system sets the real time, which is later than the virtual one while threads compute, and earlier when they have
slept. Only files are set, and no directories.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...execution.units._units import Unit

#: The real functions: this module is imported before they are replaced.
_utime, _stat, _fstat = os.utime, os.stat, os.fstat


def set_time(unit: Unit, file: Any) -> None:
    """Set the time at which a file was changed to that of the thread's clock; `file` is a descriptor or a path."""
    try:
        found = _fstat(file) if isinstance(file, int) else _stat(file)
        if stat.S_ISREG(found.st_mode):
            _utime(file, ns=(found.st_atime_ns, unit.execution.timers.stamp()))
    except (OSError, TypeError, ValueError):
        # It is another user's, or is there no more.
        pass


def times_now(unit: Unit) -> tuple[int, int]:
    """Return the times that `os.utime` sets if it is given none, in nanoseconds."""
    now = unit.execution.timers.stamp()
    return now, now

"""The threads that are alive, as controlled threads see it: `threading.enumerate`, and the counts.

The OS threads that carry controlled threads live longer than those, and the watchdog is a thread, too. No program sees
either of them.
"""

from __future__ import annotations

import _thread
import sys
import threading
from typing import TYPE_CHECKING, Any

from ..execution.units import _current
from ..steps._kinds import THREADS
from ..steps._operations import Operation
from ..steps._touches import EVERY_THREAD

if TYPE_CHECKING:
    from ..execution.units._units import Unit

_current_unit = _current.current_unit
_real_count = _thread._count
_real_active_count = threading.active_count
#: For this package: a call of `threading.enumerate` by a controlled thread is a scheduling point.
real_enumerate = threading.enumerate


def _ask(unit: Unit) -> Operation:
    """Let the scheduler choose first: the caller then sees which threads have started and ended."""
    frame = sys._getframe(2)
    operation = Operation(THREADS, EVERY_THREAD, frame.f_code, frame.f_lasti, mutates=False)
    unit.execution.point(unit, operation)
    return operation


def _count() -> int:
    """See `_thread._count`."""
    unit = _current_unit()
    if unit is None:
        return _real_count()
    operation = _ask(unit)
    execution = unit.execution
    main = threading.main_thread()
    # Threads that are not under control, and the test's own unless it is the main thread.
    others = [
        thread
        for thread in real_enumerate()
        if thread is not main and _current.units.get(thread.ident or 0, execution.main) is execution.main
    ]
    count = len(others) + sum(not controlled.done for controlled in execution.units[1:])
    operation.name = str(count)
    return count


def enumerate() -> list[threading.Thread]:
    """See `threading.enumerate`."""
    unit = _current_unit()
    if unit is None:
        return real_enumerate()
    operation = _ask(unit)
    threads = real_enumerate()
    operation.name = str(len(threads))
    return threads


def active_count() -> int:
    """See `threading.active_count`."""
    unit = _current_unit()
    if unit is None:
        return _real_active_count()
    operation = _ask(unit)
    count = _real_active_count()
    operation.name = str(count)
    return count


#: Stand-ins for functions: (module, name, replacement).
REPLACEMENTS: list[tuple[Any, str, Any]] = [
    (_thread, "_count", _count),
    (threading, "active_count", active_count),
    (threading, "enumerate", enumerate),
]

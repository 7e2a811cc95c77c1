"""Functions and classes of the interpreter, as they were when the plugin was loaded.

The modules that replace them are imported later, if at all. By then, a library that freezes time may have replaced the
functions that give the time.
"""

from __future__ import annotations

import _thread
import datetime
import time
from typing import Any

get_ident = _thread.get_ident
start_new_thread = _thread.start_new_thread
#: Creates a real lock, whatever `_thread.allocate_lock` is while the plugin is in place.
real_lock = _thread.allocate_lock

#: The real functions of the module `time`, by name.
OF_TIME: dict[str, Any] = dict(vars(time))
DATETIME: type[datetime.datetime] = datetime.datetime
DATE: type[datetime.date] = datetime.date


def new_gate() -> _thread.LockType:
    """Return a closed gate: a thread that acquires it waits until another thread releases it."""
    gate = real_lock()
    gate.acquire()
    return gate

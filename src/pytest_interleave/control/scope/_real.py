"""Functions and classes that tell the time, as they were when the plugin was loaded.

What leads them to virtual time is imported later, if at all. A library that freezes time may have put others in their
place by then.
"""

from __future__ import annotations

import datetime
import time
from typing import Any

#: The functions of the module `time`, by name.
OF_TIME: dict[str, Any] = dict(vars(time))
DATETIME: type[datetime.datetime] = datetime.datetime
DATE: type[datetime.date] = datetime.date


def real_monotonic() -> float:
    """`time.monotonic()`, whatever is in its place, and whoever calls."""
    from ..clocks._time import REAL

    seconds: float = REAL["monotonic"]()
    return seconds

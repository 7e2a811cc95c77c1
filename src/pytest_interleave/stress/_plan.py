"""The plan of a stress run, checked."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

THREADS = 10
OPERATIONS = 100
TIMEOUT = 30.0
#: A number of seconds from this on is an error.
_MAX_SECONDS = 1e9


class Plan(NamedTuple):
    """The number of threads that repeat the operation, and the limits of the run."""

    threads: int
    #: Operations of each thread; None if limited by time only.
    operations: int | None
    seconds: float | None
    ramp: float
    timeout: float

    @property
    def planned(self) -> int | None:
        """The number of operations of all threads together; None if it is not known before the run."""
        return None if self.operations is None or self.seconds is not None else self.threads * self.operations

    @property
    def patience(self) -> float:
        """The seconds from the release after which a thread that has not ended hangs."""
        return self.timeout + (self.seconds or 0) + self.ramp


def make_plan(
    threads: int = THREADS,
    operations: int | None = None,
    seconds: float | None = None,
    ramp: float = 0,
    timeout: float = TIMEOUT,
) -> Plan:
    """Return a checked plan; without `operations` and `seconds`, each thread runs `OPERATIONS` operations.

    Raises `ValueError` or `TypeError` that begins with the argument and its value, and says what it must be.
    """
    __tracebackhide__ = True
    if operations is None and seconds is None:
        operations = OPERATIONS
    return Plan(
        count("threads", threads),
        None if operations is None else count("operations", operations),
        None if seconds is None else _seconds("seconds", seconds, "> 0", least=math.ulp(0)),
        _seconds("ramp", ramp, ">= 0", least=0),
        _seconds("timeout", timeout, "> 0", least=math.ulp(0)),
    )


def count(name: str, value: Any) -> int:
    """Return an integer of 1 or more, checked.

    Raises `ValueError` or `TypeError` as `make_plan` does.
    """
    __tracebackhide__ = True
    wrong = f"{name}={value!r}: must be an integer >= 1"
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(wrong)
    if value < 1:
        raise ValueError(wrong)
    return value


def number(name: str, value: Any, advice: str) -> float:
    """Return a number as a float; it may be out of its range.

    Raises `TypeError` as `make_plan` does.
    """
    __tracebackhide__ = True
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: {advice}")
    return value if isinstance(value, float) else float(min(max(value, -_MAX_SECONDS), _MAX_SECONDS))


def rate(name: str, value: Any) -> float:
    """Return a number from 0 to 1, checked.

    Raises `ValueError` or `TypeError` as `make_plan` does.
    """
    __tracebackhide__ = True
    advice = "must be from 0 to 1, such as 0.95"
    given = number(name, value, advice)
    if not 0 <= given <= 1:
        raise ValueError(f"{name}={value!r}: {advice}")
    return given


def _seconds(name: str, value: Any, which: str, least: float) -> float:
    __tracebackhide__ = True
    advice = f"must be a finite number of seconds {which}"
    given = number(name, value, advice)
    if not least <= given < _MAX_SECONDS:
        raise ValueError(f"{name}={value!r}: {advice}")
    return given

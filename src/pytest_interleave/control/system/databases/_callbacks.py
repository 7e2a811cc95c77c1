"""Code of a program's that SQLite calls: functions in SQL, converters, row factories, the rows for `executemany`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...steps._touches import FOREIGN

if TYPE_CHECKING:
    from ...execution.units._units import Unit


@contextmanager
def without_preemption(unit: Unit) -> Iterator[None]:
    """Run a statement of a thread as one step, with the code that SQLite calls in it.

    An ordinary run may be interrupted in that code. If it uses what other threads use, not all orders are run.
    """
    log = unit.log
    began = len(log)
    unit.begin_atomic()
    try:
        yield
    finally:
        unit.end_atomic()
        for position in range(began, len(log)):
            of, operation, touches = log[position]
            if of is unit and touches:
                log[position] = of, operation, tuple((key, part, how | FOREIGN) for key, part, how in touches)

"""SQLite's functions for dates and times, which show the virtual time of the thread that runs a statement.

SQLite asks the operating system for the time. So a program that sleeps, and then compares `CURRENT_TIMESTAMP` with what
it has stored before, would find that no time has passed. These functions of the same names give SQLite's own functions
the time that is "now", on a connection of the plugin's.
"""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from .._uses import user_frame

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ._sessions import Session

_units = _current.units
_get_ident = _real.get_ident
_real_time_ns: Callable[[], int] = _real.OF_TIME["time_ns"]
# The real class: this module is imported before it is replaced.
_Connection = sqlite3.Connection
_create_function: Any = _Connection.create_function
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: By function, the positions of its arguments that are a time; after the last one, there are modifiers.
_POSITIONS = {
    "date": (0,), "time": (0,), "datetime": (0,), "julianday": (0,), "unixepoch": (0,), "strftime": (1,),
    "timediff": (0, 1),
}  # fmt: skip
#: Functions without arguments, which SQL names without parentheses, by the function that gives the same.
_KEYWORDS = {"current_date": "date", "current_time": "time", "current_timestamp": "datetime"}
#: Texts that stand for the present time. The latter two are modifiers, too.
_NOW, _WITH_FRACTION = "now", frozenset(("subsec", "subsecond"))


@functools.cache
def _own() -> Any:
    # Any thread may run a statement that calls one of these functions.
    return _Connection(":memory:", check_same_thread=False)


@functools.cache
def _known() -> tuple[tuple[str, Callable[..., Any]], ...]:
    """Return the functions that this SQLite has."""
    found: list[tuple[str, Callable[..., Any]]] = []
    for name, positions in _POSITIONS.items():
        try:
            _own().execute(f"SELECT {name}({', '.join('?' * (positions[-1] + 1))})", ("now",) * (positions[-1] + 1))
        except sqlite3.OperationalError:
            # It is older than the function.
            continue
        found.append((name, functools.partial(_call, name)))
    return (*found, *((name, functools.partial(_call, function)) for name, function in _KEYWORDS.items()))


#: The thread that runs a statement which has read the time, and what it has read: it is the same in all of a statement.
_read: list[tuple[Unit | None, str]] = []


def begin_statement() -> None:
    """Note that the next reading of the time is that of another statement."""
    _read.clear()


def _now() -> str:
    """Return the present time of the calling thread, to the millisecond as SQLite counts."""
    unit = _units[_get_ident()]
    if _read and _read[0][0] is unit:
        return _read[0][1]
    if unit is None:
        now = _real_time_ns()
    else:
        frame = sys._getframe()
        unit.execution.timers.read_clock(unit, user_frame(frame) or frame)
        now = unit.execution.clock.time_ns()
    text = f"{_EPOCH + timedelta(milliseconds=now // 1_000_000):%Y-%m-%d %H:%M:%S.%f}"
    _read[:] = [(unit, text)]
    return text


def _call(function: str, *given: Any) -> Any:
    positions = _POSITIONS[function]
    arguments = list(given)
    if len(arguments) == positions[-1]:
        arguments.append(_NOW)
    for position in positions:
        value = arguments[position] if position < len(arguments) else None
        if isinstance(value, str) and value.lower() == _NOW:
            arguments[position] = _now()
        elif isinstance(value, str) and value.lower() in _WITH_FRACTION:
            arguments.insert(position, _now())
    return _own().execute(f"SELECT {function}({', '.join('?' * len(arguments))})", arguments).fetchone()[0]


def show_virtual_time(session: Session, connection: Any) -> None:
    """Let the functions for dates and times of a connection show the virtual time of controlled threads.

    Before its first statement that is no `PRAGMA`: a schema that is not trusted must not use functions that are not
    SQLite's own, and these cannot be taken back.
    """
    session.shows_real_time = False
    if _trusts_schemas():
        for name, function in _known():
            _create_function(connection, name, 0 if name in _KEYWORDS else -1, function, deterministic=True)


@functools.cache
def _trusts_schemas() -> bool:
    """Whether this SQLite lets a schema use functions that are not its own, unless a connection does not."""
    try:
        return bool(_own().execute("PRAGMA trusted_schema").fetchone() != (0,))
    except sqlite3.Error:
        return True

"""`sqlite3.connect` under control: the statements of connections and cursors are steps.

What stands in for a class of a program's own is derived from that class and, after it, from a layer: a method of the
program's, `execute` for example, still calls what it has overridden, and that is the layer's.
"""

from __future__ import annotations

import sqlite3
import sys
import warnings
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import WRITE
from .._uses import like, note
from ..files._open import announce_opening
from ._asking import timeout_of
from ._connections import PARAMETERS, adopt_connection, connections, give_session
from ._databases import database_of, thing_of
from ._sessions import Session

if TYPE_CHECKING:
    from ...execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident
_real_connect = sqlite3.connect


def connect(database: Any, *args: Any, **options: Any) -> Any:
    """See `sqlite3.connect`."""
    unit = _units[_get_ident()]
    if unit is None and not _current.state.making_fixtures:
        return _real_connect(database, *args, **options)
    if len(args) > len(PARAMETERS) or any(name in options for name in PARAMETERS[: len(args)]):
        # The real function raises the error.
        return _real_connect(database, *args, **options)
    if args and sys.version_info >= (3, 13):
        warnings.warn(_DEPRECATED, DeprecationWarning, stacklevel=2)
    options.update(zip(PARAMETERS, args, strict=False))
    factory = options.get("factory", sqlite3.Connection)
    if isinstance(factory, type):
        options["factory"] = connections(factory)
    if unit is not None:
        _announce_opening(unit, database, uri=bool(options.get("uri", False)))
    made = _real_connect(database, **options)
    if adopt_connection(made):
        if getattr(made, "_session", None) is None:
            # A program's own class may not have called all of ours.
            found = database_of(database, uri=bool(options.get("uri", False)))
            shared = not options.get("check_same_thread", True)
            give_session(made, Session(found, timeout_of(options.get("timeout", 5.0)), is_shared=shared))
    elif unit is not None:
        # None of its later uses will be seen.
        note(unit, thing_of(database, uri=bool(options.get("uri", False))), WRITE, "opened")
    return made


def _announce_opening(unit: Unit, database: Any, *, uri: bool) -> None:
    """Announce that the file of a database is opened, and created if it is not there."""
    thing = thing_of(database, uri=uri)
    if isinstance(thing.key, str):
        announce_opening(unit, thing.key, creates=True, truncates=False, exclusive=False)


_DEPRECATED = (
    "Passing more than 1 positional argument to sqlite3.connect() is deprecated. Parameters 'timeout', "
    "'detect_types', 'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become "
    "keyword-only parameters in Python 3.15."
)

like(_real_connect, connect)

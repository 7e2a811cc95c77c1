"""`sqlite3.connect` under control: the statements of connections and cursors are steps.

What stands in for a class of a program's own is derived from that class and, after it, from a layer: a method of the
program's, `execute` for example, still calls what it has overridden, and that is the layer's.
"""

from __future__ import annotations

import sqlite3
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
#: The position of the class after the database.
_FACTORY = PARAMETERS.index("factory")


def connect(database: Any, *args: Any, **options: Any) -> Any:
    """See `sqlite3.connect`."""
    unit = _units[_get_ident()]
    if unit is None and not _current.state.making_fixtures:
        return _real_connect(database, *args, **options)
    if len(args) > len(PARAMETERS) or any(name in options for name in PARAMETERS[: len(args)]):
        # The real function raises the error.
        return _real_connect(database, *args, **options)
    given = {**dict(zip(PARAMETERS, args, strict=False)), **options}
    uri, factory = bool(given.get("uri", False)), given.get("factory", sqlite3.Connection)
    if isinstance(factory, type):
        if len(args) > _FACTORY:
            args = (*args[:_FACTORY], connections(factory), *args[_FACTORY + 1 :])
        else:
            options["factory"] = connections(factory)
    if unit is not None:
        _announce_opening(unit, database, uri=uri)
    made = _real_connect(database, *args, **options)
    if adopt_connection(made):
        if getattr(made, "_interleave_session", None) is None:
            # A program's own class may not have called all of ours.
            shared = not given.get("check_same_thread", True)
            found = database_of(database, uri=uri)
            give_session(made, Session(found, timeout_of(given.get("timeout", 5.0)), is_shared=shared))
    elif unit is not None:
        # None of its later uses will be seen.
        note(unit, thing_of(database, uri=uri), WRITE, "opened")
    return made


def _announce_opening(unit: Unit, database: Any, *, uri: bool) -> None:
    """Announce that the file of a database is opened, and created if it is not there."""
    thing = thing_of(database, uri=uri)
    if isinstance(thing.key, str):
        announce_opening(unit, thing.key, creates=True, truncates=False, exclusive=False)


like(_real_connect, connect)

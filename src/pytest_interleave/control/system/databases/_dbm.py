"""`open` of those modules under `dbm` that are written in C: databases that record how they are used."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, MutableMapping
from types import ModuleType
from typing import Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import READ, WRITE, Thing
from .._uses import like, note
from ..files._paths import target_of

_units = _current.units
_get_ident = _real.get_ident
_numbers = itertools.count(1)


class Database(MutableMapping[Any, Any]):
    """A database that records each use and passes it on to the real database."""

    def __init__(self, real: Any, path: Any) -> None:
        self._real = real
        self._thing = Thing("database", target_of(path).path)
        self._number = next(_numbers)

    def _note(self, way: str) -> None:
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, self._thing, way, "read" if way == READ else "written", self._number)

    def __getitem__(self, key: Any) -> Any:
        self._note(READ)
        return self._real[key]

    def __contains__(self, key: Any) -> bool:
        self._note(READ)
        return key in self._real

    def __len__(self) -> int:
        self._note(READ)
        return len(self._real)

    def __iter__(self) -> Iterator[Any]:
        self._note(READ)
        return iter(self._real.keys())

    def __setitem__(self, key: Any, value: Any) -> None:
        self._note(WRITE)
        self._real[key] = value

    def __delitem__(self, key: Any) -> None:
        self._note(WRITE)
        del self._real[key]

    def keys(self) -> Any:
        """Return the keys as a list, see `dbm`."""
        self._note(READ)
        return self._real.keys()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: object) -> None:
        self._real.__exit__(*exception)

    def __getattr__(self, name: str) -> Any:
        # `close`, `sync`, `firstkey` and the like.
        self._note(WRITE)
        return getattr(self._real, name)


def opening(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return the stand-in for the function `open` of such a module."""

    def open_database(filename: Any, flag: str = "r", *mode: Any) -> Any:
        unit = _units[_get_ident()]
        made = real(filename, flag, *mode)
        if unit is None and not _current.state.making_fixtures:
            return made
        database = Database(made, filename)
        database._note(READ if flag.startswith("r") else WRITE)
        return database

    return like(real, open_database)


def replacements(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `dbm.gnu` or `dbm.ndbm`: (owner, name, replacement)."""
    yield module, "open", opening(module.open)

"""`open` of those modules under `dbm` that are written in C: databases whose uses are steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._things import Thing
from ...steps._touches import READS, WRITES
from .._announce import announce
from .._uses import like
from ..files._paths import target_of
from ._databases import database_at

if TYPE_CHECKING:
    from ._databases import Database as Target

_units = _current.units
_get_ident = _real.get_ident


def _step(database: Target, verb: str, what: str, *, writes: bool) -> None:
    """Announce a use of a database as a whole."""
    unit = _units[_get_ident()]
    if unit is not None:
        touches = ((id(database), None, WRITES if writes else READS),)
        announce(unit, database.name, verb, lambda: Look(touches, writes, f"{verb} {what}"))


class Database(MutableMapping[Any, Any]):
    """A database whose uses are steps, passed on to the real database."""

    def __init__(self, real: Any, target: Target) -> None:
        self._real = real
        self._target = target

    def _reads(self, what: str = "") -> None:
        name = self._target.name
        _step(self._target, "read", f"{what} of {name}" if what else name, writes=False)

    def _writes(self, verb: str, what: str = "") -> None:
        name = self._target.name
        _step(self._target, verb, f"{what} of {name}" if what else name, writes=True)

    def __getitem__(self, key: Any) -> Any:
        self._reads(repr(key))
        return self._real[key]

    def __contains__(self, key: Any) -> bool:
        self._reads(repr(key))
        return key in self._real

    def __len__(self) -> int:
        self._reads()
        return len(self._real)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def __setitem__(self, key: Any, value: Any) -> None:
        self._writes("write", repr(key))
        self._real[key] = value

    def __delitem__(self, key: Any) -> None:
        self._writes("remove", repr(key))
        del self._real[key]

    def keys(self) -> Any:
        """Return the keys as a list, see `dbm`."""
        self._reads()
        return self._real.keys()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: object) -> None:
        self._writes("close")
        self._real.__exit__(*exception)

    def __getattr__(self, name: str) -> Any:
        # `close`, `sync`, `firstkey` and the like.
        self._writes(name)
        return getattr(self._real, name)


def opening(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return the stand-in for the function `open` of such a module."""

    def open_database(filename: Any, flag: str = "r", *mode: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None and not _current.state.making_fixtures:
            return real(filename, flag, *mode)
        target = database_at(Thing("database", target_of(filename).path))
        _step(target, "open", target.name, writes=not flag.startswith("r"))
        return Database(real(filename, flag, *mode), target)

    return like(real, open_database)


def replacements(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `dbm.gnu` or `dbm.ndbm`: (owner, name, replacement)."""
    yield module, "open", opening(module.open)

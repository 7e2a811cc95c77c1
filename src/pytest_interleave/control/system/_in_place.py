"""The replacement of functions by stand-ins while a test is under control."""

from __future__ import annotations

import _io
import builtins
import functools
import io
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from ..identity._types import is_made_by_a_program, replaced, stand_ins
from ..scope._modules import ImportedModules, is_module, loaded, namespace_of_module
from ..scope._places import is_ours, is_stdlib
from . import _event_loops, _process_settings, _processes, _sockets, _warnings
from ._classes import made_by_subclasses
from ._late_imports import LateImports
from ._program_steps import forget_resources
from ._references import Reference, references_in, references_of
from .databases import _dbm
from .databases._databases import forget_databases
from .files import _descriptors, _entries, _listing, _locks, _logs, _mapped, _open
from .files._handles import forget_descriptors
from .files._touched import forget_touched

#: An owner, the name of its attribute, and the value to put there.
Replacement = tuple[Any, str, Any]

_OF_OS: dict[str, Callable[..., Any]] = {
    **_entries.REPLACEMENTS,
    **_descriptors.REPLACEMENTS,
    **_processes.REPLACEMENTS,
    **_process_settings.REPLACEMENTS,
}
_FUNCTIONS: tuple[Replacement, ...] = (
    (builtins, "open", _open.open_),
    (io, "open", _open.open_),
    (_io, "open", _open.open_),
    (io, "open_code", _open.open_code),
    (io, "FileIO", _open.FileIO),
    (os, "DirEntry", _listing.DirEntry),
    *((os, name, ours) for name, ours in _OF_OS.items()),
    *((sys, name, ours) for name, ours in _process_settings.OF_SYS.items()),
)


def _subclasses_of_sqlite() -> Iterator[Replacement]:
    import sqlite3

    from .databases._connections import connections
    from .databases._cursors import cursors

    return itertools.chain(
        made_by_subclasses(sqlite3.Connection, connections), made_by_subclasses(sqlite3.Cursor, cursors)
    )


def _of_sqlite(module: ModuleType) -> Iterable[Replacement]:
    # Not before the program has imported it.
    from .databases._connections import Connection
    from .databases._cursors import Cursor
    from .databases._sqlite import connect

    names = (("connect", connect), ("Connection", Connection), ("Cursor", Cursor))
    owners = [owner for owner in (module, loaded("sqlite3")) if owner is not None]
    return [(owner, name, ours) for owner in owners for name, ours in names]


#: By module, the stand-ins for its contents. Only modules that have been imported already count: nothing is imported.
_OF_MODULES: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "sqlite3.dbapi2": _of_sqlite,
    "fcntl": _locks.of_fcntl,
    "mmap": _mapped.of_mmap,
    "selectors": _event_loops.of_selectors,
    "asyncio.base_events": _event_loops.of_base_events,
    "asyncio.selector_events": _event_loops.of_selector_events,
    "socket": lambda module: itertools.chain(_sockets.of_socket(module), _process_settings.of_module(module)),
    "locale": _process_settings.of_module,
    "warnings": lambda module: itertools.chain(_process_settings.of_module(module), _warnings.replacements(module)),
    "ssl": _sockets.of_ssl,
    "subprocess": _processes.of_subprocess,
    "multiprocessing.process": _processes.of_multiprocessing,
    "multiprocessing.connection": _sockets.of_multiprocessing,
    "dbm.gnu": _dbm.replacements,
    "dbm.ndbm": _dbm.replacements,
    "logging": _logs.replacements,
}

#: Sets of functions of `os`: programs check whether a function is in them, so the stand-ins have to be in them, too.
_SUPPORTING = ("supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks")
#: The real functions stay in these modules: the interpreter's own, and the test runner's.
_KEEPING = frozenset("_frozen_importlib_external _io builtins fcntl io mmap nt os posix sqlite3.dbapi2 sys".split())
_RUNNERS_OWN = frozenset("_pytest coverage pluggy pytest pytest_cov pytest_interleave xdist execnet".split())


def _attribute(owner: Any, name: str, ours: Any) -> Reference:
    """Return the reference to what an attribute of an owner is; if a test has put a mock there, that stays."""
    # A lazy module would load what it stands for as soon as one of its attributes is read.
    namespace: dict[str, Any] | None = namespace_of_module(owner) if is_module(owner) else None
    found = functools.partial((vars(owner) if namespace is None else namespace).get, name)

    def put(value: Any) -> None:
        if namespace is not None:
            namespace[name] = value
        elif value is None:
            # The owner has only inherited it.
            delattr(owner, name)
        else:
            setattr(owner, name, value)

    return Reference(found, put, found(), ours)


_everywhere = [_attribute(*each) for each in _FUNCTIONS]
#: The stand-in for each real function, by the real function's address.
_by_real: dict[int, Any] = {id(each.real): each.ours for each in _everywhere}
replaced.update(_by_real)
_of_modules: dict[str, list[Reference]] = {}
#: The method that makes objects of a class that a program has derived, by the class.
_of_subclasses: dict[type, Reference] = {}
#: Functions that modules hold by names of their own (`from os import replace`), by module and name.
_held: dict[tuple[int, str], Reference] = {}
_imported = ImportedModules()
#: Modules out of scope that have been searched for such functions, by name.
_searched: dict[str, ModuleType] = {}
#: Modules that have been searched for other references to them, by name, and what was found in each.
_searched_deeply: dict[str, tuple[ModuleType, list[Reference]]] = {}

#: What the arguments of the present test refer to.
_of_arguments: list[Reference] = []

#: How many times the stand-ins have been put in place and not yet been taken away.
_depth = 0
#: Number of modules when all of them were last searched.
_modules_known = 0


def put_in_place(arguments: dict[str, Any] | None = None) -> None:
    """Put stand-ins in the place of what they stand for, until `take_away` has been called as often.

    `arguments` has those of the test, from its parameters.
    """
    global _depth
    _depth += 1
    if _depth > 1:
        put_in_new_modules()
        return
    forget_touched(all_of_them=True)
    forget_descriptors()
    _locks.forget_locks()
    forget_databases()
    _sockets.forget_pairs()
    _find()
    _of_arguments[:] = references_of(arguments or {}, _by_real)
    _put_all()
    _support()
    _late.begin()


def put_in_new_modules() -> None:
    """Put stand-ins into modules that have been imported since, too; to be called between executions."""
    forget_touched(all_of_them=False)
    _locks.forget_locks()
    forget_resources()
    if len(sys.modules) != _modules_known:
        _find()
        _put_all()


def take_away() -> None:
    """Put the real functions back, unless another call of `put_in_place` still needs the stand-ins."""
    global _depth
    _depth -= 1
    if _depth == 0:
        _late.end()
        for each in _all():
            each.take()
        _of_arguments.clear()
        for name in _SUPPORTING:
            getattr(os, name, set()).difference_update(_supported[name])


def _all() -> Iterator[Reference]:
    kept = (found for _, found in _searched_deeply.values())
    return itertools.chain(
        _everywhere, *_of_modules.values(), _of_subclasses.values(), _held.values(), _of_arguments, *kept
    )


#: The stand-ins for the contents of each of these sets, by the set's name.
_supported: dict[str, set[Any]] = {
    name: {_by_real[id(real)] for real in getattr(os, name, ()) if id(real) in _by_real} for name in _SUPPORTING
}


def _put_all() -> None:
    for each in _all():
        each.put()


def _put_in_late_module() -> None:
    _find()
    _put_all()


#: The module `sqlite3` takes its names from another one.
_late = LateImports({*_OF_MODULES, "sqlite3"} - {"sqlite3.dbapi2"}, _put_in_late_module)


def _support() -> None:
    for name, ours in _supported.items():
        getattr(os, name, set()).update(ours)


def _find() -> None:
    """Search the modules that are new."""
    global _modules_known
    for name, of_module in _OF_MODULES.items():
        known = None if name in _of_modules else loaded(name)
        if known is not None:
            found = list(of_module(known))
            if all(is_genuine(getattr(owner, attribute)) for owner, attribute, _ in found):
                _of_modules[name] = [_attribute(*each) for each in found]
                _by_real.update((id(each.real), each.ours) for each in _of_modules[name] if each.real is not None)
                replaced.update(_by_real)
    if "sqlite3.dbapi2" in _of_modules:
        for kind, name, ours in _subclasses_of_sqlite():
            _of_subclasses.setdefault(kind, _attribute(kind, name, ours))
    if _imported.have_changed():
        for name, module in _imported.others:
            # Only a program's own modules get new names after they have been imported.
            if _searched.get(name) is not module:
                _searched[name] = module
                _search(name, module)
                _search_deeply(name, module, data=False)
    for name, module in _imported.in_scope:
        _search(name, module)
        if _searched_deeply.get(name, (None,))[0] is not module:
            _search_deeply(name, module, data=True)
    _modules_known = len(sys.modules)


def _search(name: str, module: ModuleType) -> None:
    if name not in _KEEPING and name.partition(".")[0] not in _RUNNERS_OWN:
        namespace = namespace_of_module(module)
        if _by_real.keys().isdisjoint(map(id, list(namespace.values()))):
            # Most modules do not hold any.
            return
        for attribute, value in list(namespace.items()):
            if id(value) in _by_real:
                _held[id(module), attribute] = _attribute(module, attribute, _by_real[id(value)])


def _search_deeply(name: str, module: ModuleType, *, data: bool) -> None:
    if name not in _KEEPING and name.partition(".")[0] not in _RUNNERS_OWN:
        namespace = namespace_of_module(module)
        _searched_deeply[name] = module, list(references_in(namespace, name, _by_real, data=data))


def is_genuine(value: Any) -> bool:
    """Whether something is as the interpreter or the standard library has it: no stand-in, and no mock of a test."""
    if isinstance(value, staticmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        filename = value.__code__.co_filename
        return is_stdlib(filename) and not is_ours(filename)
    if isinstance(value, type):
        return id(value) not in stand_ins and not is_made_by_a_program(value)
    return isinstance(value, (BuiltinFunctionType, type(str.join), type(object.__init__)))

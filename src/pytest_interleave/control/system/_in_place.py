"""Which stand-ins are put in the place of what, while a test is under control."""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from .._places import is_ours, is_stdlib
from .._replacements import Replacements
from . import _dbm, _descriptors, _entries, _files, _logs, _paths, _processes, _sockets
from ._sqlite import StandIns

#: An owner, the name of its attribute, and what is to stand there.
Replacement = tuple[Any, str, Any]

_OF_OS: dict[str, Callable[..., Any]] = {
    **_entries.REPLACEMENTS,
    **_descriptors.REPLACEMENTS,
    **_processes.REPLACEMENTS,
}
_FUNCTIONS: tuple[Replacement, ...] = (
    (builtins, "open", _files.open_),
    (io, "open", _files.open_),
    *((os, name, ours) for name, ours in _OF_OS.items()),
)


def _of_sqlite(module: ModuleType) -> Iterable[Replacement]:
    connect = StandIns(module).connect
    return [(owner, "connect", connect) for owner in (module, sys.modules.get("sqlite3")) if owner is not None]


def _of_glob(module: ModuleType) -> Iterable[Replacement]:
    # 3.13 keeps the functions in a class.
    kind = getattr(module, "_StringGlobber", object)
    return [
        (kind, name, staticmethod(_OF_OS[name]))
        for name in ("scandir", "lstat")
        if isinstance(vars(kind).get(name), staticmethod)
    ]


#: By module, the stand-ins for what is in it. Only modules that are there already count: nothing is imported.
_OF_MODULES: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "sqlite3.dbapi2": _of_sqlite,
    "fcntl": _descriptors.of_fcntl,
    "mmap": _descriptors.of_mmap,
    "socket": _sockets.of_socket,
    "ssl": _sockets.of_ssl,
    "subprocess": _processes.of_subprocess,
    "multiprocessing.process": _processes.of_multiprocessing,
    "multiprocessing.connection": _sockets.of_multiprocessing,
    "dbm.gnu": _dbm.replacements,
    "dbm.ndbm": _dbm.replacements,
    "logging": _logs.replacements,
    "glob": _of_glob,
}

#: Sets of functions of `os`: what they are asked about must be in them.
_SUPPORTING = ("supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks")
#: The real functions stay in these: the interpreter's own, and the test runner's.
_KEEPING = frozenset("_frozen_importlib_external _io builtins fcntl io mmap nt os posix sqlite3.dbapi2".split())
_RUNNERS_OWN = frozenset("_pytest coverage pluggy pytest pytest_cov pytest_interleave xdist execnet".split())


class InPlace(Replacements):
    """Puts the stand-ins in place, and takes them away again."""

    def __init__(self) -> None:
        super().__init__()
        self._modules: set[str] = set()
        #: By address of a real function, the one that stands in for it.
        self._by_real: dict[int, Any] = {}
        self._holders: list[tuple[ModuleType, str, Any]] = []

    def apply(self) -> None:
        """Put all of them in place."""
        _paths.forget_files()
        _sockets.forget_pairs()
        self._replace(_FUNCTIONS)
        self._support()
        self.apply_again()

    def apply_again(self) -> None:
        """Put in place what a program has replaced and put back, and what is for modules that it has imported."""
        _paths.forget_directories()
        self._replace(_FUNCTIONS)
        for name, of_module in _OF_MODULES.items():
            if name not in self._modules and name in sys.modules:
                self._modules.add(name)
                self._replace(_known(name, of_module))
        for module, name, real in _held(self._by_real):
            if vars(module).get(name) is real:
                self._set(module, name, self._by_real[id(real)])

    def _replace(self, replacements: Iterable[Replacement]) -> None:
        for owner, name, ours in replacements:
            real = getattr(owner, name)
            if is_genuine(real):
                self._by_real[id(real)] = ours
                self._set(owner, name, ours)

    def _support(self) -> None:
        for name in _SUPPORTING:
            supporting: set[Any] = getattr(os, name, set())
            ours = {self._by_real[id(real)] for real in supporting if id(real) in self._by_real}
            supporting |= ours
            self._undo.append(lambda supporting=supporting, ours=ours: supporting.difference_update(ours))  # type: ignore[misc]


_known_modules: dict[str, list[Replacement]] = {}


def _known(name: str, of_module: Callable[[ModuleType], Iterable[Replacement]]) -> Iterable[Replacement]:
    """The stand-ins for a module, made once."""
    known = _known_modules.get(name)
    if known is None:
        known = list(of_module(sys.modules[name]))
        _known_modules[name] = known
    return known


#: By name, the modules that have been searched; and which of their attributes are functions that have stand-ins.
_searched: dict[str, ModuleType] = {}
_found: list[tuple[ModuleType, str, Any]] = []


def _held(by_real: dict[int, Any]) -> Iterator[tuple[ModuleType, str, Any]]:
    """The functions that modules hold by names of their own (`from os import replace`)."""
    for name, module in list(sys.modules.items()):
        if _searched.get(name) is module or not isinstance(module, ModuleType):
            continue
        _searched[name] = module
        if name in _KEEPING or name.partition(".")[0] in _RUNNERS_OWN:
            continue
        _found.extend((module, attribute, value) for attribute, value in list(vars(module).items()) if id(value) in by_real)
    return iter(_found)


def is_genuine(value: Any) -> bool:
    """Whether something is as the interpreter or the standard library has it: no stand-in, and no mock of a test."""
    if isinstance(value, staticmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        filename = value.__code__.co_filename
        return is_stdlib(filename) and not is_ours(filename)
    return isinstance(value, (BuiltinFunctionType, type(str.join), type(object.__init__)))

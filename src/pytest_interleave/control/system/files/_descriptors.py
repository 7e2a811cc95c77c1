"""Functions that take open file descriptors, under control; file locks; and files that are mapped into memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import READ, WRITE, Thing
from .._uses import derived, like, note
from ._paths import of_descriptor

_units = _current.units
_get_ident = _real.get_ident

_READING = ("read", "pread", "readv", "preadv", "fstat")
_WRITING = ("write", "pwrite", "writev", "pwritev", "ftruncate", "posix_fallocate", "fchmod", "fchown")


def _by_descriptor(real: Callable[..., Any], way: str, how: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            # The first argument, whatever its name.
            for descriptor in (*args[:1], *options.values()):
                _note(unit, descriptor, way, how)
                break
        return real(*args, **options)

    return call


def _note(unit: Any, descriptor: Any, way: str, how: str) -> None:
    thing = of_descriptor(descriptor)
    if thing is not None:
        note(unit, thing, way, how, _end(thing, way))


def _end(thing: Thing, way: str) -> str | None:
    return way if thing.kind == "pipe" else None


def _copying(real: Callable[..., Any], source: str, target: str) -> Callable[..., Any]:
    parameters = (target, source) if real.__name__ == "sendfile" else (source, target)

    def call(*args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            given = {**dict(zip(parameters, args, strict=False)), **options}
            if source in given and target in given:
                _note(unit, given[source], READ, "read")
                _note(unit, given[target], WRITE, "written")
        return real(*args, **options)

    return call


def _replacements() -> Iterator[tuple[str, Callable[..., Any]]]:
    for names, way, how in ((_READING, READ, "read"), (_WRITING, WRITE, "written"), (("lockf",), WRITE, "locked")):
        for name in names:
            if hasattr(os, name):
                yield name, _by_descriptor(getattr(os, name), way, how)
    for name, source, target in (
        ("sendfile", "in_fd", "out_fd"),
        ("copy_file_range", "src", "dst"),
        ("splice", "src", "dst"),
    ):
        if hasattr(os, name):
            yield name, _copying(getattr(os, name), source, target)


#: Stand-ins for functions of `os`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = {name: like(getattr(os, name), ours) for name, ours in _replacements()}


def of_fcntl(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `fcntl`: it matters which of two threads locks a file first."""
    for name in ("flock", "lockf"):
        real = getattr(module, name)
        yield module, name, like(real, _by_descriptor(real, WRITE, "locked"))


def of_mmap(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `mmap`."""
    yield module, "mmap", _mapped_files(module)


class _Kind(type):
    """The metaclass of a stand-in for a class: the real class's objects count as its own."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


_MAP_READING = ("read", "readline", "read_byte", "find", "rfind", "__getitem__", "size", "seek", "tell")
_MAP_WRITING = ("write", "write_byte", "move", "resize", "flush", "__setitem__")


def _mapped_files(mmap: ModuleType) -> type:
    base: Any = mmap.mmap

    def __init__(self: Any, fileno: int, length: int, *args: Any, **options: Any) -> None:
        self._thing = None if fileno == -1 else of_descriptor(fileno)
        private = getattr(mmap, "MAP_PRIVATE", None)
        # On Windows, the third argument is a name; elsewhere there are two in its place, flags and protection.
        position = 1 if sys.platform == "win32" else 2
        access = options.get("access", args[position] if len(args) > position else None)
        flags = options.get("flags", args[0] if args else None)
        copies = access in (mmap.ACCESS_COPY, mmap.ACCESS_READ) or (flags is not None and flags == private)
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None:
            note(unit, self._thing, READ if copies else WRITE, "mapped into memory")

    namespace: dict[str, Any] = {"__init__": like(base.__init__, __init__)}
    for way, how, names in ((READ, "read", _MAP_READING), (WRITE, "written", _MAP_WRITING)):
        namespace.update({name: _of_map(getattr(base, name), way, how) for name in names if hasattr(base, name)})
    made: type = derived(base, namespace, ("_thing",), _Kind)
    return made


def _of_map(real: Callable[..., Any], way: str, how: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None:
            note(unit, self._thing, way, how)
        return real(self, *args)

    return like(real, method)

"""Functions of `os` that take descriptors of open files, under control."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._things import READ, WRITE
from ...steps._touches import READS, WRITES
from .._announce import announce
from .._uses import like, note
from ._descriptor_steps import amount, announce_use, failed, in_full
from ._handles import about_to_close, add_copy, handle_of, opened_as, remove_descriptor
from ._paths import pipe_of, status_of_descriptor
from ._times import set_time
from ._touched import data

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing

_units = _current.units
_get_ident = _real.get_ident

#: Functions that take a descriptor as their first argument, by what they do to the file.
_VERBS = {
    "read": ("read", "pread", "readv", "preadv", "lseek"),
    "stat": ("fstat", "fgetxattr"),
    "write": ("write", "pwrite", "writev", "pwritev", "posix_fallocate"),
    "truncate": ("ftruncate",),
    "change": ("fchmod", "fchown"),
    "lock": ("lockf",),
}


def _by_descriptor(real: Callable[..., Any], verb: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        # The first argument, whatever its name.
        descriptor = next(iter((*args[:1], *options.values())), None)
        if unit is None or not isinstance(descriptor, int):
            return real(*args, **options)
        doing = announce_descriptor(unit, descriptor, verb, in_full(real.__name__, args[2:]))
        try:
            result = real(*args, **options)
        except OSError as error:
            failed(doing, error)
            raise
        if doing is not None and real.__name__ != "lseek":
            doing.result = amount(result, verb)
        if doing is not None and verb in ("write", "truncate"):
            set_time(unit, descriptor)
        return result

    return call


def announce_descriptor(unit: Unit, descriptor: int, verb: str, function: str) -> Doing | None:
    """Announce a step on what a descriptor stands for: the content of a file; of a pipe, it is only a use."""
    pipe = pipe_of(descriptor)
    if pipe is not None:
        if verb == "stat" or "seek" in function:
            return None
        way = READ if verb == "read" else WRITE
        note(unit, pipe, way, "read" if way == READ else "written", way)
        return None
    return announce_use(unit, handle_of(descriptor), descriptor, verb, function)


def _copying(real: Callable[..., Any], source: str, target: str) -> Callable[..., Any]:
    parameters = (target, source) if real.__name__ == "sendfile" else (source, target)

    def call(*args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(*args, **options)
        given = {**dict(zip(parameters, args, strict=False)), **options}
        doing = None
        if isinstance(given.get(source), int) and isinstance(given.get(target), int):
            doing = _announce_copy(unit, given[source], given[target])
        result = real(*args, **options)
        if doing is not None:
            doing.result = amount(result, "write")
            set_time(unit, given[target])
        return result

    return call


def _announce_copy(unit: Unit, source: int, target: int) -> Doing | None:
    ends = [pipe_of(descriptor) for descriptor in (source, target)]
    for end, way in zip(ends, (READ, WRITE), strict=True):
        if end is not None:
            note(unit, end, way, "read" if way == READ else "written", way)
    touches = data(status_of_descriptor(source), READS) + data(status_of_descriptor(target), WRITES)
    if not touches:
        return None
    name = handle_of(target).name
    return announce(unit, name, "copy", lambda: Look(touches, True, f"copy {handle_of(source).name} -> {name}"))


_real_close = os.close


def close(fd: int) -> None:
    """See `os.close`."""
    about_to_close(fd, opened_as(fd))
    _real_close(fd)
    remove_descriptor(fd)


def _duplicating(real: Callable[..., int]) -> Callable[..., int]:
    def call(fd: int, *args: Any, **options: Any) -> int:
        if _units[_get_ident()] is None and not _current.state.making_fixtures:
            return real(fd, *args, **options)
        copy = real(fd, *args, **options)
        add_copy(fd, copy)
        return copy

    return call


def _replacements() -> Iterator[tuple[str, Callable[..., Any]]]:
    for verb, names in _VERBS.items():
        for name in names:
            if hasattr(os, name):
                yield name, _by_descriptor(getattr(os, name), verb)
    for name, source, target in (
        ("sendfile", "in_fd", "out_fd"),
        ("copy_file_range", "src", "dst"),
        ("splice", "src", "dst"),
    ):
        if hasattr(os, name):
            yield name, _copying(getattr(os, name), source, target)
    yield "dup", _duplicating(os.dup)
    yield "dup2", _duplicating(os.dup2)
    yield "close", close


#: Stand-ins for functions of `os`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = {name: like(getattr(os, name), ours) for name, ours in _replacements()}

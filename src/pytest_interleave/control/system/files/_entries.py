"""Functions of `os` that take paths, under control: they look up, change, create, remove and list entries."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import ENTRY, EXCHANGE, LIST, READ, SCAN, WRITE, Thing
from .._uses import like, note
from ._open import looked_up
from ._paths import entry_of, file_at, is_directory, is_there, of_descriptor, opened, target_of, unnamed

if TYPE_CHECKING:
    from ...execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident

#: Functions by how they use the thing at the path. Those of links use the link itself, if there is one.
_LOOKING = ("stat", "access", "getxattr", "listxattr")
_LOOKING_AT_LINKS = ("lstat", "readlink")
_CHANGING = ("truncate", "utime", "chmod", "chown", "setxattr", "removexattr", "chflags")
_CHANGING_LINKS = ("lchown", "lchmod", "lchflags")
_LISTING = {"listdir": LIST, "scandir": SCAN}
_CREATING = ("mkdir", "mkfifo", "mknod")
_REMOVING = ("remove", "unlink", "rmdir")


def _note_path(
    unit: Unit, path: Any, way: str, how: str, dir_fd: int | None, of: Callable[..., str], kind: str = "file"
) -> None:
    if isinstance(path, int):
        thing = of_descriptor(path)
    else:
        try:
            thing = file_at(of(path, dir_fd))
        except (TypeError, ValueError, OSError):
            # This is not the program's error: the function itself has accepted the path.
            return
    if thing is not None:
        note(unit, thing if kind == "file" else Thing(kind, *thing[1:]), way, how)


def _one_path(
    real: Callable[..., Any], way: str, how: str, of: Callable[..., str], kind: str = "file"
) -> Callable[..., Any]:
    def call(path: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path, *args, **options)
        try:
            result = real(path, *args, **options)
        except OSError:
            if not isinstance(path, int):
                looked_up(unit, path, options.get("dir_fd"))
            raise
        _note_path(unit, path, way, how, options.get("dir_fd"), of, kind)
        return result

    return call


def _listing(real: Callable[..., Any], way: str) -> Callable[..., Any]:
    def call(path: Any = None) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path)
        try:
            result = real(path)
        except OSError:
            if not isinstance(path, int):
                looked_up(unit, path)
            raise
        _note_path(unit, os.curdir if path is None else path, way, "listed", None, target_of, "directory")
        return result

    return call


def _removing(real: Callable[..., Any]) -> Callable[..., Any]:
    of_directory = real.__name__ == "rmdir"

    def call(path: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path, *args, **options)
        dir_fd = options.get("dir_fd")
        if of_directory:
            # Whether it is removed depends on what is in it.
            _note_path(unit, path, LIST, "listed", dir_fd, entry_of, "directory")
        try:
            real(path, *args, **options)
        except OSError:
            looked_up(unit, path, dir_fd)
            raise
        _note_path(unit, path, ENTRY, "removed", dir_fd, entry_of, "directory" if of_directory else "file")
        return None

    return call


def _renaming(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        unit = _units[_get_ident()]
        given = {} if src_dir_fd is dst_dir_fd is None else {"src_dir_fd": src_dir_fd, "dst_dir_fd": dst_dir_fd}
        if unit is None:
            real(src, dst, **given)
            return
        replaces = is_there(dst, dst_dir_fd)
        try:
            real(src, dst, **given)
        except OSError:
            looked_up(unit, src, src_dir_fd)
            looked_up(unit, dst, dst_dir_fd)
            raise
        kind = "directory" if is_directory(dst, dst_dir_fd) else "file"
        _note_path(unit, dst, ENTRY, "replaced" if replaces else "created", dst_dir_fd, entry_of, kind)
        _note_path(unit, src, ENTRY, "renamed", src_dir_fd, entry_of, kind)

    return call


def _linking(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(src: Any, dst: Any, *args: Any, **options: Any) -> None:
        unit = _units[_get_ident()]
        if unit is None:
            real(src, dst, *args, **options)
            return
        dir_fd = options.get("dst_dir_fd", options.get("dir_fd"))
        try:
            real(src, dst, *args, **options)
        except OSError:
            looked_up(unit, dst, dir_fd)
            raise
        # A link to a directory leads to everything that is in it.
        kind = "directory" if real.__name__ == "symlink" else "file"
        _note_path(unit, dst, ENTRY, "created", dir_fd, entry_of, kind)
        if real.__name__ == "link":
            looked_up(unit, src, options.get("src_dir_fd"))

    return call


_real_os_open = os.open


def open_descriptor(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """See `os.open`."""
    unit = _units[_get_ident()]
    given = {} if dir_fd is None else {"dir_fd": dir_fd}
    creates = unit is not None and bool(flags & os.O_CREAT) and not is_there(path, dir_fd)
    try:
        descriptor = _real_os_open(path, flags, mode, **given)
    except OSError:
        if unit is not None:
            looked_up(unit, path, dir_fd)
        raise
    if flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", -1):
        # No other code can open it.
        unnamed(descriptor)
        return descriptor
    thing = opened(path, descriptor, dir_fd)
    if unit is not None and thing is not None:
        if creates:
            note(unit, thing, ENTRY, "created")
        elif flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC):
            note(unit, thing, WRITE, "written")
        else:
            note(unit, thing, READ, "read")
    return descriptor


#: The working directory belongs to the whole process.
_WORKING_DIRECTORY = Thing("process", "the working directory", "the working directory")


def _changing_directory(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any) -> None:
        real(path)
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, _WORKING_DIRECTORY, EXCHANGE, "changed")

    return call


def _asking_for_directory(real: Callable[[], Any]) -> Callable[[], Any]:
    def call() -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, _WORKING_DIRECTORY, READ, "looked up")
        return real()

    return call


def _replacements() -> Iterator[tuple[str, Callable[..., Any]]]:
    for names, way, how, of in (
        (_LOOKING, READ, "looked up", target_of),
        (_LOOKING_AT_LINKS, READ, "looked up", entry_of),
        (_CHANGING, WRITE, "changed", target_of),
        (_CHANGING_LINKS, WRITE, "changed", entry_of),
        (_CREATING, ENTRY, "created", entry_of),
    ):
        for name in names:
            if hasattr(os, name):
                yield name, _one_path(getattr(os, name), way, how, of, "directory" if name == "mkdir" else "file")
    for name, listing in _LISTING.items():
        yield name, _listing(getattr(os, name), listing)
    for name in _REMOVING:
        yield name, _removing(getattr(os, name))
    for name in ("rename", "replace"):
        yield name, _renaming(getattr(os, name))
    for name in ("link", "symlink"):
        if hasattr(os, name):
            yield name, _linking(getattr(os, name))
    for name in ("chdir", "fchdir"):
        if hasattr(os, name):
            yield name, _changing_directory(getattr(os, name))
    for name in ("getcwd", "getcwdb"):
        yield name, _asking_for_directory(getattr(os, name))
    yield "open", open_descriptor


#: Stand-ins for functions of `os`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = {name: like(getattr(os, name), ours) for name, ours in _replacements()}

"""Functions of `os` that take paths, under control: they look up, change, create, remove and list entries."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._touches import NOTHING, READS, WRITES, Touches
from .._announce import announce
from .._uses import like
from ._descriptor_steps import announce_use, failed
from ._handles import add_descriptor, handle_of
from ._listing import Entries
from ._only_type import only_type
from ._open import announce_opening, name_at, note_opened, relative_to
from ._paths import (
    Found,
    entry_of,
    followed,
    forget_directories,
    is_device,
    path_of_descriptor,
    remember_opened,
    status,
    status_of_descriptor,
)
from ._times import set_time, times_now
from ._touched import WORKING_DIRECTORY, attributes, data, directory, entry, has_lost_entry, mode, names, tree

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing

_units = _current.units
_get_ident = _real.get_ident

#: Functions by how they use the thing at the path. Those of links use the link itself, if there is one.
_LOOKING = ("stat", "access", "getxattr", "listxattr")
_LOOKING_AT_LINKS = ("lstat", "readlink")
_CHANGING = ("truncate", "utime", "chmod", "chown", "setxattr", "removexattr", "chflags")
_CHANGING_LINKS = ("lchown", "lchmod", "lchflags")
_LISTING = ("listdir", "scandir")
_CREATING = ("mkdir", "mkfifo", "mknod")
_REMOVING = ("remove", "unlink", "rmdir")


def announce_path(
    unit: Unit, path: Any, verb: str, look: Callable[[Found], tuple[Touches, bool]], dir_fd: int | None = None
) -> Doing | None:
    """Announce a step on what is at a path; `look` returns what it touches, and whether it writes."""
    try:
        found = entry_of(path, dir_fd)
        if is_device(found.path):
            return None
    except (TypeError, ValueError, OSError):
        # It is no path; the real function raises the error.
        return None
    name = name_at(found.path)
    text = f"{verb} {name}"

    def again() -> Look:
        touches, writes = look(entry_of(path, dir_fd))
        return Look(relative_to(path, dir_fd) + touches, writes, text)

    return announce(unit, name, verb, again)


def _one_path(real: Callable[..., Any], verb: str, *, writes: bool, links: bool = False) -> Callable[..., Any]:
    """Return the stand-in for a function that reads or changes what is at a path, which may be a descriptor."""
    how = WRITES if writes else READS
    is_utime = real.__name__ == "utime"

    def call(path: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path, *args, **options)
        of_link = links or options.get("follow_symlinks") is False
        only_entry = not writes and (real.__name__ == "readlink" or only_type(sys._getframe(1)))

        def look(found: Found) -> tuple[Touches, bool]:
            there = found if of_link else followed(found)
            known = status(there.path)
            if only_entry:
                touches = NOTHING
            elif verb == "truncate":
                touches = data(known, how) + mode(known, there.path)
            elif verb == "access":
                touches = mode(known, there.path)
            else:
                touches = attributes(known, there.path, how)
            return entry(there, READS) + touches, writes and known is not None

        if isinstance(path, int):
            doing = announce_use(unit, handle_of(path), path, verb, real.__name__)
        else:
            doing = announce_path(unit, path, verb, look, options.get("dir_fd"))
        sets_now = is_utime and (not args or args[0] is None) and options.get("times") is None and "ns" not in options
        if doing is not None and sets_now:
            # The real function would set the real time.
            args, options = (), {name: value for name, value in options.items() if name != "times"}
            options["ns"] = times_now(unit)
        try:
            result = real(path, *args, **options)
        except OSError as error:
            failed(doing, error)
            raise
        if doing is not None and verb == "truncate":
            set_time(unit, path)
        return result

    return call


def _listing(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any = None) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path)
        descriptor = path if isinstance(path, int) else None
        where = os.curdir if path is None else path if descriptor is None else _path_of_open(descriptor)

        def look(found: Found) -> tuple[Touches, bool]:
            there = followed(found)
            return entry(there, READS) + directory(there.path, READS), False

        doing = announce_path(unit, where, "list", look)
        try:
            found = real(path)
        except OSError as error:
            failed(doing, error)
            raise
        if real.__name__ == "scandir":
            found = Entries(found, descriptor)
        if doing is not None:
            number = len(found)
            doing.result = f"{number} entr{'y' if number == 1 else 'ies'}"
        return found

    return call


def _path_of_open(descriptor: int) -> str:
    try:
        return path_of_descriptor(descriptor)
    except OSError:
        return ""


def _creating(real: Callable[..., Any]) -> Callable[..., Any]:
    is_directory = real.__name__ == "mkdir"

    def call(path: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path, *args, **options)

        def look(found: Found) -> tuple[Touches, bool]:
            if status(found.path) is not None:
                return entry(found, READS), False
            return entry(found, WRITES) + (directory(found.path, WRITES) if is_directory else NOTHING), True

        doing = announce_path(unit, path, "create", look, options.get("dir_fd"))
        try:
            return real(path, *args, **options)
        except OSError as error:
            failed(doing, error)
            raise

    return call


def _removing(real: Callable[..., Any]) -> Callable[..., Any]:
    is_directory = real.__name__ == "rmdir"

    def call(path: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            return real(path, *args, **options)
        dir_fd = options.get("dir_fd")

        def look(found: Found) -> tuple[Touches, bool]:
            there = status(found.path)
            if there is None:
                return entry(found, READS), False
            if is_directory:
                # Whether it is removed depends on what is in it.
                return entry(found, WRITES) + directory(found.path, WRITES), True
            return entry(found, WRITES) + names(there), True

        doing = announce_path(unit, path, "remove", look, dir_fd)
        before = _status_at(path, dir_fd)
        try:
            real(path, *args, **options)
        except OSError as error:
            failed(doing, error)
            raise
        _changed(before)
        return None

    return call


def _status_at(path: Any, dir_fd: int | None) -> os.stat_result | None:
    try:
        return status(entry_of(path, dir_fd).path)
    except (TypeError, ValueError, OSError):
        return None


def _changed(*before: os.stat_result | None) -> None:
    """Note what there was at paths where there is now something else, or nothing."""
    for found in before:
        has_lost_entry(found)
        if found is not None and not stat.S_ISREG(found.st_mode):
            forget_directories()


def _looked_up(path: Any, dir_fd: int | None) -> Touches:
    try:
        return relative_to(path, dir_fd) + entry(entry_of(path, dir_fd), READS)
    except (TypeError, ValueError, OSError):
        return NOTHING


def _moved(path: Any, dir_fd: int | None) -> Touches:
    """Return the touches of what another entry gets, or loses."""
    try:
        found = entry_of(path, dir_fd)
        there = status(found.path)
    except (TypeError, ValueError, OSError):
        return NOTHING
    touches = entry(found, WRITES)
    if there is not None and stat.S_ISDIR(there.st_mode):
        touches += tree(found.path)
    return relative_to(path, dir_fd) + touches


def _announce_two(
    unit: Unit, verb: str, src: Any, dst: Any, look: Callable[[], tuple[Touches, bool]], dst_fd: int | None
) -> Doing | None:
    try:
        name = name_at(entry_of(dst, dst_fd).path)
    except (TypeError, ValueError, OSError):
        return None
    text = f"{verb} {name_at(src)} -> {name}"
    return announce(unit, name, verb, lambda: Look(*look(), text))


def _renaming(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        unit = _units[_get_ident()]
        given = {} if src_dir_fd is dst_dir_fd is None else {"src_dir_fd": src_dir_fd, "dst_dir_fd": dst_dir_fd}
        if unit is None:
            real(src, dst, **given)
            return

        def look() -> tuple[Touches, bool]:
            moved = _status_at(src, src_dir_fd)
            if moved is None:
                return _looked_up(src, src_dir_fd) + _looked_up(dst, dst_dir_fd), False
            target = _moved(dst, dst_dir_fd) + names(_status_at(dst, dst_dir_fd))
            if stat.S_ISDIR(moved.st_mode):
                # What is in the directory appears at the new path.
                target += tree(entry_of(dst, dst_dir_fd).path)
            return _moved(src, src_dir_fd) + target, True

        doing = _announce_two(unit, real.__name__, src, dst, look, dst_dir_fd)
        before, replaced = _status_at(src, src_dir_fd), _status_at(dst, dst_dir_fd)
        try:
            real(src, dst, **given)
        except OSError as error:
            failed(doing, error)
            raise
        _changed(replaced)
        if before is not None and not stat.S_ISREG(before.st_mode):
            forget_directories()

    return call


def _linking(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(src: Any, dst: Any, *args: Any, **options: Any) -> None:
        unit = _units[_get_ident()]
        if unit is None:
            real(src, dst, *args, **options)
            return
        dst_fd = options.get("dst_dir_fd", options.get("dir_fd"))
        is_symbolic = real.__name__ == "symlink"

        def look() -> tuple[Touches, bool]:
            target = entry_of(dst, dst_fd)
            is_new = status(target.path) is None
            touches = relative_to(dst, dst_fd) + entry(target, WRITES if is_new else READS)
            if is_symbolic:
                # What it leads to may be a directory.
                return touches + directory(target.path, WRITES), is_new
            src_fd = options.get("src_dir_fd")
            return _looked_up(src, src_fd) + names(_status_at(src, src_fd)) + touches, is_new

        doing = _announce_two(unit, "link", src, dst, look, dst_fd)
        try:
            real(src, dst, *args, **options)
        except OSError as error:
            failed(doing, error)
            raise
        if is_symbolic:
            forget_directories()

    return call


_real_os_open = os.open


def open_descriptor(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """See `os.open`."""
    unit = _units[_get_ident()]
    given = {} if dir_fd is None else {"dir_fd": dir_fd}
    if unit is None and not _current.state.making_fixtures:
        return _real_os_open(path, flags, mode, **given)
    is_nameless = flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", -1)
    doing = None
    if unit is not None and not is_nameless:
        creates, truncates = bool(flags & os.O_CREAT), bool(flags & os.O_TRUNC)
        exclusive = creates and bool(flags & os.O_EXCL)
        doing = announce_opening(unit, path, dir_fd, creates=creates, truncates=truncates, exclusive=exclusive)
    try:
        descriptor = _real_os_open(path, flags, mode, **given)
    except OSError as error:
        failed(doing, error)
        raise
    note_opened(unit, doing, descriptor)
    name = "a file without a name" if is_nameless else name_at(path)
    add_descriptor(descriptor, name, appends=bool(flags & os.O_APPEND))
    if not is_nameless:
        remember_opened(path, descriptor, dir_fd)
    return descriptor


def _changing_directory(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any) -> None:
        unit = _units[_get_ident()]
        if unit is not None:
            name = name_at(path) if status_of_descriptor(path) is None else "a directory"
            text = f"change to {name}"
            touched = ((WORKING_DIRECTORY, None, WRITES),)
            announce(unit, WORKING_DIRECTORY.name, "chdir", lambda: Look(touched, True, text))
        real(path)

    return call


def _asking_for_directory(real: Callable[[], Any]) -> Callable[[], Any]:
    def call() -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            touched = ((WORKING_DIRECTORY, None, READS),)
            announce(unit, WORKING_DIRECTORY.name, "getcwd", lambda: Look(touched, False, "get the working directory"))
        return real()

    return call


def _replacements() -> Iterator[tuple[str, Callable[..., Any]]]:
    for functions, verb, writes, links in (
        (_LOOKING, "stat", False, False),
        (_LOOKING_AT_LINKS, "stat", False, True),
        (_CHANGING, "change", True, False),
        (_CHANGING_LINKS, "change", True, True),
    ):
        for name in functions:
            if hasattr(os, name):
                shown = name if name in ("truncate", "chmod", "access") else verb
                yield name, _one_path(getattr(os, name), shown, writes=writes, links=links)
    for functions, stand_in in (
        (_LISTING, _listing),
        (_CREATING, _creating),
        (_REMOVING, _removing),
        (("rename", "replace"), _renaming),
        (("link", "symlink"), _linking),
        (("chdir", "fchdir"), _changing_directory),
        (("getcwd", "getcwdb"), _asking_for_directory),
    ):
        for name in functions:
            if hasattr(os, name):
                yield name, stand_in(getattr(os, name))
    yield "open", open_descriptor


#: Stand-ins for functions of `os`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = {name: like(getattr(os, name), ours) for name, ours in _replacements()}

"""The real paths of directory entries, without calls of functions that have stand-ins."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, NamedTuple

from ...steps._things import Thing

_stat, _lstat, _fstat = os.stat, os.lstat, os.fstat
_getcwd = os.getcwd
_readlink = getattr(os, "readlink", None)
_normcase = os.path.normcase

#: Nothing that threads could share is there, except in `/dev/shm`.
_DEVICES = ("/dev/", "/proc/", "/sys/")
_SHARED_MEMORY = "/dev/shm/"

#: The path by which a directory or a file was last opened, by device and number of its inode.
_opened: dict[tuple[int, int], str] = {}


class Found(NamedTuple):
    """The real path of a directory entry, and the entries of links that lead to it."""

    path: str
    links: tuple[str, ...] = ()


#: What each path of a directory leads to, and each absolute path of an entry. Links may lead elsewhere later.
_real_directories: dict[str, Found] = {}
_entries: dict[str, Found] = {}


def forget_directories() -> None:
    """Forget where links lead: because one has changed, or because an execution is over."""
    _real_directories.clear()
    _entries.clear()


def forget_opened() -> None:
    """Forget what was opened by which path; to be called between tests."""
    forget_directories()
    _opened.clear()


def entry_of(path: Any, dir_fd: int | None = None) -> Found:
    """Return the real path of the directory entry that `path` names; a link is not followed if it is the last part.

    Raises `TypeError` or `ValueError` if `path` is not a path.
    """
    text = os.fsdecode(path)
    known = _entries.get(text)
    if known is not None:
        return known
    is_absolute = os.path.isabs(text)
    given = text
    if not is_absolute:
        text = os.path.join(_getcwd() if dir_fd is None else path_of_descriptor(dir_fd), text)
    directory, name = os.path.split(text.rstrip(os.sep) or os.sep)
    if name in ("", os.curdir, os.pardir):
        return _followed(text, 0)
    above = _real_directory(directory, 0)
    found = Found(os.path.join(above.path, _normcase(name)), above.links)
    if is_absolute:
        _entries[given] = found
    return found


def target_of(path: Any, dir_fd: int | None = None) -> Found:
    """Return the real path of what `path` names, with all links followed."""
    return followed(entry_of(path, dir_fd))


def followed(entry: Found) -> Found:
    """Return the real path of what an entry is, or leads to if it is a link."""
    try:
        if stat.S_ISLNK(_lstat(entry.path).st_mode):
            found = _followed(entry.path, 0)
            return Found(found.path, (*entry.links, *found.links))
    except (OSError, ValueError):
        # Nothing is there.
        pass
    return entry


#: At most this many links that lead to links are followed; more are taken for a circle.
_MOST_LINKS = 40


def _real_directory(path: str, links: int) -> Found:
    known = _real_directories.get(path)
    if known is None:
        # From the top down: a path may have more parts than the stack has room for.
        unknown = [path]
        while (above := os.path.dirname(unknown[-1])) != unknown[-1] and above not in _real_directories:
            unknown.append(above)
        for each in reversed(unknown):
            known = _real_directories[each] = _followed(each, links)
        assert known is not None
    return known


def _followed(path: str, links: int) -> Found:
    """Return what `os.path.realpath(path)` returns."""
    if _readlink is None or os.name == "nt":
        return Found(_normcase(os.path.realpath(path)))
    above, name = os.path.split(path)
    if above == path:
        return Found(path)
    parent = _real_directory(above, links)
    if name in ("", os.curdir):
        return parent
    if name == os.pardir:
        return Found(os.path.dirname(parent.path), parent.links)
    here = os.path.join(parent.path, name)
    try:
        if stat.S_ISLNK(_lstat(here).st_mode) and links < _MOST_LINKS and not _is_circle(here):
            target = _followed(os.path.join(parent.path, _readlink(here)), links + 1)
            return Found(target.path, (*parent.links, here, *target.links))
    except (OSError, ValueError):
        # Nothing is there.
        pass
    return Found(here, parent.links)


def _is_circle(link: str) -> bool:
    """Whether a link leads to itself, perhaps by way of others. To follow it would take forever."""
    try:
        _stat(link)
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def remember_opened(path: Any, descriptor: int, dir_fd: int | None) -> None:
    """Remember by which path a descriptor was opened."""
    try:
        _opened[inode_of(_fstat(descriptor))] = target_of(path, dir_fd).path
    except (OSError, TypeError, ValueError):
        # It is closed already, or its file has no path.
        pass


def path_of_descriptor(descriptor: int) -> str:
    """Return the path by which a file or directory was last opened, or a text in its place."""
    found = _fstat(descriptor)
    known = _opened.get(inode_of(found))
    if known is not None:
        return known
    try:
        return os.fsdecode(_readlink(f"/proc/self/fd/{descriptor}")) if _readlink is not None else ""
    except OSError:
        return f"inode {found.st_ino} on device {found.st_dev}"


def inode_of(found: os.stat_result) -> tuple[int, int]:
    """Return what identifies the file that was found, as long as it exists."""
    return found.st_dev, found.st_ino


def status(path: str, *, follow: bool = False) -> os.stat_result | None:
    """Return what is at a path; None if nothing is. A link that is the last part is only followed with `follow`."""
    try:
        return (_stat if follow else _lstat)(path)
    except (OSError, ValueError):
        return None


def status_of_descriptor(descriptor: Any) -> os.stat_result | None:
    """Return what an open descriptor, or an object with one, stands for; None if it is not open."""
    try:
        return _fstat(descriptor if isinstance(descriptor, int) else descriptor.fileno())
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def is_device(path: str) -> bool:
    """Whether a path leads to a device or to information about processes, which is not shared by threads."""
    return path.startswith(_DEVICES) and not path.startswith(_SHARED_MEMORY)


def pipe_of(descriptor: int) -> Thing | None:
    """Return the pipe that a descriptor stands for, of which another process may have the other end; None if none."""
    found = status_of_descriptor(descriptor)
    if found is None or not stat.S_ISFIFO(found.st_mode):
        return None
    path = path_of_descriptor(descriptor)
    return Thing("pipe", ("pipe", *inode_of(found)), os.path.basename(path) if path.startswith(os.sep) else "pipe")

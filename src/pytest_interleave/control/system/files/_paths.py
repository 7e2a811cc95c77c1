"""The files that paths and open file descriptors stand for."""

from __future__ import annotations

import os
import stat
from typing import Any

from ...steps._things import Thing

_stat, _lstat, _fstat = os.stat, os.lstat, os.fstat
_getcwd = os.getcwd
_readlink = getattr(os, "readlink", None)
_normcase = os.path.normcase

#: Nothing that threads could share is there, except in `/dev/shm`.
_DEVICES = ("/dev/", "/proc/", "/sys/")
_SHARED_MEMORY = "/dev/shm/"

#: The beginning of the text for a file whose path is not known.
_UNNAMED = "inode "

#: The path by which a file was last opened, by device and number of its inode.
_paths: dict[tuple[int, int], str] = {}
#: The real path of each path, with all links followed.
_real_directories: dict[str, str] = {}


def forget_directories() -> None:
    """Forget where links lead; to be called between executions: they may lead elsewhere in the next one."""
    _real_directories.clear()


def forget_files() -> None:
    """Forget all files; to be called between tests."""
    _real_directories.clear()
    _paths.clear()


def entry_of(path: Any, dir_fd: int | None = None) -> str:
    """Return the real path of the directory entry that `path` names; a link is not followed if it is the last part.

    Raises `TypeError` or `ValueError` if `path` is not a path.
    """
    text = os.fsdecode(path)
    if not os.path.isabs(text):
        text = os.path.join(_getcwd() if dir_fd is None else _directory_of(dir_fd), text)
    directory, name = os.path.split(text.rstrip(os.sep) or os.sep)
    if name in ("", os.curdir, os.pardir):
        return _followed(text)
    return os.path.join(_real_directory(directory), _normcase(name))


def target_of(path: Any, dir_fd: int | None = None) -> str:
    """Return the real path of what `path` names, with all links followed."""
    entry = entry_of(path, dir_fd)
    try:
        return _followed(entry) if stat.S_ISLNK(_lstat(entry).st_mode) else entry
    except OSError:
        return entry


#: At most this many links that lead to links are followed; more are taken for a circle.
_MOST_LINKS = 40


def _real_directory(path: str, links: int = 0) -> str:
    known = _real_directories.get(path)
    if known is None:
        known = _real_directories[path] = _followed(path, links)
    return known


def _followed(path: str, links: int = 0) -> str:
    """Return `os.path.realpath(path)`, without the calls of functions that have stand-ins: these would be recorded."""
    if _readlink is None or os.name == "nt":
        return _normcase(os.path.realpath(path))
    above, name = os.path.split(path)
    if above == path:
        return path
    parent = _real_directory(above, links)
    if name in ("", os.curdir):
        return parent
    if name == os.pardir:
        return os.path.dirname(parent)
    found = os.path.join(parent, name)
    try:
        if stat.S_ISLNK(_lstat(found).st_mode) and links < _MOST_LINKS:
            return _followed(os.path.join(parent, _readlink(found)), links + 1)
    except OSError:
        # Nothing is there.
        pass
    return found


def _directory_of(descriptor: int) -> str:
    return _path_of(_fstat(descriptor))


def _path_of(found: os.stat_result) -> str:
    return _paths.get(_inode(found)) or f"{_UNNAMED}{found.st_ino} on device {found.st_dev}"


def _inode(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def is_there(path: Any, dir_fd: int | None = None) -> bool:
    """Whether there is an entry at `path`, even a link that leads nowhere."""
    return _mode(path, dir_fd) is not None


def is_directory(path: Any, dir_fd: int | None = None) -> bool:
    """Whether there is a directory at `path`, and not only a link to one."""
    return stat.S_ISDIR(_mode(path, dir_fd) or 0)


def _mode(path: Any, dir_fd: int | None) -> int | None:
    try:
        return (_lstat(path) if dir_fd is None else _lstat(path, dir_fd=dir_fd)).st_mode
    except (OSError, ValueError, TypeError):
        return None


def file_at(path: str) -> Thing | None:
    """Return the file or directory at a real path; None for a device."""
    if path.startswith(_DEVICES) and not path.startswith(_SHARED_MEMORY):
        return None
    return Thing("file", path)


def opened(path: Any, descriptor: int, dir_fd: int | None = None) -> Thing | None:
    """Return what a descriptor that has just been opened by `path` stands for; None if no other code can share it."""
    found = _fstat(descriptor)
    inode = _inode(found)
    entry = entry_of(path, dir_fd)
    try:
        reached = _lstat(entry)
        if _inode(reached) != inode:
            entry = _followed(entry)
    except OSError:
        pass
    if found.st_nlink > 1 and stat.S_ISREG(found.st_mode):
        # Several entries are one file.
        entry = _paths.setdefault(inode, entry)
    else:
        _paths[inode] = entry
    return _thing(entry, found)


def unnamed(descriptor: int) -> Thing | None:
    """Return what a descriptor that has just been opened stands for, if no entry leads to its file."""
    found = _fstat(descriptor)
    _paths.pop(_inode(found), None)
    return _thing(_path_of(found), found)


def of_descriptor(descriptor: Any) -> Thing | None:
    """Return what an open file descriptor, or an object with one, stands for; None if no other code can share it."""
    try:
        found = _fstat(descriptor if isinstance(descriptor, int) else descriptor.fileno())
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return _thing(_path_of(found), found)


def _thing(path: str, found: os.stat_result) -> Thing | None:
    mode = found.st_mode
    if stat.S_ISFIFO(mode):
        return Thing("pipe", ("pipe", *_inode(found)), "pipe" if path.startswith(_UNNAMED) else os.path.basename(path))
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return file_at(path)
    return None

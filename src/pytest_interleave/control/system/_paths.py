"""Which file a path, or an open file descriptor, stands for."""

from __future__ import annotations

import os
import stat
from typing import Any

from ._uses import Thing

_stat, _lstat, _fstat = os.stat, os.lstat, os.fstat
_getcwd = os.getcwd
_realpath = os.path.realpath
_normcase = os.path.normcase

#: Nothing that threads could share is there, but for `/dev/shm`.
_DEVICES = ("/dev/", "/proc/", "/sys/")
_SHARED_MEMORY = "/dev/shm/"

#: How the text begins that stands for a file whose path is not known.
_UNNAMED = "inode "

#: By device and number of an inode, the path by which it was opened last.
_paths: dict[tuple[int, int], str] = {}
#: By path, what it is called when all links are followed.
_real_directories: dict[str, str] = {}


def forget_directories() -> None:
    """Call between executions: links may lead elsewhere in the next one."""
    _real_directories.clear()


def forget_files() -> None:
    """Call between tests."""
    _real_directories.clear()
    _paths.clear()


def entry_of(path: Any, dir_fd: int | None = None) -> str:
    """The real path of the directory entry that `path` names; a link is not followed if it is the last part.

    Raises `TypeError` or `ValueError` for what is no path.
    """
    text = os.fsdecode(path)
    if not os.path.isabs(text):
        text = os.path.join(_getcwd() if dir_fd is None else _directory_of(dir_fd), text)
    directory, name = os.path.split(text.rstrip(os.sep) or os.sep)
    if name in ("", os.curdir, os.pardir):
        return _normcase(_realpath(text))
    real = _real_directories.get(directory)
    if real is None:
        real = _real_directories[directory] = _normcase(_realpath(directory))
    return os.path.join(real, _normcase(name))


def target_of(path: Any, dir_fd: int | None = None) -> str:
    """The same, with all links followed."""
    entry = entry_of(path, dir_fd)
    try:
        return _normcase(_realpath(entry)) if stat.S_ISLNK(_lstat(entry).st_mode) else entry
    except OSError:
        return entry


def _directory_of(descriptor: int) -> str:
    return _path_of(_fstat(descriptor))


def _path_of(found: os.stat_result) -> str:
    return _paths.get(_inode(found)) or f"{_UNNAMED}{found.st_ino} on device {found.st_dev}"


def _inode(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def file_at(path: str) -> Thing | None:
    """The file or directory at a real path; None for a device."""
    if path.startswith(_DEVICES) and not path.startswith(_SHARED_MEMORY):
        return None
    return Thing("file", path)


def opened(path: Any, descriptor: int, dir_fd: int | None = None) -> Thing | None:
    """What a descriptor stands for that has just been opened by `path`; None for what nobody shares."""
    found = _fstat(descriptor)
    inode = _inode(found)
    entry = entry_of(path, dir_fd)
    try:
        reached = _lstat(entry)
        if _inode(reached) != inode:
            entry = _normcase(_realpath(entry))
    except OSError:
        pass
    if found.st_nlink > 1 and stat.S_ISREG(found.st_mode):
        # Several entries are one file.
        entry = _paths.setdefault(inode, entry)
    else:
        _paths[inode] = entry
    return _thing(entry, found)


def unnamed(descriptor: int) -> Thing | None:
    """What a descriptor stands for that has just been opened, of a file that no entry leads to."""
    found = _fstat(descriptor)
    _paths.pop(_inode(found), None)
    return _thing(_path_of(found), found)


def of_descriptor(descriptor: Any) -> Thing | None:
    """What an open file descriptor stands for, or an object that has one; None for what nobody shares."""
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

"""`os.scandir` under control: entries of a directory whose `stat()` is a step."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from types import GenericAlias
from typing import Any

_DirEntry = os.DirEntry


class _Kind(type):
    """The metaclass of a stand-in for a class of the interpreter: objects of either are objects of both."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return type(instance) is cls or isinstance(instance, _DirEntry)


class DirEntry(metaclass=_Kind):
    """See `os.DirEntry`."""

    __slots__ = ("_descriptor", "_real", "_status", "name", "path")

    def __init__(self, real: Any, descriptor: int | None) -> None:
        self._real = real
        #: The descriptor of its directory, if that was listed by its descriptor.
        self._descriptor = descriptor
        self._status: dict[bool, os.stat_result] = {}
        self.name = real.name
        self.path = real.path

    __class_getitem__: Any = classmethod(GenericAlias)

    def inode(self) -> int:
        """See `os.DirEntry.inode`."""
        found: int = self._real.inode()
        return found

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """See `os.DirEntry.is_dir`."""
        if follow_symlinks and self._real.is_symlink():
            return self._leads_to(stat.S_IFDIR)
        return bool(self._real.is_dir(follow_symlinks=follow_symlinks))

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """See `os.DirEntry.is_file`."""
        if follow_symlinks and self._real.is_symlink():
            return self._leads_to(stat.S_IFREG)
        return bool(self._real.is_file(follow_symlinks=follow_symlinks))

    def _leads_to(self, kind: int) -> bool:
        """Whether a link leads to something of a kind, which may have changed since the directory was listed."""
        try:
            return stat.S_IFMT(self.stat().st_mode) == kind
        except FileNotFoundError:
            return False

    def is_symlink(self) -> bool:
        """See `os.DirEntry.is_symlink`."""
        return bool(self._real.is_symlink())

    def is_junction(self) -> bool:
        """See `os.DirEntry.is_junction`."""
        return bool(self._real.is_junction())

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """See `os.DirEntry.stat`."""
        known = self._status.get(follow_symlinks)
        if known is None:
            known = os.stat(self.path, dir_fd=self._descriptor, follow_symlinks=follow_symlinks)
            self._status[follow_symlinks] = known
        return known

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class Entries:
    """The iterator that `os.scandir` returns."""

    # Until the directory has been read.
    _is_closed = True

    def __init__(self, real: Any, descriptor: int | None) -> None:
        with real:
            self._found = [DirEntry(each, descriptor) for each in real]
        self._left: Iterator[DirEntry] = iter(self._found)
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[DirEntry]:
        return self

    def __next__(self) -> DirEntry:
        for entry in self._left:
            return entry
        self._is_closed = True
        raise StopIteration

    def close(self) -> None:
        """End the iteration."""
        self._left = iter(())
        self._is_closed = True

    def __del__(self) -> None:
        # The real one is still open, too.
        if not self._is_closed:
            warnings.warn(f"unclosed scandir iterator {self!r}", ResourceWarning, source=self, stacklevel=1)

    def __enter__(self) -> Entries:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

"""Limits that the operating system enforces: of open files and of memory."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import ModuleType

from ..control import real_lock
from ._arguments import size_in_words
from ._descriptors import count_descriptors

#: Held while limits are put in place or taken away, because blocks of several threads may overlap.
_changing = real_lock()


def _module(argument: str) -> ModuleType:
    __tracebackhide__ = True
    try:
        import resource
    except ImportError:
        raise NotImplementedError(
            f"{argument}: this platform ({sys.platform}) has no such limits: omit the argument there"
        ) from None
    return resource


class _SoftLimit:
    """One limit of this process, and the values that are requested now: the lowest one counts."""

    def __init__(self, argument: str, name: str) -> None:
        self._argument = argument
        self._name = name
        self._asked: dict[object, int] = {}
        self._before: tuple[int, int] | None = None

    def ask(self, find: Callable[[], int], undo: contextlib.ExitStack) -> None:
        """Limit it to what `find` returns, or less if less is allowed already; `undo` takes that back."""
        __tracebackhide__ = True
        resource = _module(self._argument)
        which: int = getattr(resource, self._name)
        token = object()
        # This is first, so that it is taken back however this ends, by Ctrl-C for example.
        undo.callback(self._release, token)
        with _changing:
            value = find()
            if self._before is None:
                self._before = resource.getrlimit(which)
            self._asked[token] = value
            self._set(resource, which, self._before)

    def _release(self, token: object) -> None:
        __tracebackhide__ = True
        resource = _module(self._argument)
        with _changing:
            if self._asked.pop(token, None) is not None and self._before is not None:
                self._set(resource, getattr(resource, self._name), self._before)
                if not self._asked:
                    self._before = None

    def _set(self, resource: ModuleType, which: int, before: tuple[int, int]) -> None:
        __tracebackhide__ = True
        if not self._asked:
            resource.setrlimit(which, before)
            return
        allowed = [limit for limit in before if limit != resource.RLIM_INFINITY]
        resource.setrlimit(which, (min([*self._asked.values(), *allowed]), before[1]))


_files = _SoftLimit("open_files", "RLIMIT_NOFILE")
_data = _SoftLimit("memory", "RLIMIT_DATA")


def limit_open_files(most: int, undo: contextlib.ExitStack) -> None:
    """Let this process have at most `most` files open; `undo` takes that back.

    Raises `ValueError` if more are open now, and `NotImplementedError` if that cannot be limited.
    """
    __tracebackhide__ = True
    _module("open_files")

    def highest() -> int:
        __tracebackhide__ = True
        count, numbers = count_descriptors()
        if most < count:
            raise ValueError(
                f"open_files={most}: this process already has {count} open files (including pytest's own). Use "
                f"{count} or more, such as open_files={count + most}"
            )
        # The system limits the numbers: files with higher ones stay open, and count.
        limit = most
        while limit + sum(number >= limit for number in numbers) > most:
            limit -= 1
        return limit

    _files.ask(highest, undo)


def limit_memory(most: int, undo: contextlib.ExitStack) -> None:
    """Let this process have at most `most` bytes of data; `undo` takes that back.

    Raises `ValueError` if it has more now, and `NotImplementedError` if that cannot be limited.
    """
    __tracebackhide__ = True
    _module("memory")
    used = memory_used()
    if most < used:
        raise ValueError(
            f"memory={most}: this process already uses {size_in_words(used)} ({used} bytes). Use a higher limit"
        )
    _data.ask(lambda: most, undo)
    if not _bites(most):
        raise NotImplementedError("memory: this platform does not enforce the limit: omit the argument there")


def memory_used() -> int:
    """Return the bytes that the limit counts: private writable memory, used or not, with the threads' stacks.

    Raises `NotImplementedError` if the system does not report that.
    """
    __tracebackhide__ = True
    with contextlib.suppress(FileNotFoundError, StopIteration), open("/proc/self/status", "rb") as status:
        return int(next(line for line in status if line.startswith(b"VmData:")).split()[1]) * 1024
    raise NotImplementedError(
        f"memory: memory usage is not available on this platform ({sys.platform}): omit the argument there"
    )


def _bites(most: int) -> bool:
    """Whether the system refuses what is certainly too much. Asking uses nothing."""
    __tracebackhide__ = True
    if sys.platform != "win32":
        import mmap

        try:
            mmap.mmap(-1, most, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        except (OSError, MemoryError, OverflowError):
            return True
    return False

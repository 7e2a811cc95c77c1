"""Blocks of code in which resources are limited, and what they have left open at their end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType

from ..control import current_unit
from ._arguments import bytes_of, check_count
from ._leaks import Leak, Snapshot, describe_leaks
from ._rlimits import limit_memory, limit_open_files
from ._thread_limit import limit_threads

#: Called with what a block has left open.
OnLeaks = Callable[[list[Leak]], None]


class ResourceLimits:
    """Limits for a `with` block; `resource_limits(...)` returns it.

    After the block, `leaks` lists the files, sockets, threads and child processes that the block has left open.
    """

    def __init__(
        self,
        open_files: int | None = None,
        threads: int | None = None,
        memory: int | str | None = None,
        *,
        on_leaks: OnLeaks,
    ) -> None:
        __tracebackhide__ = True
        if open_files is None and threads is None and memory is None:
            raise TypeError('resource_limits needs a limit: open_files=64, threads=8 or memory="512MiB"')
        for name, given in (("open_files", open_files), ("threads", threads)):
            if given is not None:
                check_count(name, given)
        self.open_files = open_files
        self.threads = threads
        #: The limit on memory in bytes; None without one.
        self.memory = None if memory is None else bytes_of("memory", memory)
        self.leaks: list[Leak] = []
        self._on_leaks = on_leaks
        self._before: Snapshot | None = None
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> ResourceLimits:
        """Put the limits in force.

        Raises `ValueError` if more is in use than a limit allows, and `NotImplementedError` if the system has no such
        limit.
        """
        __tracebackhide__ = True
        if self._before is not None:
            raise RuntimeError("these limits are already in force: call resource_limits(...) again for each block")
        before = Snapshot()
        undo = self._undo
        try:
            if self.threads is not None:
                limit_threads(self.threads, undo)
            if self.memory is not None:
                limit_memory(self.memory, undo)
            # This is the last one: finding out what is in use takes a file.
            if self.open_files is not None:
                limit_open_files(self.open_files, undo)
        except BaseException:
            undo.close()
            raise
        self._before = before
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        before = self._before
        self.lift()
        if before is None or (error is not None and not isinstance(error, Exception)):
            # This is Ctrl-C, for example, or the end of a thread under control.
            return
        # Under control the other threads do not run now: nothing ends meanwhile.
        self.leaks[:] = before.leaks(wait=current_unit() is None)
        if self.leaks and error is None:
            # Otherwise the traceback may be what keeps them open.
            self._on_leaks(self.leaks)

    def lift(self) -> None:
        """Put back what was before the limits; a second call does nothing."""
        __tracebackhide__ = True
        self._undo.close()
        self._before = None

    def __repr__(self) -> str:
        __tracebackhide__ = True
        named = {"open_files": self.open_files, "threads": self.threads, "memory": self.memory}
        reported = ", ".join(f"{name}={value}" for name, value in named.items() if value is not None)
        return f"<ResourceLimits {reported}{f'; leaked: {describe_leaks(self.leaks)}' if self.leaks else ''}>"

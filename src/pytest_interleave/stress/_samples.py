"""Samples that the waiting thread takes while the others work."""

from __future__ import annotations

import _thread
import gc
import os
import sys
from typing import NamedTuple

#: Seconds of the first slices; they grow with the run.
FIRST_SLICE = 0.02
_SLICES = 60


class Slice(NamedTuple):
    """A part of a run."""

    #: Its end, in seconds since the release.
    seconds: float
    #: The number of operations that ended in it.
    operations: int


class Samples:
    """Operations over time, in at most 60 slices, and the peak number of threads."""

    def __init__(self) -> None:
        self.slice = FIRST_SLICE
        self.slices: list[Slice] = []
        self.peak_threads = 0
        self._counted = 0
        self._ends = FIRST_SLICE

    def count_threads(self) -> None:
        """Count the threads that there are now."""
        self.peak_threads = max(self.peak_threads, python_threads())

    def take(self, seconds: float, operations: int) -> None:
        """Note that this many operations have ended in all, `seconds` after the release."""
        self.count_threads()
        if seconds >= self._ends:
            self._close(seconds, operations)
            self._ends = (seconds // self.slice + 1) * self.slice

    def finish(self, seconds: float, operations: int) -> None:
        """Close the last slice: the run is over."""
        if operations > self._counted or not self.slices:
            self._close(seconds, operations)

    def _close(self, seconds: float, operations: int) -> None:
        # For a moment, a thread that puts its figures away is counted too low.
        operations = max(operations, self._counted)
        self.slices.append(Slice(round(seconds, 4), operations - self._counted))
        self._counted = operations
        if len(self.slices) > _SLICES:
            self.slice *= 2
            pairs = [self.slices[at : at + 2] for at in range(0, len(self.slices), 2)]
            self.slices = [Slice(pair[-1].seconds, sum(part.operations for part in pair)) for pair in pairs]


def python_threads() -> int:
    """Return the number of threads of this process that Python has started, and the first one."""
    return _thread._count() + 1


def resident_bytes() -> int | None:
    """Return the bytes that the process has in memory, after a collection; None if that is not known.

    If the system does not report that, it is the most that the process ever had.
    """
    gc.collect()
    if sys.platform != "win32":
        try:
            with open("/proc/self/statm", "rb") as figures:
                return int(figures.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            pass
        try:
            import resource
        except ImportError:
            return None
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return None

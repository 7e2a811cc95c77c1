"""What the fixture `resource_limits` gives."""

from __future__ import annotations

import warnings

import pytest

from .._warnings import InterleaveWarning
from ..resources import Leak, ResourceLeak, ResourceLimits, tell
from ._leak_check import leaks_told_key
from ._shards import nodeid_of


class LimitResources:
    """Makes blocks in which resources are limited; the fixture `resource_limits`."""

    def __init__(self, item: pytest.Item, mode: str) -> None:
        self._item = item
        #: "warn", "error" or "ignore": what is done about leaks.
        self._mode = mode
        self._made: list[ResourceLimits] = []

    def __call__(
        self,
        *,
        open_files: int | None = None,
        threads: int | None = None,
        memory: int | str | None = None,
    ) -> ResourceLimits:
        """Limits for a `with` block: files that this process has open, threads alive, and memory.

        All three are of the whole process. `memory` is a size (`"512MiB"`) or in bytes. Raises `TypeError` or
        `ValueError` for what is no limit; the block, when it begins, `ValueError` where more is in use already, and
        `NotImplementedError` where the system has no such limit.
        """
        __tracebackhide__ = True
        limits = ResourceLimits(open_files, threads, memory, on_leaks=self._on_leaks)
        self._made.append(limits)
        return limits

    def lift_all(self) -> None:
        """The test is over: no limit outlives it, even where a thread is still in its block."""
        for limits in self._made:
            limits.lift()

    def _on_leaks(self, leaks: list[Leak]) -> None:
        __tracebackhide__ = True
        if self._mode == "ignore":
            return
        known = self._item.stash.setdefault(leaks_told_key, [])
        # An inner block may have told of them.
        leaks = [leak for leak in leaks if not any(map(leak.same_as, known))]
        if not leaks:
            return
        known += leaks
        text = f"{nodeid_of(self._item)}: the block with resource limits has left open: {tell(leaks)}"
        if self._mode == "error":
            raise ResourceLeak(text)
        warnings.warn(InterleaveWarning(text), stacklevel=3)

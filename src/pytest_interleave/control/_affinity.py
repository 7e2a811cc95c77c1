"""One CPU for all controlled threads: a hand-off between two threads is then many times cheaper (with a GIL)."""

from __future__ import annotations

import os
import sys


def has_gil() -> bool:
    """Whether this interpreter runs with a global interpreter lock."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def choose_cpu() -> int | None:
    """The CPU to pin controlled threads to; None where that does not help or cannot be done.

    Parallel pytest-xdist workers take different CPUs. Without a GIL pinning makes hand-off slower.
    """
    if not hasattr(os, "sched_setaffinity") or not has_gil():
        return None
    allowed = sorted(os.sched_getaffinity(0))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    number = int(worker[2:]) if worker[2:].isdigit() else os.getpid()
    return allowed[number % len(allowed)]


def pin(cpu: int | None) -> set[int] | None:
    """Pin the calling thread; what `unpin` needs to undo it."""
    if cpu is None:
        return None
    before: set[int] = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return None
    return before


def unpin(before: set[int] | None) -> None:
    """Give the calling thread its CPUs back."""
    if before is not None:
        os.sched_setaffinity(0, before)

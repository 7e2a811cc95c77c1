"""One CPU for all controlled threads: a hand-off between two threads is then many times cheaper (with a GIL)."""

from __future__ import annotations

import os
import sys
import threading
from typing import NamedTuple

from ._task_files import task_file


def has_gil() -> bool:
    """Whether this interpreter runs with a global interpreter lock."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


#: The position of the CPU in what Linux says of a thread, after its name (see proc_pid_stat(5), field 39).
_PROCESSOR = 36


def _cpu_here() -> int | None:
    """The CPU that the calling thread runs on; None where the operating system does not tell."""
    try:
        return int(task_file(threading.get_native_id(), "stat").rpartition(b")")[2].split()[_PROCESSOR])
    except (OSError, IndexError, ValueError):
        return None


class Placement(NamedTuple):
    """Where and how a thread was scheduled by the operating system before it was pinned."""

    cpus: set[int]
    policy: int | None


if sys.platform != "win32" and sys.platform != "darwin":

    def choose_cpu() -> int | None:
        """The CPU to pin controlled threads to; None where that does not help or cannot be done.

        Parallel pytest-xdist workers take different CPUs. Any other process takes the one that it is on: the operating
        system has put it there, away from others that compute. Without a GIL pinning makes hand-off slower.
        """
        if not hasattr(os, "sched_setaffinity") or not has_gil():
            return None
        allowed = sorted(os.sched_getaffinity(0))
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        if worker[2:].isdigit():
            return allowed[int(worker[2:]) % len(allowed)]
        here = _cpu_here()
        return here if here in allowed else allowed[os.getpid() % len(allowed)]

    def pin(cpu: int | None) -> Placement | None:
        """Pin the calling thread; what `unpin` needs to undo it.

        It is also made a batch thread where it was an ordinary one: the operating system then does not let a thread
        that is woken interrupt the one that woke it. Otherwise the woken one runs at once, only to find that the other
        still holds the GIL, and goes back to sleep: two more switches, which double the cost of a hand-off.
        """
        if cpu is None:
            return None
        before = Placement(os.sched_getaffinity(0), None)
        try:
            os.sched_setaffinity(0, {cpu})
        except OSError:
            return None
        if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER:
            try:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
                before = before._replace(policy=os.SCHED_OTHER)
            except OSError:
                pass
        return before

    def unpin(before: Placement | None) -> None:
        """Give the calling thread its CPUs and its policy back."""
        if before is None:
            return
        os.sched_setaffinity(0, before.cpus)
        if before.policy is not None:
            os.sched_setscheduler(0, before.policy, os.sched_param(0))

else:

    def choose_cpu() -> int | None:
        """Here, a process cannot choose its CPU."""
        return None

    def pin(cpu: int | None) -> Placement | None:  # noqa: ARG001
        """Here, a thread runs where the operating system puts it."""
        return None

    def unpin(before: Placement | None) -> None:
        """Here, there is nothing to undo."""

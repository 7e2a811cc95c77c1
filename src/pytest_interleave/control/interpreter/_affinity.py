"""One CPU for all controlled threads: with a GIL, this makes a hand-off between two threads many times cheaper."""

from __future__ import annotations

import os
import sys
import threading
from typing import NamedTuple

from ._task_files import task_file


def has_gil() -> bool:
    """Whether this interpreter runs with a global interpreter lock."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


#: The index of the CPU in a thread's `stat` file, counted from behind the name (see proc_pid_stat(5), field 39).
_PROCESSOR = 36


def _cpu_here() -> int | None:
    """Return the CPU that the calling thread runs on, or None if the operating system does not say."""
    try:
        return int(task_file(threading.get_native_id(), "stat").rpartition(b")")[2].split()[_PROCESSOR])
    except (OSError, IndexError, ValueError):
        return None


class Placement(NamedTuple):
    """The CPUs and the scheduling policy of a thread before it was pinned; the policy is None if it was not changed."""

    cpus: set[int]
    policy: int | None


if sys.platform != "win32" and sys.platform != "darwin":

    def choose_cpu() -> int | None:
        """Return the CPU to pin controlled threads to, or None if pinning does not help or is not possible.

        Parallel pytest-xdist workers take different CPUs. Any other process takes the CPU that it is on: the operating
        system has put it there, away from others that compute. Without a GIL, pinning makes a hand-off slower.
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
        """Pin the calling thread to a CPU, and return what `unpin` needs, or None if nothing was changed.

        An ordinary thread also becomes a batch thread: the operating system then does not let a thread that is woken
        interrupt the thread that woke it. Otherwise the woken thread runs at once, only to find that the other still
        holds the GIL, and sleeps again: two more switches, which double the cost of a hand-off.
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
        """Give the calling thread back the CPUs and the policy that it had before."""
        if before is None:
            return
        try:
            os.sched_setaffinity(0, before.cpus)
            if before.policy is not None:
                os.sched_setscheduler(0, before.policy, os.sched_param(0))
        except OSError:
            # The CPUs of the process may be others by now, as in a container.
            pass

else:

    def choose_cpu() -> int | None:
        """Return None: on this system, a process cannot choose its CPU."""
        return None

    def pin(cpu: int | None) -> Placement | None:  # noqa: ARG001
        """Return None: on this system, a thread runs where the operating system puts it."""
        return None

    def unpin(before: Placement | None) -> None:
        """Do nothing: on this system, no thread is pinned."""

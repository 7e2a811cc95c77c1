"""Child processes of this process that may do something for the test."""

from __future__ import annotations

import os
import sys

from ..scope._modules import imported
from ._task_files import task_file

#: The real function, also while a test is under control.
_listdir = os.listdir

#: Services of `multiprocessing`. Each starts a process that serves until Python ends and does nothing by itself.
_SERVICES = (
    ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
    ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
)


if sys.platform != "win32" and (sys.platform != "darwin" or sys.version_info >= (3, 13)):

    def any_child() -> bool | None:
        """Whether this process has a child that is alive or was not waited for; None if that is unknown."""
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        except AttributeError:
            return None
        return True

else:

    def any_child() -> bool | None:
        """Return None: this operating system does not say so without waiting for a child."""
        return None


def has_children() -> bool:
    """Whether processes that this one has started are alive, or have ended and were not waited for.

    False if that is unknown, and if they are only those that the standard library keeps until Python ends.
    """
    if not any_child():
        return False
    services = _services()
    return not services or not _children() <= services


def _services() -> set[int]:
    pids: set[int] = set()
    for module, owner, name in _SERVICES:
        pid = getattr((imported(module) or {}).get(owner), name, None)
        if pid is not None:
            pids.add(pid)
    return pids


def _children() -> set[int]:
    """Return the process identifiers of the children, or {0} if the operating system does not report them."""
    pids: set[int] = set()
    try:
        for thread in _listdir("/proc/self/task"):
            pids.update(map(int, task_file(int(thread), "children").split()))
    except (OSError, ValueError):
        return {0}
    return pids

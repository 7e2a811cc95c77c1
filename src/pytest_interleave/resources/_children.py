"""The child processes of this process, in Linux's `/proc`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..control.interpreter import any_child
from ..control.scope import imported, loaded

#: Said of a child that has ended, and that still takes a place in the system's table of processes.
ENDED = "not waited for"


class Child(NamedTuple):
    """A child process."""

    pid: int
    command: str
    #: Whether it has ended, and no code has waited for it.
    ended: bool

    def __str__(self) -> str:
        return f"{self.pid} ({self.command}{f'; ended, but {ENDED}' if self.ended else ''})"


def children() -> frozenset[int] | None:
    """Return the process ids of all children but those that the standard library keeps for good; None if unknown."""
    # This is by far the cheapest test, and there are usually none.
    found = any_child()
    if not found:
        return None if found is None else frozenset()
    try:
        return frozenset(_listed()) - frozenset(_helpers())
    except OSError:
        return None


def describe_child(pid: int) -> Child | None:
    """Return a description of a child; None if it no longer exists."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    command = " ".join(words).strip()
    if len(command) > 80:
        command = f"{command[:79]}…"
    state = stat.rpartition(")")[2].split()[0]
    return Child(pid, command or stat.partition("(")[2].rpartition(")")[0], state == "Z")


def reap() -> None:
    """Let the standard library wait for those of its children that have ended."""
    processes = loaded("multiprocessing.process")
    if processes is not None:
        processes.active_children()
    subprocess: Any = loaded("subprocess")
    if subprocess is not None:
        with contextlib.suppress(AttributeError):
            subprocess._cleanup()


def _listed() -> Iterator[int]:
    for task in os.listdir("/proc/self/task"):
        try:
            # Each thread lists the children that it has started.
            text = Path(f"/proc/self/task/{task}/children").read_text("ascii")
        except FileNotFoundError:
            if os.path.exists(f"/proc/self/task/{task}"):
                # The kernel was built without this file.
                yield from _found()
                return
            continue
        yield from map(int, text.split())


def _found() -> Iterator[int]:
    own = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{name}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1] == own:
                    yield int(name)


def _helpers() -> Iterator[int]:
    """Yield the processes that `multiprocessing` starts once and keeps."""
    tracker = (imported("multiprocessing.resource_tracker") or {}).get("_resource_tracker")
    server = (imported("multiprocessing.forkserver") or {}).get("_forkserver")
    for pid in (getattr(tracker, "_pid", None), getattr(server, "_forkserver_pid", None)):
        if pid is not None:
            yield pid

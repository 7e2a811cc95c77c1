"""Leaks: files, sockets, threads and child processes that were not there before and are left open."""

from __future__ import annotations

import gc
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..control import is_ours, is_stdlib, observed, real_lock
from ..control.interpreter import has_gil, missing_for_control, real_seconds
from ..control.scope import place_of_frame
from ._children import ENDED, children, describe_child, reap
from ._described import describe_call
from ._descriptors import Opened, describe_descriptor, open_descriptors

if missing_for_control() is None:
    from ..control.threads import outlives_executions, real_enumerate
else:
    real_enumerate = threading.enumerate

    def outlives_executions(thread: threading.Thread) -> bool:  # noqa: ARG001
        """Return False: on this interpreter, no thread is under control."""
        return False


#: Seconds of real time for threads and processes that are about to end; what has not ended then is a leak.
PATIENCE = 0.25
#: The number of collections. Without a GIL, an object is freed by the thread that has made it, and what it refers to
#: perhaps by another one: each collection frees no more than the next of them.
_COLLECTIONS = 1 if has_gil() else 5


class ResourceLeak(AssertionError):
    """Raised when a test or a `resource_limits` block leaks a resource."""

    __module__ = "pytest_interleave"


@dataclass(frozen=True)
class Leak:
    """Something that was left open."""

    #: "file", "socket", "thread" or "process".
    kind: str
    #: Its path, addresses, name, or process id and command.
    what: str
    _key: object = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"

    def same_as(self, other: Leak) -> bool:
        """Whether both are the same thing, even if it is described in other words by now."""
        return self.kind == other.kind and self._key == other._key


class Snapshot:
    """The files, threads and child processes at the moment when it is made."""

    def __init__(self) -> None:
        self._files = open_descriptors()
        self._threads = frozenset(real_enumerate())
        self._children = children()

    def leaks(self, before_collecting: Callable[[], object] | None = None, *, wait: bool = True) -> list[Leak]:
        """Return what is open and was not when the snapshot was made.

        What cannot be listed on this system is not in it. Garbage does not count; `before_collecting` is called before
        it is collected. With `wait`, what is about to end is given some time for it. In the common case, if nothing is
        left, this is cheap.
        """
        if not self._suspects():
            return []
        if before_collecting is not None:
            before_collecting()
        for _ in range(_COLLECTIONS):
            gc.collect()
            if not self._suspects():
                return []
        reap()
        until = real_seconds() + (PATIENCE if wait else 0.0)
        pause = real_lock()
        pause.acquire()
        while self._suspects(waits=True) and real_seconds() < until:
            pause.acquire(timeout=0.005)
            reap()
        # A thread that has ended meanwhile may have been the last to hold what is garbage now.
        gc.collect()
        return list(self._leaks())

    def _suspects(self, *, waits: bool = False) -> bool:
        """Whether anything is there that was not; with `waits`, anything that could end by itself."""
        if (not waits and any(self._new_files())) or any(self._new_threads()):
            return True
        return any(self._new_children())

    def _new_files(self) -> Iterator[tuple[int, Opened]]:
        before, after = self._files, open_descriptors()
        if before is None or after is None or after == before:
            return
        # A file that was closed and opened again, under another number perhaps, is not new.
        known = Counter(before.values())
        for number, opened in sorted(after.items(), key=lambda item: before.get(item[0]) != item[1]):
            if known[opened]:
                known[opened] -= 1
            else:
                yield number, opened

    def _new_threads(self) -> Iterator[threading.Thread]:
        for thread in real_enumerate():
            if thread not in self._threads and not _is_of_no_interest(thread):
                yield thread

    def _new_children(self) -> frozenset[int]:
        after = children()
        return frozenset() if after is None or self._children is None else after - self._children

    def _leaks(self) -> Iterator[Leak]:
        for number, opened in self._new_files():
            reported = describe_descriptor(number, opened)
            if reported is not None:
                yield Leak(*reported, (number, opened))
        for thread in self._new_threads():
            yield Leak("thread", _describe_thread(thread), thread.ident)
        for pid in sorted(self._new_children()):
            child = describe_child(pid)
            if child is not None:
                yield Leak("process", str(child), pid)


def _is_of_no_interest(thread: threading.Thread) -> bool:
    if thread.ident in observed or isinstance(thread, threading._DummyThread):
        # It is under control, or was started by something else than Python.
        return True
    if outlives_executions(thread):
        # It belongs to what outlives the test, such as the worker of the whole program.
        return True
    return getattr(getattr(thread, "function", None), "__module__", "").startswith("pytest_timeout")


def _describe_thread(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    innermost = frame
    while frame is not None and (is_stdlib(frame.f_code.co_filename) or is_ours(frame.f_code.co_filename)):
        frame = frame.f_back
    shown = frame or innermost
    name = f"{thread.name}{', daemon' if thread.daemon else ''}"
    target = getattr(thread, "_target", None)
    if frame is None and target is not None:
        return f"{name}, running {describe_call(target)}"
    if shown is None:
        return name
    place = place_of_frame(shown)
    return f"{name}, at {place} in {place.function}"


#: For each kind: one of it, several of it, and what they still are.
_KINDS = {
    "file": ("file", "files", "still open"),
    "socket": ("socket", "sockets", "still open"),
    "thread": ("thread", "threads", "still running"),
    "process": ("process", "processes", "still running"),
}
#: Anonymous files have a number in place of a path.
_NUMBER = re.compile(r":\[\d+\]$")


def describe_leaks(leaks: Sequence[Leak], when: str = "", most: int = 10) -> str:
    """Return all leaks in one line, by kind: "3 files still open (/tmp/x ×2, pipe); 1 thread still running (…)".

    `when` follows the first half of each clause, such as " after the test". Of each kind at most `most` are named; of
    the rest, only the number is given.
    """
    by_kind: dict[str, Counter[str]] = {}
    for leak in leaks:
        by_kind.setdefault(leak.kind, Counter())[_NUMBER.sub("", leak.what)] += 1
    clauses = []
    for kind, counted in by_kind.items():
        one, several, are = _KINDS[kind]
        if any(ENDED in what for what in counted):
            are = ENDED
        number = counted.total()
        named = [f"{what} ×{count}" if count > 1 else what for what, count in counted.most_common(most)]
        left = number - sum(count for _, count in counted.most_common(most))
        if left:
            named.append(f"… and {left} more")
        clauses.append(f"{number} {one if number == 1 else several} {are}{when} ({'; '.join(named)})")
    return "; ".join(clauses)

"""Threads that did not end in time: where they are, and how they are ended."""

from __future__ import annotations

import _thread
import sys
import threading
import traceback
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..control import is_ours, real_lock
from ..control.interpreter import frames_of_others, raise_in, real_seconds, take_back
from ..control.primitives import SLICE, Ended
from ..control.scope import user_place

if TYPE_CHECKING:
    from ._worker import Worker

#: Seconds that a thread that is asked to end has to do so by itself: its operation, or its wait for a lock, ends. After
#: that it is interrupted.
_ASKED = 4 * SLICE
#: For this many seconds it is interrupted again and again, for code that swallows that, with the second number of
#: seconds in between. After that it is left running.
_INTERRUPTED = 1.5
_BETWEEN = 0.1


class HungThread(NamedTuple):
    """A thread that had not ended when the time was over."""

    name: str
    #: Its stack then, as Python shows a traceback, without frames of this plugin.
    stack: str
    #: The number of the operation that it was in, from 1; 0 in `setup`.
    operation: int
    #: Whether it could be ended. If not, it runs on, as a daemon thread that does not keep the process from exiting.
    ended: bool
    #: `file:line` where it was: the last line of `stack` that is in scope, if one is, or else the last one.
    where: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return self._asdict()


def stacks_of(workers: list[Worker]) -> dict[int, tuple[str, str]]:
    """Return, by index, the stack of each worker and its last place."""
    frames = frames_of_others()
    return {worker.index: _stack(frames.get(worker.ident or 0)) for worker in workers}


def _stack(frame: FrameType | None) -> tuple[str, str]:
    found = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=True) if frame is not None else ()
    # The outermost frame is first. Frames of `threading` that only began the thread say nothing.
    shown = [entry for entry in reversed(found) if not is_ours(entry.filename)]
    while shown and shown[0].filename == threading.__file__:
        del shown[0]
    if not shown:
        return "", "an unknown place"
    text = "".join(traceback.StackSummary.from_list(shown).format()).rstrip()
    return f"Stack (most recent call last):\n{text}", str(user_place(frame))


def end_threads(workers: list[Worker], *, asked: float = _ASKED, patience: float = _INTERRUPTED) -> list[Worker]:
    """End the workers' threads; return those that could not be ended in `asked` and `patience` seconds.

    They are asked first, and then interrupted: an exception that is raised in a thread that has just acquired a lock
    leaves the lock behind.
    """
    for worker in workers:
        worker.ask_to_end()
    left = _still_there(workers, asked)
    until = real_seconds() + patience
    while left and real_seconds() < until:
        for worker in left:
            worker.while_running(lambda ident: raise_in(ident, Ended))
        left = _still_there(left, _BETWEEN)
    if left and sys.version_info < (3, 12):
        # An exception that does not arrive would make all threads slow. From 3.12 on it may arrive later, and end the
        # thread then.
        _forget_interruptions(left)
    return left


def _still_there(workers: list[Worker], seconds: float) -> list[Worker]:
    until = real_seconds() + seconds
    pause = real_lock()
    pause.acquire()
    while True:
        left = [worker for worker in workers if not worker.over]
        if not left or real_seconds() >= until:
            return left
        pause.acquire(timeout=0.002)


def _forget_interruptions(workers: list[Worker]) -> None:
    done = real_lock()
    done.acquire()

    def forget() -> None:
        try:
            for worker in workers:
                worker.while_running(take_back)
        finally:
            done.release()

    # In a thread that is not traced, which `take_back` needs.
    _thread.start_new_thread(forget, ())
    done.acquire(timeout=5)

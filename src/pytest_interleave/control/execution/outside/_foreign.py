"""Threads that are not controlled but take part in an execution.

Most processes have some that do not take part: those of the test runner, of a time limit, of a progress bar. A thread
counts if it uses a primitive of ours during the execution, or if, when the execution begins, it runs code in scope or
waits at such a primitive.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from .... import PACKAGE_DIRECTORY
from ...interpreter._other_threads import frames_of_others
from ...scope import _current_scope, _real
from ...scope._places import Place, is_ours, user_place
from ..units import _current

if TYPE_CHECKING:
    from .._execution import Execution

_get_ident = _real.get_ident
_active: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]

#: The execution that runs now, if any.
watching: list[Execution] = []


class ForeignThread(NamedTuple):
    """A thread that is not controlled."""

    name: str
    of_fixture: bool
    where: Place | None


def foreign_threads() -> list[threading.Thread]:
    """Return the live threads that are neither controlled nor the test runner's own."""
    # This is called at every wait: to check each of many controlled threads would take longer than the wait.
    strangers = _active.keys() - _current.units.keys() - _current.infrastructure
    if not strangers:
        return []
    threads = list(_active.items())
    return [thread for ident, thread in threads if ident in strangers and is_foreign_thread(ident, thread)]


def is_foreign_thread(ident: int, thread: threading.Thread) -> bool:
    """Whether a thread is neither controlled nor the test runner's own."""
    return (
        ident not in _current.units
        and ident not in _current.infrastructure
        and thread is not threading.main_thread()
        and not getattr(getattr(thread, "function", None), "__module__", "").startswith("pytest_timeout")
    )


def look_for_foreign(execution: Execution, matters: Callable[[int], bool]) -> None:
    """Note, when an execution begins, the threads that are in the program's code, or wait at one of our primitives.

    `matters` says, for a thread's identifier, whether the thread can do anything.
    """
    threads = [thread for thread in foreign_threads() if matters(thread.ident or 0)]
    if not threads:
        return
    frames = frames_of_others()
    for thread in threads:
        assert thread.ident is not None
        frame = frames.get(thread.ident)
        if _has_part(frame) or runs_code_in_scope(thread):
            execution.foreign[thread.ident] = _described(thread, frame)


def note_foreign() -> None:
    """Note the calling thread, which is not controlled and calls a method of a primitive while an execution runs."""
    try:
        execution = watching[-1]
    except IndexError:
        # The execution has ended since the caller looked.
        return
    ident = _get_ident()
    if ident in execution.foreign:
        return
    thread = _active.get(ident)
    if thread is not None and is_foreign_thread(ident, thread):
        execution.foreign[ident] = _described(thread, sys._getframe(1))


def _described(thread: threading.Thread, frame: FrameType | None) -> ForeignThread:
    return ForeignThread(thread.name, _OF_FIXTURE in vars(thread), user_place(frame))


_PRIMITIVES = os.path.join(PACKAGE_DIRECTORY, "control", "primitives", "")


def _has_part(frame: FrameType | None) -> bool:
    holds = _current_scope.scope.holds
    while frame is not None:
        filename = frame.f_code.co_filename
        if holds[filename] or (is_ours(filename) and filename.startswith(_PRIMITIVES)):
            return True
        frame = frame.f_back
    return False


def runs_code_in_scope(thread: threading.Thread) -> bool:
    """Whether a thread was made to run code in scope."""
    # The second target is a timer's.
    for target in (getattr(thread, "_target", None), getattr(thread, "function", None), type(thread).run):
        code = getattr(getattr(target, "__func__", target), "__code__", None)
        if code is not None and _current_scope.scope.holds[code.co_filename]:
            return True
    return False


_OF_FIXTURE = "_pytest_interleave_of_fixture"


def threads_known() -> set[int]:
    """Return the identifiers of the threads that exist."""
    return set(_active)


def note_threads_of_fixtures(before: set[int]) -> None:
    """Mark the threads that were not there `before` as started by fixtures."""
    for ident in _active.keys() - before:
        thread = _active.get(ident)
        if thread is not None:
            vars(thread)[_OF_FIXTURE] = True

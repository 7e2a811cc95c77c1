"""Finds out whether a thread gets anywhere, by letting it run alone and comparing it with itself.

A thread that comes back to where it was, with the same variables, and has changed nothing meanwhile, spins: it repeats
the same steps until another thread changes something. That it calls nothing whose doings are unknown is looked at, too,
by a profile function, as long as the probe lasts.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import sys
import threading
import types
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING, Any

from . import _current
from ._kinds import CONTAINER, STILL, VIEW, kind_of
from ._opcodes import opname_at
from ._owners import MISSING
from ._places import is_ours
from ._private_state import Change, State, change_between, is_number, mark_of, same_place, state_from, user_frame
from ._touches import OPAQUE, WRITES
from ._values import new_value

if TYPE_CHECKING:
    from types import CodeType

    from ._operations import Operation
    from ._tasks import Task
    from ._touches import Touches

#: Steps after which a probe ends if the thread has not come back to where it was.
MOST_STEPS = 600
#: Rounds of a loop that may differ from each other before the thread counts as one that works.
_MOST_ROUNDS = 8

#: What is done in these files is done to primitives, which are seen.
_TRANSPARENT_FILES = frozenset(
    (
        threading.__file__,
        queue.__file__,
        contextlib.__file__,
        *(f"{path}/{name}.py" for path in concurrent.futures.__path__ for name in ("_base", "thread")),
    )
)
#: Modules in C whose functions do nothing but give a result.
_PURE_MODULES = frozenset(("builtins", "math", "cmath", "_operator", "_thread", "_functools", "_abc"))
_IMPURE_NAMES = frozenset(
    "next input exec eval compile open print __import__ setattr delattr breakpoint anext allocate_lock "
    "start_new_thread".split()
)
_READERS_OF_SYS = frozenset(("_getframe", "getrefcount", "exc_info", "intern", "getrecursionlimit", "_is_gil_enabled"))


class Finding(Enum):
    """What a probe has found out."""

    #: It repeats the same steps for ever, unless another thread does something.
    SPINS = 0
    #: It repeats the same steps, and only counts its rounds.
    COUNTS = 1
    #: It gets somewhere, or may do so.
    WORKS = 2


class Probe:
    """Watches `task` run alone. To be asked at each of its steps, in its own thread.

    `alone` says that no other thread could run. `until` is the code of the outermost frame, which is not looked at.
    With `for_long`, attempts to take a lock count as rounds that are repeated, not as work.
    """

    def __init__(self, task: Task, *, alone: bool, for_long: bool, until: CodeType) -> None:
        self.task = task
        self._alone = alone
        self._for_long = for_long
        self._until = until
        self._anchor: State | None = None
        self._held: tuple[int, ...] = ()
        self._steps = 0
        self._rounds = 0
        #: Whether something unknown was called.
        self._opaque = False
        #: Whether numbers were written that others can see, or other values: by instruction, the last one.
        self._counts = False
        self._rewrites = False
        self._tries = False
        self._written: dict[tuple[int, int], Any] = {}
        self._profiling = False

    @property
    def repeats(self) -> bool:
        """Whether the thread has written the same values, or tried for the same thing, again and again."""
        return self._rewrites or self._tries

    def step(self, operation: Operation, touches: Touches | None, frame: FrameType) -> Finding | None:
        """The thread is about to do its next step; the answer is None as long as nothing is known."""
        found = self._step(operation, touches, frame)
        if found is not None:
            self.end()
        return found

    def end(self) -> None:
        """Stop watching."""
        if self._profiling:
            self._profiling = False
            sys.setprofile(None)

    def _step(self, operation: Operation, touches: Touches | None, frame: FrameType) -> Finding | None:
        self._steps += 1
        if self._steps > MOST_STEPS or self._opaque:
            return Finding.WORKS
        if touches and any(how & OPAQUE for _, _, how in touches):
            return Finding.WORKS
        if not self._alone and not operation.patient:
            # Whether it gets what it asks for depends on where the others are.
            if not self._for_long:
                return Finding.WORKS
            self._tries = True
        innermost = user_frame(frame)
        if innermost is None:
            return Finding.WORKS
        if self._changes(operation, touches) and not self._only_counts(operation, innermost):
            return Finding.WORKS
        if self._anchor is None or same_place(innermost, self._anchor):
            return self._back(operation, innermost)
        return None

    def _back(self, operation: Operation, frame: FrameType) -> Finding | None:
        """The thread is where it was before, or the probe begins."""
        state = state_from(frame, self._until, calls=operation.target is not None)
        if state is None:
            return Finding.WORKS
        held = tuple(id(lock) for lock in self.task.held)
        before, self._anchor = self._anchor, state
        held_before, self._held = self._held, held
        if before is None:
            if sys.getprofile() is not None:
                # Somebody else measures.
                return Finding.WORKS
            sys.setprofile(self._profile)
            self._profiling = True
            return None
        self._rounds += 1
        change = change_between(before, state)
        if held == held_before and self._rounds > 1:
            if change is Change.NOTHING and not self._counts and not self._tries:
                return Finding.SPINS
            if change is not Change.ANYTHING and self._rounds >= _MOST_ROUNDS // 2:
                return Finding.COUNTS
        return Finding.WORKS if self._rounds >= _MOST_ROUNDS else None

    # -- what it does ----------------------------------------------------------------------------------------

    def _changes(self, operation: Operation, touches: Touches | None) -> bool:
        return operation.mutates or bool(touches and any(how & WRITES for _, _, how in touches))

    def _only_counts(self, operation: Operation, frame: FrameType) -> bool:
        """Whether a change is but that of a number, or writes what was written before."""
        code, lasti = operation.code, operation.lasti
        if operation.target is not None or frame.f_code is not code:
            return False
        value = new_value(frame, opname_at(code, lasti), lasti)
        mark = None if value is MISSING else mark_of(value)
        if mark is None:
            return False
        place = (id(code), lasti)
        before = self._written.get(place)
        self._written[place] = mark
        if before == mark:
            self._rewrites = True
        elif is_number(mark):
            self._counts = True
        elif before is not None:
            return False
        return True

    def _profile(self, frame: FrameType, event: str, what: Any) -> None:
        if event == "call":
            filename = frame.f_code.co_filename
            if not (is_ours(filename) or _current.scope.holds_code(frame.f_code) or filename in _TRANSPARENT_FILES):
                self._opaque = True
        elif event == "c_call" and not is_ours(frame.f_code.co_filename) and not _is_pure(what):
            self._opaque = True


def _is_pure(function: Any) -> bool:
    """Whether a function in C does nothing but give a result, or what it does is seen in another way."""
    kind = type(function)
    if kind is types.BuiltinFunctionType:
        owner = function.__self__
        if type(owner) is types.ModuleType:
            name = owner.__name__
            if name == "sys":
                return function.__name__ in _READERS_OF_SYS
            return name in _PURE_MODULES and function.__name__ not in _IMPURE_NAMES
        return owner is None or _is_known(type(owner))
    if kind is types.MethodDescriptorType or kind is types.WrapperDescriptorType:
        return _is_known(function.__objclass__)
    return kind is types.MethodWrapperType and _is_known(type(function.__self__))


def _is_known(kind: type) -> bool:
    """Whether values of a type never change, or their changes are accesses, or are in the thread's own state."""
    return kind is object or kind is type or kind_of(kind) in (STILL, CONTAINER, VIEW)

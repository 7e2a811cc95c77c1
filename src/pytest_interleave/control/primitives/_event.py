"""`threading.Event` under control."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from .. import _current
from .._operations import Operation
from .._places import made_here
from ._dispatch import Primitive
from ._lazycondition import HasLazyCondition
from ._lock import made_text

if TYPE_CHECKING:
    from .._tasks import Task

RealEvent = threading.Event
_tasks = _current.tasks
_get_ident = _current.get_ident


class Event(HasLazyCondition, RealEvent, metaclass=Primitive):
    """A flag that threads can wait for."""

    def __init__(self) -> None:
        self._flag = False
        self.waiting: list[Task] = []
        self.made = made_here()

    def is_set(self) -> bool:
        """See `threading.Event.is_set`."""
        task = _tasks.get(_get_ident())
        if task is not None:
            frame = sys._getframe(1)
            task.execution.point(task, Operation("is_set?", self, frame.f_code, frame.f_lasti, mutates=False))
        return self._flag

    def set(self) -> None:
        """See `threading.Event.set`."""
        task = _tasks.get(_get_ident())
        if task is None:
            super().set()
            return
        frame = sys._getframe(1)
        task.execution.point(task, Operation("set", self, frame.f_code, frame.f_lasti))
        self._flag = True
        if self.waiting:
            task.execution.refresh(self)
        self._wake_real_waiters()

    def clear(self) -> None:
        """See `threading.Event.clear`."""
        task = _tasks.get(_get_ident())
        if task is None:
            super().clear()
            return
        frame = sys._getframe(1)
        task.execution.point(task, Operation("clear", self, frame.f_code, frame.f_lasti))
        self._flag = False
        if self.waiting:
            task.execution.refresh(self)

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Event.wait`."""
        task = _tasks.get(_get_ident())
        if task is None:
            return super().wait(timeout)
        frame = sys._getframe(1)
        execution = task.execution
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        operation = Operation("wait", self, frame.f_code, frame.f_lasti, mutates=False)
        return execution.wait_for(task, operation, self, deadline)

    def available(self, task: Task, /) -> bool:  # noqa: ARG002
        """Whether it is set."""
        return self._flag

    def expire(self, task: Task, /) -> None:
        """A wait with a timeout ends."""
        task.execution.time_out(task)

    def describe(self) -> str:
        """For messages: what it is and where it was made."""
        return f"Event{made_text(self.made)}"

    def __repr__(self) -> str:
        status = "set" if self._flag else "unset"
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}: {status}>"

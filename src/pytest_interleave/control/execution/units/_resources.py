"""What units can wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._units import Task


class Resource(Protocol):
    """What a controlled thread can wait for."""

    waiting: list[Task]

    def available(self, task: Task, /) -> bool:
        """Whether `task` could go on now."""

    def expire(self, task: Task, /) -> None:
        """The time that `task` was ready to wait is over."""


class TimesOut:
    """A resource of which a wait with a time limit simply ends."""

    __slots__ = ()

    def expire(self, task: Task, /) -> None:
        """See `Resource.expire`."""
        task.execution.enabled.time_out(task)

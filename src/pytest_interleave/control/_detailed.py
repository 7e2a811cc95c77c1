"""An execution that is to be told of: it keeps where each step was done, and what some of them found there."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING

from ._execution import LONGEST, Execution
from ._places import user_place

if TYPE_CHECKING:
    from ._carriers import Carriers
    from ._operations import Operation
    from ._protocol import Strategy
    from ._recorder import Recorder
    from ._tasks import Resource, Task
    from ._touches import Touches


class DetailedExecution(Execution):
    """Knows each operation's nearest place in scope before the strategy is asked who goes on.

    A `recorder` may look at what some of the steps access, when they are about to be done.
    """

    detail = True
    _depth = 3

    def __init__(
        self,
        strategy: Strategy,
        carriers: Carriers,
        *,
        max_steps: int,
        longest: float = LONGEST,
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(strategy, carriers, max_steps=max_steps, longest=longest)
        self._recorder = recorder

    def point(self, task: Task, operation: Operation, touches: Touches | None = None) -> None:
        """See `Execution.point`."""
        frame = sys._getframe(1)
        _note_place(operation, frame)
        super().point(task, operation, touches)
        self._record(task, frame)

    def wait_for(self, task: Task, operation: Operation, resource: Resource, deadline: int | None = None) -> bool:
        """See `Execution.wait_for`."""
        _note_place(operation, sys._getframe(1))
        return super().wait_for(task, operation, resource, deadline)

    def mark(self, task: Task, operation: Operation, touches: Touches | None = None) -> None:
        """See `Execution.mark`."""
        frame = sys._getframe(1)
        _note_place(operation, frame)
        super().mark(task, operation, touches)
        self._record(task, frame)

    def _record(self, task: Task, frame: FrameType) -> None:
        """A step is about to be done, by code that `frame` was called from."""
        if self._recorder is None or self.closing is not None or self.long is not None or not self.log:
            return
        last, operation, touches = self.log[-1]
        if last is task:
            self._recorder.note(len(self.log) - 1, operation, touches, frame)


def _note_place(operation: Operation, frame: FrameType) -> None:
    if operation.place is None:
        operation.place = user_place(frame)

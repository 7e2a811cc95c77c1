"""An execution for a report: it keeps where each step was done, and a recorder can note what some steps found there."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from ..scope import _current_scope
from ..scope._places import caller_of_generated, user_place
from ._execution import Execution

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ..steps._touches import Touches
    from .units._resources import Resource
    from .units._units import Unit


class StepRecorder(Protocol):
    """The interface of an object that records steps."""

    def note(self, step: int, operation: Operation, touches: Touches | None, frame: FrameType | None) -> None:
        """Record the step at position `step` of the log, before the code that called `frame` does it.

        A step that waits is recorded after its wait.
        """


class DetailedExecution(Execution):
    """An execution that finds each operation's nearest place in scope before the strategy chooses.

    A `recorder` may record what some of the steps access, just before they are done.
    """

    detail = True
    _depth = 3
    recorder: StepRecorder | None = None

    def point(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """See `Execution.point`."""
        frame = sys._getframe(1)
        super().point(unit, _placed(operation, frame), touches)
        self._record(unit, frame)

    def wait_for(self, unit: Unit, operation: Operation, resource: Resource, deadline: int | None = None) -> bool:
        """See `Execution.wait_for`."""
        frame = sys._getframe(1)
        done = super().wait_for(unit, _placed(operation, frame), resource, deadline)
        self._record(unit, frame)
        return done

    def mark(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """See `Execution.mark`."""
        frame = sys._getframe(1)
        super().mark(unit, _placed(operation, frame), touches)
        self._record(unit, frame)

    def _record(self, unit: Unit, frame: FrameType) -> None:
        """Give the recorder the step that the code that called `frame` is about to do."""
        if self.recorder is None or self.closing is not None or self.long is not None or not self.log:
            return
        last, operation, touches = self.log[-1]
        if last is unit:
            self.recorder.note(len(self.log) - 1, operation, touches, frame)


def _placed(operation: Operation, frame: FrameType) -> Operation:
    """Return the operation, or a copy of it, with its place set."""
    if operation.place is None:
        place = user_place(frame)
        caller = caller_of_generated(place, frame)
        if caller is not None:
            return operation.at(caller)
        if operation.code.co_filename in _current_scope.scope.parts:
            # A report shows it where the program calls it, and that may be anywhere.
            return operation.at(place)
        operation.place = place
    return operation

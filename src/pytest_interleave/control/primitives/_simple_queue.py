"""`queue.SimpleQueue` under control."""

from __future__ import annotations

import queue
import sys
from collections import deque
from collections.abc import Callable
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import Adopted, LetGo, RealWait, TimeLimit, in_queue, settled
from ..scope import _real
from ..scope._places import made_here
from ..scope._real import new_gate
from ..steps._kinds import GET, PUT, SIZE
from ..steps._operations import Operation
from ._dispatch import Primitive, stands_for
from ._endable import get_in_slices, slicing
from ._shared import Made

if TYPE_CHECKING:
    from ..execution.units._units import Unit

RealSimpleQueue = queue.SimpleQueue
_units = _current.units
_get_ident = _real.get_ident


class SimpleQueue(Made, metaclass=Primitive):
    """An unbounded queue; the items are in a real one, so that it serves threads of any kind."""

    # The module that messages and users know.
    __module__ = "_queue"
    called = "SimpleQueue"
    event = "an item in "

    __class_getitem__: Any = classmethod(GenericAlias)

    waits_at_large = True

    _kind: type[queue.SimpleQueue[Any]] = RealSimpleQueue

    def __init__(self) -> None:
        self._real = self._kind()
        self.waiting: list[Unit] = []
        #: Gates of threads that wait without control.
        self._gates: deque[Any] = deque()
        self.made = made_here()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        """Put an item without ever blocking, see `queue.SimpleQueue.put`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            self._put_really(item)
            return
        frame = sys._getframe(1)
        unit.execution.point(unit, Operation(PUT, self, frame.f_code, frame.f_lasti))
        self._put_really(item)
        if self.waiting:
            unit.execution.enabled.refresh(self)

    def _put_really(self, item: Any) -> None:
        self._real.put(item)
        if self._gates:
            try:
                self._gates.popleft().release()
            except IndexError:
                # The last waiting thread has just given up.
                pass

    def put_nowait(self, item: Any) -> None:
        """See `queue.SimpleQueue.put_nowait`."""
        self.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """See `queue.SimpleQueue.get`."""
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
            if not block or (timeout is not None and timeout <= 0):
                return self._real.get(block, timeout)
            if slicing:
                return get_in_slices(self._real.get, timeout)
            frame = sys._getframe(1)
            return self._get_really(timeout, Operation(GET, self, frame.f_code, frame.f_lasti))
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        frame = sys._getframe(1)
        execution = unit.execution
        operation = Operation(GET, self, frame.f_code, frame.f_lasti)
        if block:
            deadline = None if timeout is None else execution.clock.deadline(timeout)
            try:
                execution.wait_for(unit, operation, self, deadline)
            except LetGo:
                return self._get_really(timeout, operation)
        else:
            operation.mutates = not self._real.empty()
            execution.point(unit, operation)
        item = self._real.get_nowait()
        if self.waiting:
            execution.enabled.refresh(self)
        return item

    def _get_really(self, timeout: float | None, operation: Operation) -> Any:
        """Wait without control for an item; raise `queue.Empty` if the timeout expires before."""
        limit = None if timeout is None else TimeLimit(timeout)
        while True:
            gate = new_gate()
            # This comes first: an item that is put from here on opens the gate, or is found.
            self._gates.append(gate)
            withdraw = in_queue(self._gates, gate)
            if not self._real.empty():
                try:
                    item = self._real.get_nowait()
                except Exception:
                    # Another thread was faster.
                    withdraw()
                    continue
                self._pass_on(withdraw)
                return item
            try:
                opened = RealWait(gate, limit, operation, lambda _: self, withdraw).wait()
            except Adopted as adopted:
                unit = adopted.unit
                try:
                    unit.execution.resume(unit)
                except LetGo:
                    continue
                item = self._real.get_nowait()
                if self.waiting:
                    unit.execution.enabled.refresh(self)
                return item
            if not opened:
                self._pass_on(withdraw)
                return self._real.get_nowait()

    def _pass_on(self, withdraw: Callable[[], bool]) -> None:
        """Wake another thread: the calling one, which needs its gate no more, may have been the only one woken."""
        settled()
        if not withdraw() and self._gates and not self._real.empty():
            try:
                self._gates.popleft().release()
            except IndexError:
                pass

    def get_nowait(self) -> Any:
        """See `queue.SimpleQueue.get_nowait`."""
        return self.get(block=False)

    def empty(self) -> bool:
        """See `queue.SimpleQueue.empty`."""
        self._look()
        return self._real.empty()

    def qsize(self) -> int:
        """See `queue.SimpleQueue.qsize`."""
        self._look()
        return self._real.qsize()

    def _look(self) -> None:
        unit = _units[_get_ident()]
        if unit is not None:
            frame = sys._getframe(2)
            unit.execution.point(unit, Operation(SIZE, self, frame.f_code, frame.f_lasti, mutates=False))

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether there is an item in the queue."""
        return not self._real.empty()


#: Our classes, by the class of a copy of the module `_queue` that they stand for.
_of_copies: dict[type, type[SimpleQueue]] = {RealSimpleQueue: SimpleQueue}


def stand_in_for(found: Any) -> type[SimpleQueue] | None:
    """Return the stand-in for the class of a second copy of the module `queue`; None if `found` is no such class.

    A copy has an exception `Empty` of its own, which its class raises.
    """
    if type(found) is not type or (found.__module__, found.__qualname__) != ("_queue", "SimpleQueue"):
        return None
    if found not in _of_copies:
        # Not by a class statement: outside control, that would derive from the real class.
        own = {"__module__": "_queue", "_kind": found}
        made: Any = type.__new__(Primitive, "SimpleQueue", (SimpleQueue,), own)
        _of_copies[found] = made
        stands_for(made, found)
    return _of_copies[found]

"""Steps that a program announces itself: on a key-value store, a device, a server, anything outside its memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..execution.units import _current
from ..execution.units._at_large import LetGo, settled
from ..execution.units._resources import TimesOut
from ..interpreter._monotonic import real_monotonic
from ..scope import _real
from ..steps._external import Key, Look
from ..steps._kinds import AWAIT
from ..steps._operations import Operation
from ..steps._touches import READS, WRITES
from ._announce import announce
from ._uses import nothing_further

if TYPE_CHECKING:
    from ..execution._execution import Execution
    from ..execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident
_real_sleep = time.sleep

#: Real seconds between two checks of a predicate by a thread that is not controlled.
_PAUSE = 0.005


class Resource(Key):
    """What programs call a resource: its steps, and the threads that wait for it."""

    __slots__ = ("changes", "waits")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        #: The number of changes so far.
        self.changes = 0
        self.waits: list[_Wait] = []

    def changed(self, execution: Execution) -> None:
        """Let the threads that wait for it check again whether they can continue."""
        self.changes += 1
        for wait in tuple(self.waits):
            execution.enabled.refresh(wait)

    def describe(self) -> str:
        """Return a text for messages."""
        return self.name


class _Wait(TimesOut):
    """One wait for a change of a resource."""

    def __init__(self, resource: Resource, execution: Execution) -> None:
        self.awaited = resource
        self.waiting: list[Unit] = []
        self._execution = execution
        self._seen = -1
        self._checked = -1
        #: Whether the thread checks the predicate only because no thread can continue.
        self._is_late = False

    def check(self) -> None:
        """Note that the predicate has been checked now."""
        self._seen = self.awaited.changes
        if self._is_late:
            self._checked = self._last_step()
            self._is_late = False

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether the predicate may hold now.

        It may also depend on changes that were not announced. So it is checked once more if no thread can continue,
        even if nothing has happened since the last check: equivalent schedules must have the same steps.
        """
        if self.awaited.changes != self._seen:
            return True
        if self._execution.enabled or self._last_step() <= self._checked:
            return False
        self._is_late = True
        return True

    def _last_step(self) -> int:
        """Return the position of the last step that is not a wait like this one."""
        log = self._execution.log
        at = len(log) - 1
        while at >= 0 and log[at][1].kind == AWAIT:
            at -= 1
        return at

    def describe(self) -> str:
        """Return a text for messages."""
        return self.awaited.describe()


#: The resources of the present execution, by what programs call them.
_resources: dict[Hashable, Resource] = {}


def forget_resources() -> None:
    """Forget all resources; to be called between executions."""
    _resources.clear()


def _resource(name: Hashable) -> Resource:
    known = _resources.get(name)
    if known is None:
        known = _resources[name] = Resource(name if isinstance(name, str) else repr(name))
    return known


class Step:
    """A context manager: what is done while it is entered belongs to the step, and no other thread runs."""

    def __init__(self, unit: Any, resource: Any) -> None:
        self._unit: Unit | None = unit
        self._resource: Resource | None = resource
        self._silence = nothing_further(unit)

    def __enter__(self) -> None:
        if self._unit is not None:
            self._unit.begin_atomic()
        self._silence.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._silence.__exit__(kind, error, traceback)
        if self._unit is not None:
            self._unit.end_atomic()
            if self._resource is not None:
                self._resource.changed(self._unit.execution)


def step(resource: Hashable, *, write: bool, text: str = "", part: Hashable = None) -> Step:
    """Announce that the calling thread is about to use state outside memory, and let other threads run before it does.

    Call it right before each use of a key-value store, a device, or anything else that the plugin cannot see. Two steps
    of different threads conflict if they use the same `resource`, and one of them writes: then both orders are tried,
    and reports show both. A `resource` is a string, or a tuple of strings and numbers. With `part`, a step uses only
    this part of the resource, for example one key of a store; without, all of it. `text` is what reports say: "SET
    users 3".

    The result is a context manager. In `with step(...):`, all that happens in the block belongs to the step: no other
    thread runs meanwhile, and files and sockets that the block uses do not count. Without `with`, the step ends where
    the thread next reaches a scheduling point.

    In a thread that is not controlled, as in a test without the marker `concurrency`, it does nothing. Raises
    `TypeError` if `resource` or `part` cannot be hashed.
    """
    hash((resource, part))
    unit = _units[_get_ident()]
    if unit is None:
        return Step(None, None)
    known = _resource(resource)
    shown = text or f"{'write' if write else 'read'} {known.name}"
    what = known.name if part is None else f"{known.name}[{part!r}]"
    touches = ((known, part, WRITES if write else READS),)
    verb = "write" if write else "read"
    announce(unit, what, verb, lambda: Look(touches, write, shown))
    if write:
        known.changed(unit.execution)
    return Step(unit, known if write else None)


def wait_until(
    resource: Hashable, predicate: Callable[[], bool], *, timeout: float | None = None, text: str = ""
) -> bool:
    """Wait until `predicate()` is true, and return whether that was so within `timeout` seconds.

    The predicate is checked at once, and again after each step that writes the `resource`, see `step`. No other thread
    runs while it is checked. Without a `timeout`, it waits for any length of time; if no other thread can ever make the
    predicate true, that is a deadlock. `text` is what reports say: "wait for job 3".

    In a controlled thread, `timeout` is virtual time. In any other thread the predicate is checked every few
    milliseconds.
    """
    unit = _units[_get_ident()]
    if unit is None:
        return _poll(predicate, timeout)
    known = _resource(resource)
    execution = unit.execution
    frame = sys._getframe(1)
    shown = text or f"wait for {known.name}"
    deadline = None if timeout is None else execution.clock.deadline(timeout)
    wait = _Wait(known, execution)
    known.waits.append(wait)
    try:
        while True:
            operation = Operation(AWAIT, wait, frame.f_code, frame.f_lasti, mutates=False, name=shown)
            execution.wait_for(unit, operation, wait, deadline)
            expired = unit.timed_out or (deadline is not None and deadline <= execution.clock.elapsed)
            if _holds(unit, predicate):
                return True
            if expired:
                return False
            wait.check()
    except LetGo:
        settled()
        return _poll(predicate, timeout)
    finally:
        known.waits.remove(wait)


def _holds(unit: Unit, predicate: Callable[[], bool]) -> bool:
    with Step(unit, None):
        return bool(predicate())


def _poll(predicate: Callable[[], bool], timeout: float | None) -> bool:
    until = None if timeout is None else real_monotonic() + timeout
    while not predicate():
        if until is not None and real_monotonic() >= until:
            return False
        _real_sleep(_PAUSE)
    return True

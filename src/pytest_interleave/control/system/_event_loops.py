"""Event loops of `asyncio` under control: they wait in virtual time if only time, or another thread, ends the wait.

A loop waits in a selector. If the only thing registered there is the pipe by which other threads wake the loop, the
scheduler can see all that ends the wait. With anything else (a socket, a child process) the wait is a real one.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..execution.outside._foreign import note_foreign, watching
from ..execution.units import _current
from ..execution.units._at_large import LetGo, settled
from ..scope import _real
from ..steps._kinds import GET, WAIT, WAKE
from ..steps._operations import Operation
from ._uses import like

if TYPE_CHECKING:
    from ..execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident


class LoopEvents:
    """The events that an event loop waits for: another thread wakes it, or time passes."""

    __slots__ = ("_select", "_selector", "waiting")

    def __init__(self) -> None:
        #: A weak reference: the selector keeps the loop alive through what is registered there.
        self._selector: Callable[[], Any] | None = None
        self._select: Callable[..., list[Any]]
        self.waiting: list[Unit] = []

    def of_selector(self, selector: Any, select: Callable[..., list[Any]]) -> None:
        """Use `select`, the real method, from now on to determine whether there is an event in `selector`."""
        if self._selector is None or self._selector() is not selector:
            self._selector = weakref.ref(selector)
        self._select = select

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether the loop was woken."""
        selector = None if self._selector is None else self._selector()
        return selector is not None and bool(self._select(selector, 0))

    def expire(self, unit: Unit, /) -> None:
        """Let the loop continue, because it is time for what it is to do next."""
        unit.execution.enabled.time_out(unit)

    def describe(self) -> str:
        """Return what the loop waits for, for messages."""
        return "an event of the event loop"


#: The events that each loop waits for. They do not keep the loop alive.
_events: weakref.WeakKeyDictionary[Any, LoopEvents] = weakref.WeakKeyDictionary()


def _events_of(loop: Any) -> LoopEvents:
    events = _events.get(loop)
    if events is None:
        events = _events[loop] = LoopEvents()
    return events


def _loop_woken_through(selector: Any) -> Any:
    """Return the loop whose pipe to itself is all that is registered; None if there is anything else, or nothing.

    A loop that handles signals does not count: they come from outside at any time.
    """
    keys: dict[int, Any] = getattr(selector, "_fd_to_key", {})
    if len(keys) != 1:
        return None
    (key,) = keys.values()
    data = key.data
    if type(data) is not tuple or len(data) != 2 or data[1] is not None:
        return None
    callback = getattr(data[0], "_callback", None)
    loop = getattr(callback, "__self__", None)
    if loop is None or getattr(callback, "__name__", "") != "_read_from_self":
        return None
    pipe = getattr(loop, "_ssock", None)
    is_pipe = pipe is not None and pipe.fileno() == key.fd
    return loop if is_pipe and not getattr(loop, "_signal_handlers", None) else None


def _selecting(real: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def select(self: Any, timeout: float | None = None) -> list[Any]:
        unit = _units[_get_ident()]
        loop = None if unit is None else _loop_woken_through(self)
        if unit is None or loop is None:
            return real(self, timeout)
        execution = unit.execution
        events = _events_of(loop)
        events.of_selector(self, real)
        frame = sys._getframe(1)
        # With no time to wait, it checks once whether it was woken.
        kind = GET if timeout is not None and timeout <= 0 else WAIT
        operation = Operation(kind, events, frame.f_code, frame.f_lasti, mutates=False)
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        try:
            execution.wait_for(unit, operation, events, deadline)
        except LetGo:
            settled()
            return real(self, timeout)
        return real(self, 0)

    return like(real, select)


def _calling(real: Callable[..., Any]) -> Callable[..., Any]:
    def call_soon_threadsafe(self: Any, callback: Any, *args: Any, context: Any = None) -> Any:
        unit = _units[_get_ident()]
        if unit is None:
            if watching:
                note_foreign()
        elif _runs(unit):
            frame = sys._getframe(1)
            events = _events_of(self)
            # Before the call is in the loop's queue: the order in which calls of several threads get there is a choice.
            unit.execution.point(unit, Operation(WAKE, events, frame.f_code, frame.f_lasti))
        return real(self, callback, *args, context=context)

    return like(real, call_soon_threadsafe)


def _waking(real: Callable[..., None]) -> Callable[..., None]:
    def _write_to_self(self: Any) -> None:
        real(self)
        unit = _units[_get_ident()]
        if unit is not None and _runs(unit):
            events = _events_of(self)
            if events.waiting:
                unit.execution.enabled.refresh(events)

    return like(real, _write_to_self)


def _runs(unit: Unit) -> bool:
    """Whether the calling thread is the one that was granted. A signal handler may run in one that is parked."""
    execution = unit.execution
    return execution.running is unit and not unit.outside


def of_selectors(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `selectors`: (owner, name, replacement)."""
    owners: dict[Any, None] = {}
    for name in ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector"):
        kind = getattr(module, name, None)
        if kind is not None:
            owners[next(owner for owner in kind.__mro__ if "select" in vars(owner))] = None
    for owner in owners:
        yield owner, "select", _selecting(owner.select)


def of_base_events(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements for calls that other threads send to a loop."""
    owner = module.BaseEventLoop
    yield owner, "call_soon_threadsafe", _calling(owner.call_soon_threadsafe)


def of_selector_events(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacement for the method by which a loop is woken."""
    owner = module.BaseSelectorEventLoop
    yield owner, "_write_to_self", _waking(owner._write_to_self)

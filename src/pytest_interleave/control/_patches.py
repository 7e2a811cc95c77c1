"""The replacements that are in place while a marked test runs.

Code that is in scope may hold its own reference (`from _thread import start_new_thread`): such names are replaced, too,
in every module in scope and in the few modules of the standard library that matter. Functions that return the time are
not replaced but redirected, for all code that holds them.
"""

from __future__ import annotations

import _thread
import concurrent.futures.thread as _futures_thread
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import ModuleType
from typing import Any

from .clocks._dates import replace_methods
from .clocks._time import put_in_place
from .clocks._travel_guard import TravelGuard
from .clocks._uuids import makers_of
from .execution.units import _current
from .execution.units._unwind import Unwind
from .primitives import Lock, RLock
from .primitives._dispatch import make_ours
from .primitives._simple_queue import stand_in_for
from .scope._modules import loaded, namespace_of_module, namespaces_in_scope
from .scope._replacements import Replacements
from .steps._kinds import ENTER, LEAVE
from .steps._operations import Operation
from .threads import _living, _threads
from .threads._numbering import numbering
from .threads._targets import announcing_callback, announcing_item, announcing_timer

_STDLIB_HOLDERS = ("queue", "sched", "concurrent.futures._base", "concurrent.futures.thread")


class Patches(Replacements):
    """The replacements for one test, which can be removed again."""

    def apply(self) -> None:
        """Replace threads' methods, the clock, and locks of the standard library on which threads would block."""
        _threads.remember_hook()
        for name in ("start", "join", "is_alive"):
            self._set(threading.Thread, name, getattr(_threads, name))
        replacements = [
            *_living.REPLACEMENTS,
            (_thread, "start_new_thread", _threads.start_new_thread),
        ]
        by_id: dict[int, Any] = {}
        for module, name, ours in replacements:
            by_id[id(getattr(module, name))] = ours
            self._set(module, name, ours)
        namespaces = namespaces_in_scope(*_STDLIB_HOLDERS)
        for namespace in namespaces:
            # Most hold none of them.
            if not by_id.keys().isdisjoint(map(id, list(namespace.values()))):
                for name, value in list(namespace.items()):
                    ours = by_id.get(id(value))
                    if ours is not None and value is not ours:
                        self._set_item(namespace, name, ours)
            for value in [value for value in list(namespace.values()) if type(value) is ModuleType]:
                copied = namespace_of_module(value)
                if not _is_a_copy(value) or any(copied is known for known in namespaces):
                    continue
                namespaces.append(copied)
                stand_in = stand_in_for(copied.get("SimpleQueue"))
                if stand_in is not None:
                    self._set_item(copied, "SimpleQueue", stand_in)
        uuid = loaded("uuid")
        if uuid is not None:
            for name, ours in makers_of(uuid):
                self._set(uuid, name, ours)
        self._undo.append(TravelGuard().remove)
        self._undo.append(put_in_place())
        self._undo.append(replace_methods())
        for owner, name, ours in numbering():
            self._set(owner, name, ours)
        self._set(_futures_thread, "_global_shutdown_lock", make_ours(Lock))
        self._set(_futures_thread._WorkItem, "run", announcing_item(_futures_thread._WorkItem.run))
        self._set(threading.Timer, "run", announcing_timer(threading.Timer.run))
        self._set(Future, "add_done_callback", announcing_callback(Future.add_done_callback))
        self._set(logging.Handler, "handle", _atomic_handle(logging.Handler.handle))

    def _set_item(self, namespace: dict[str, Any], name: str, value: Any) -> None:
        before = namespace[name]
        namespace[name] = value
        self._undo.append(lambda: namespace.__setitem__(name, before))


def _is_a_copy(module: ModuleType) -> bool:
    """Whether `module` is a second import of one of the standard library's, which only the program has."""
    name = vars(module).get("__name__")
    return name in _STDLIB_HOLDERS and sys.modules.get(name) is not module


def _locks(handler: logging.Handler) -> bool:
    """Whether a handler has a lock, and takes it."""
    return handler.lock is not None and type(handler).acquire is logging.Handler.acquire


def _atomic_handle(real: Callable[[logging.Handler, logging.LogRecord], Any]) -> Any:
    def handle(self: logging.Handler, record: logging.LogRecord) -> Any:
        """Handle a record, see `logging.Handler.handle`.

        A handler whose lock the scheduler cannot see is not preempted while it holds the lock.
        """
        unit = _current.current_unit()
        if unit is not None and record.exc_info and isinstance(record.exc_info[1], Unwind):
            # A library (a thread pool, for example) reports what ended its thread: that was us.
            return False
        if unit is None or not _locks(self) or type(self.lock) in _OUR_LOCKS:
            return real(self, record)
        frame = sys._getframe(1)
        # Each handler has a lock. All count as one, because pytest adds some of its own.
        unit.execution.mark(unit, Operation(ENTER, logging.Handler, frame.f_code, frame.f_lasti))
        unit.begin_atomic()
        try:
            return real(self, record)
        finally:
            unit.end_atomic()
            unit.execution.mark(unit, Operation(LEAVE, logging.Handler, frame.f_code, frame.f_lasti))

    return handle


_OUR_LOCKS: frozenset[type] = frozenset((Lock, RLock))

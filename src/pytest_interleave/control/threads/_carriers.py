"""The OS threads that carry controlled threads.

Starting an OS thread costs more than everything else that one small execution does, so a carrier whose controlled
thread has ended carries another one. Nothing may pass from one to the next: each runs in a context of its own
(`contextvars`), trace and profile functions are set again, and a carrier in which a `threading.local` was touched is
not used again.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..execution._unit_lives import finish, note_unseen, run_unit
from ..execution.units import _current
from ..execution.units._units import Unit
from ..instrumentation._engine import Engine, debugger_was_there
from ..interpreter._threadlocals import thread_locals_touched
from ..scope._real import new_gate, start_new_thread
from ..steps._kinds import IDLE
from ..steps._operations import Operation
from ._thread_half import ThreadHalf


class Carriers:
    """The idle carriers of one test, and the preparation of threads on them.

    `prepare` runs once in each new OS thread: it pins the thread to its CPU. The `engine` observes the code that the
    carriers run.
    """

    def __init__(self, prepare: Callable[[], object], engine: Engine) -> None:
        self.prepare = prepare
        self.trace = engine.trace
        self.take_over = engine.take_over
        self.let_go = engine.let_go
        self.watch_calls = engine.watch_calls
        self.unwatch_calls = engine.unwatch_calls
        self.no_unit = _no_unit()
        self._idle: list[Carrier] = []
        self.reuse = True

    def assign(self, unit: Unit, target: Callable[[], object], thread: threading.Thread | None) -> None:
        """See `Carriers.assign` in `execution`."""
        carrier = self._idle.pop() if self._idle else self._new_for(unit)
        carrier.unit = unit
        half = unit.half = ThreadHalf(carrier.ident, carrier.native_id, carrier.gate)
        half.target = target
        half.thread = thread
        half.carrier = carrier
        _current.units[carrier.ident] = unit

    def _new_for(self, unit: Unit) -> Carrier:
        execution = unit.execution
        starter = None if execution.running is None else execution.clock.readers.get(execution.running.index)
        if starter is None:
            return Carrier(self)
        starter.waits.pause()
        try:
            return Carrier(self)
        finally:
            starter.waits.resume()

    def give_back(self, carrier: Carrier) -> None:
        """Make the carrier available for another controlled thread."""
        self._idle.append(carrier)

    def retire(self) -> None:
        """End the idle carriers."""
        self.reuse = False
        idle, self._idle = self._idle, []
        for carrier in idle:
            carrier.unit = None
            carrier.gate.release()


class Carrier:
    """An OS thread that waits at its gate, runs the controlled thread that it was given, and waits again."""

    __slots__ = ("gate", "ident", "native_id", "owner", "ready", "unit")

    def __init__(self, owner: Carriers) -> None:
        self.owner = owner
        self.unit: Unit | None = None
        self.gate = new_gate()
        self.ready = new_gate()
        self.native_id: int | None = None
        self.ident = start_new_thread(self._loop, ())
        self.ready.acquire()

    def _loop(self) -> None:
        self.native_id = threading.get_native_id()
        self.owner.prepare()
        self.ready.release()
        while True:
            self.gate.acquire()
            unit = self.unit
            if unit is None:
                return
            contextvars.Context().run(self._carry, unit)
            # The thread may have outlived its execution, and be part of another one now.
            unit = self.unit or unit
            again = self.owner.reuse and not unit.abandoned and not thread_locals_touched()
            if _current.units[self.ident] is unit:
                del _current.units[self.ident]
            execution = unit.execution
            self.unit = None
            if unit.at_large:
                return
            if again:
                self.owner.give_back(self)
            # This comes last: from here on another thread runs, and may already use this carrier again.
            finish(execution, unit)
            del execution, unit
            if not again:
                return

    def _carry(self, unit: Unit) -> None:
        trace = threading.gettrace()
        profile = threading.getprofile()
        try:
            if profile is not None:
                sys.setprofile(profile)
            if trace is not None:
                sys.settrace(trace)
            if self.owner.trace is not None:
                self.owner.trace(unit)
            run_unit(unit.execution, unit)
        finally:
            if sys.gettrace() is not None:
                sys.settrace(None)
            elif self.owner.trace is not None and not debugger_was_there():
                # The thread may have outlived its execution.
                unit = self.unit or unit
                note_unseen(unit.execution, unit)
            if sys.getprofile() is not None:
                sys.setprofile(None)


def _no_unit() -> Unit:
    """Return a unit that is no thread at all: handing over to it wakes the watchdog, which waits at its gate."""
    none: Any = None
    unit = Unit(none, -1, "no unit", Operation(IDLE, None, _no_unit.__code__, 0))
    unit.half = ThreadHalf(0, None, new_gate())
    return unit

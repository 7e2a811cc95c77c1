"""The OS threads that carry controlled threads.

Starting an OS thread costs more than everything else that one small execution does, so a carrier that has ended
one controlled thread carries another. Nothing may pass from one to the next: each runs in a context of its own
(`contextvars`), trace and profile functions are set anew, and a carrier in which a `threading.local` was touched
is not used again.
"""

from __future__ import annotations

import _thread
import contextvars
import sys
import threading
from collections.abc import Callable
from types import FrameType

from ..execution.units import _current
from ..execution.units._units import Task, nobody
from ..interpreter._threadlocals import thread_locals_touched
from ..scope._real import new_gate

#: The interpreter's own, whatever `_thread.start_new_thread` is replaced by while a test is under control.
start_new_thread = _thread.start_new_thread


class Carriers:
    """The idle carriers of one test, and how a thread is prepared on them.

    `prepare` runs in each new OS thread once (it pins it to its CPU); `trace` in the thread before each
    controlled thread's code (it sets the trace function where one is needed).
    """

    def __init__(
        self,
        prepare: Callable[[], object],
        trace: Callable[[Task], None] | None,
        take_over: Callable[[Task, FrameType], None],
        let_go: Callable[[Task, FrameType], None],
    ) -> None:
        self.prepare = prepare
        self.trace = trace
        #: To be called in a thread that is under control from now on, with the frame that it is in.
        self.take_over = take_over
        #: The same, for one that is under control no more.
        self.let_go = let_go
        self.nobody = nobody()
        self._idle: list[Carrier] = []
        self.reuse = True

    def assign(self, task: Task) -> None:
        """Give `task` a carrier, which waits at the task's gate."""
        carrier = self._idle.pop() if self._idle else self._new_for(task)
        task.carrier = carrier
        carrier.task = task
        task.gate = carrier.gate
        task.ident = carrier.ident
        task.native_id = carrier.native_id
        _current.tasks[carrier.ident] = task

    def _new_for(self, task: Task) -> Carrier:
        execution = task.execution
        starter = None if execution.running is None else execution.clock.readers.get(execution.running.index)
        if starter is None:
            return Carrier(self)
        starter.waits.pause()
        try:
            return Carrier(self)
        finally:
            starter.waits.resume()

    def give_back(self, carrier: Carrier) -> None:
        """The carrier is free for another controlled thread."""
        self._idle.append(carrier)

    def retire(self) -> None:
        """End the idle carriers."""
        self.reuse = False
        idle, self._idle = self._idle, []
        for carrier in idle:
            carrier.task = None
            carrier.gate.release()


class Carrier:
    """One OS thread: waits at its gate, runs the controlled thread that it was given, waits again."""

    __slots__ = ("gate", "ident", "native_id", "owner", "ready", "task")

    def __init__(self, owner: Carriers) -> None:
        self.owner = owner
        self.task: Task | None = None
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
            task = self.task
            if task is None:
                return
            contextvars.Context().run(self._carry, task)
            # It may have outlived its execution, and be part of another one now.
            task = self.task or task
            again = self.owner.reuse and not task.abandoned and not thread_locals_touched()
            if _current.tasks[self.ident] is task:
                del _current.tasks[self.ident]
            execution = task.execution
            self.task = None
            if task.at_large:
                return
            if again:
                self.owner.give_back(self)
            # The last thing: from here on another thread runs, and may already use this carrier again.
            execution.finish(task)
            del execution, task
            if not again:
                return

    def _carry(self, task: Task) -> None:
        trace = threading.gettrace()
        profile = threading.getprofile()
        try:
            if profile is not None:
                sys.setprofile(profile)
            if trace is not None:
                sys.settrace(trace)
            if self.owner.trace is not None:
                self.owner.trace(task)
            task.execution.run_task(task)
        finally:
            if sys.gettrace() is not None:
                sys.settrace(None)
            elif self.owner.trace is not None:
                # It may have outlived its execution.
                task = self.task or task
                task.execution.note_unseen(task)
            if sys.getprofile() is not None:
                sys.setprofile(None)

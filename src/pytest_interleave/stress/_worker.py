"""One thread of a stress run, which repeats the operation and keeps its figures."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING

from ..control import get_ident, real_lock
from ..control.interpreter import REAL
from ..control.primitives import Ended, end_waiting, has_ended
from ._errors import Key
from ._latencies import Latencies

if TYPE_CHECKING:
    from ._run import Run

#: About this many latencies are kept one by one, by all threads together and by each thread; then they are put into the
#: histogram.
_KEPT = 200_000
_KEPT_BY_EACH = 20_000
#: The number of operations of a thread without such a limit.
_ENDLESS = 1 << 62

_seconds: Callable[[], float] = REAL["perf_counter"]


class Worker:
    """A thread, and what it has done so far. Only the thread itself writes the attributes, except `limit`."""

    def __init__(self, run: Run, index: int) -> None:
        self.index = index
        self.name = f"stress-{index}"
        self.latencies = Latencies()
        self.failed = 0
        self.errors: dict[Key, int] = {}
        #: Begin and end of its operations, in seconds of the clock; 0 before that.
        self.begun = 0.0
        self.ended = 0.0
        #: Whether it is still in the setup.
        self.preparing = True
        self.over = False
        #: Held as long as the thread may wait for its part of the ramp.
        self._ramp = real_lock()
        self._ramp.acquire()
        self.thread = threading.Thread(target=self._main, name=self.name, daemon=True)
        self._run = run
        self._pid = os.getpid()
        #: Held while the thread must not end, and its latencies must not be moved.
        self._guard = real_lock()
        self._fresh: list[float] = []
        self._started = False
        #: No operation begins from this second of the clock on. Each thread has a list and a number of its own: nothing
        #: is shared.
        self._limit = [math.inf]

    # -- for the thread that waits ---------------------------------------------------------------------------

    @property
    def ident(self) -> int | None:
        """The identifier of the thread, once it has been started."""
        return self.thread.ident

    @property
    def done(self) -> int:
        """The number of operations that have ended."""
        return self.latencies.count + len(self._fresh)

    def stop(self) -> None:
        """Begin no further operation."""
        self._limit[0] = -math.inf

    def ask_to_end(self) -> None:
        """Ask the thread to end after this operation, or where it next waits for a lock."""
        self.stop()
        self.while_running(end_waiting)
        try:
            self._ramp.release()
        except RuntimeError:
            # The thread does not wait any more.
            pass

    def while_running(self, act: Callable[[int], None]) -> None:
        """Call `act` with the thread's identifier if it has not ended; it does not end meanwhile."""
        held = self._guard.acquire(timeout=0.2)
        try:
            ident = self.ident
            if not self.over and ident is not None:
                act(ident)
        finally:
            if held:
                self._guard.release()

    def figures(self) -> Latencies:
        """Return all latencies so far, also while the thread runs."""
        held = self._guard.acquire(timeout=0.2)
        try:
            every = Latencies()
            every.include(self.latencies)
            every.add(list(self._fresh))
        finally:
            if held:
                self._guard.release()
        return every

    # -- in the thread itself --------------------------------------------------------------------------------

    def _main(self) -> None:
        while True:
            try:
                if not self._started:
                    self._started = True
                    self._work()
                self._end()
                return
            except Ended:
                # The exception may arrive a second time.
                continue

    def _end(self) -> None:
        if os.getpid() != self._pid:
            _end_child(0)
        self.over = True
        with self._guard:
            # If this thread was interrupted, that has been done by now, and the exception arrives at the next call.
            has_ended(get_ident())
        self._run.one_is_over(self)

    def _work(self) -> None:
        run = self._run
        try:
            call = run.prepare(self.index)
        except Ended:
            raise
        except BaseException as error:
            self._raised(error, in_setup=True)
            self.preparing = False
            run.one_is_ready(self)
            return
        self.preparing = False
        run.one_is_ready(self)
        run.gate.wait()
        plan = run.plan
        if plan.ramp and self.index and self._limit[0] == math.inf:
            # If the wait is ended early, no operation is to begin.
            self._ramp.acquire(timeout=self.index * plan.ramp / plan.threads)
        self.begun = self.ended = now = _seconds()
        if plan.seconds is not None and self._limit[0] == math.inf:
            self._limit[0] = now + plan.seconds
        if now < self._limit[0]:
            try:
                self._repeat(call, plan.operations)
            finally:
                self.ended = _seconds()

    def _repeat(self, call: Callable[[], object], operations: int | None) -> None:
        left = _ENDLESS if operations is None else operations
        most = max(500, min(_KEPT_BY_EACH, _KEPT // self._run.plan.threads))
        limit = self._limit
        clock = _seconds
        while left > 0:
            chunk = min(left, most)
            left -= chunk
            fresh = self._fresh = []
            append = fresh.append
            turns = repeat(None, chunk)
            while True:
                last = clock()
                try:
                    # Nothing else is done for an operation: this is what stress costs.
                    for _ in turns:
                        call()
                        now = clock()
                        append(now - last)
                        if now >= limit[0]:
                            left = 0
                            break
                        last = now
                except BaseException as error:
                    now = clock()
                    if not self._raised(error):
                        left = 0
                        break
                    append(now - last)
                    if now >= limit[0]:
                        left = 0
                        break
                    continue
                break
            if left > 0:
                self._put_away()

    def _put_away(self) -> None:
        """Put latencies into the histogram, so that a long run does not take more and more memory."""
        with self._guard:
            put_away, self._fresh = self._fresh, []
            self.latencies.add(put_away)

    def _raised(self, error: BaseException, *, in_setup: bool = False) -> bool:
        """Count an exception; return False if it ends the thread, or is a result of ending it."""
        if os.getpid() != self._pid:
            sys.excepthook(type(error), error, error.__traceback__)
            sys.stderr.flush()
            _end_child(1)
        if isinstance(error, Ended):
            raise error
        if self._limit[0] == -math.inf and self._run.is_ending(self):
            # Code may have turned the exception that ends the thread into another one.
            return False
        if isinstance(error, self._run.ends):
            self._run.end_with(error)
            return False
        boundary = _WORK if in_setup else _REPEAT
        key = self._run.firsts.note(error, boundary, self.name, in_setup=in_setup)
        self.errors[key] = self.errors.get(key, 0) + 1
        self.failed += 1
        return True


_REPEAT = Worker._repeat.__code__
_WORK = Worker._work.__code__


def _end_child(status: int) -> None:
    """End a process that the operation has forked and not ended: it must not continue as if it were this one."""
    os._exit(status)

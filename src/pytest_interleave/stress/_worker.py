"""One thread of a stress run: it repeats the operation and keeps its figures."""

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

#: Latencies that all threads together keep one by one, before they are put into the histogram.
_KEPT = 200_000
_KEPT_BY_EACH = 20_000
#: A thread goes on for ever.
_ENDLESS = 1 << 62

_seconds: Callable[[], float] = REAL["perf_counter"]


class Worker:
    """A thread, and what it has done so far. Attributes are written by the thread itself, but for `limit`."""

    def __init__(self, run: Run, index: int) -> None:
        self.index = index
        self.name = f"stress-{index}"
        self.latencies = Latencies()
        self.failed = 0
        self.errors: dict[Key, int] = {}
        #: Seconds of the clock: begin and end of its operations. 0 where it has not come to that.
        self.begun = 0.0
        self.ended = 0.0
        #: In the setup still.
        self.preparing = True
        self.over = False
        #: Held for as long as it may wait for its part of the ramp.
        self._ramp = real_lock()
        self._ramp.acquire()
        self.thread = threading.Thread(target=self._main, name=self.name, daemon=True)
        self._run = run
        self._pid = os.getpid()
        #: Held while others must not change what is in hand.
        self._guard = real_lock()
        self._fresh: list[float] = []
        self._started = False
        #: No operation begins from this second of the clock on. Its own list and number: threads do not share them.
        self._limit = [math.inf]

    # -- for the thread that waits ---------------------------------------------------------------------------

    @property
    def ident(self) -> int | None:
        """Its identifier, once it has been started."""
        return self.thread.ident

    @property
    def done(self) -> int:
        """How many operations have come to their end."""
        return self.latencies.count + len(self._fresh)

    def stop(self) -> None:
        """No further operation."""
        self._limit[0] = -math.inf

    def ask_to_end(self) -> None:
        """To end with this operation, or where it next waits for a lock."""
        self.stop()
        self.while_running(end_waiting)
        try:
            self._ramp.release()
        except RuntimeError:
            # It does not wait any more.
            pass

    def while_running(self, act: Callable[[int], None]) -> None:
        """Call `act` with its identifier, if the thread has not ended; it does not end meanwhile."""
        held = self._guard.acquire(timeout=0.2)
        try:
            ident = self.ident
            if not self.over and ident is not None:
                act(ident)
        finally:
            if held:
                self._guard.release()

    def figures(self) -> Latencies:
        """All latencies so far, also while it runs."""
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
                # It may come a second time.
                continue

    def _end(self) -> None:
        if os.getpid() != self._pid:
            _end_child(0)
        self.over = True
        with self._guard:
            # Whoever has interrupted this thread has done so now, and it arrives at the next call.
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
            # Whoever ends the wait does not want it to begin.
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
                    # All that there is to it: what stands here is what stress costs.
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
        """Into the histogram, so that a long run does not take more and more memory."""
        with self._guard:
            put_away, self._fresh = self._fresh, []
            self.latencies.add(put_away)

    def _raised(self, error: BaseException, *, in_setup: bool = False) -> bool:
        """Count it; False where it ends the thread, or came of ending it."""
        if os.getpid() != self._pid:
            sys.excepthook(type(error), error, error.__traceback__)
            sys.stderr.flush()
            _end_child(1)
        if isinstance(error, Ended):
            raise error
        if self._limit[0] == -math.inf and self._run.is_ending(self):
            # It may be that code has made another exception of ours.
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
    """A process that the operation has forked, and not ended: it must not go on as if it were this one."""
    os._exit(status)

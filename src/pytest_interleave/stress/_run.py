"""One stress run: real threads are started, released together, waited for, and ended if they do not end."""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .._signals import came_by_signal
from ..control import real_lock, without_ours
from ..control.interpreter import real_seconds
from ..control.primitives import endable_waits
from ._errors import Firsts
from ._figures import RETURNED_FALSE, Figures, Tally, figures_of, tally_of
from ._gate import Gate
from ._hung import HungThread, end_threads, stacks_of
from ._plan import Plan
from ._samples import FIRST_SLICE, Samples, resident_bytes
from ._worker import Worker

#: Returns the operation of thread `index`; it is called in that thread.
Prepare = Callable[[int], Callable[[], object]]

#: At most this many seconds pass before the thread that waits sees that it is to stop.
_LOOK = 0.05
#: Seconds that threads may still take when one has ended the run; then they are ended.
_AFTERWARDS = 1.0
#: Seconds for ending threads when everything is to end; then they are left running.
_IN_HASTE = 0.5
#: The switch interval in seconds, as small as possible: threads are switched wherever the interpreter can.
_SMALLEST = 1e-6


def run_stress(
    prepare: Prepare,
    plan: Plan,
    *,
    name: str,
    check: Callable[[], object] | None = None,
    ends: tuple[type[BaseException], ...] = (),
) -> Figures:
    """Run the operation in threads, without any control, and return the figures.

    Exceptions of a type in `ends` end the run; the first one is `ended_by`. Raises what the waiting thread is
    interrupted by, such as `KeyboardInterrupt`, and `RuntimeError` if not all threads can be started. Then no thread
    continues, if it can be ended.
    """
    before = resident_bytes()
    run = Run(prepare, plan, ends)
    with _smallest_switch_interval(), endable_waits():
        run.go()
    run.workers_are_gone()
    after = resident_bytes()
    check_error: BaseException | None = None
    checked = check is not None and not run.hung and run.ended_by is None
    if check is not None and checked:
        check_error = _failure_of(check, ends)
    return figures_of(
        run,
        name=name,
        memory_growth=None if before is None or after is None else after - before,
        check_error=check_error,
        check_left_out=check is not None and not checked,
    )


def _failure_of(check: Callable[[], object], ends: tuple[type[BaseException], ...]) -> BaseException | None:
    try:
        if check() is False:
            return AssertionError(RETURNED_FALSE)
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, *ends)) or came_by_signal(error):
            raise
        return error.with_traceback(without_ours(error.__traceback__))
    return None


class Run:
    """The threads of a run, and what they share."""

    def __init__(self, prepare: Prepare, plan: Plan, ends: tuple[type[BaseException], ...]) -> None:
        self.prepare = prepare
        self.plan = plan
        self.ends = ends
        self.firsts = Firsts()
        self.samples = Samples()
        self.gate = Gate()
        self.hung: list[HungThread] = []
        #: The exception that ended the run early.
        self.ended_by: BaseException | None = None
        #: The counts of each thread, from when it had ended or was found to hang.
        self.tallies: list[Tally] = []
        #: Seconds from the release to the end.
        self.seconds = 0.0
        self._released = 0.0
        self._ready: set[int] = set()
        self._over: set[int] = set()
        self._ending: set[int] = set()
        self._all_ready = _closed()
        self._all_over = _closed()
        self.workers = [Worker(self, index) for index in range(plan.threads)]
        _runs.add(self)

    # -- called by the threads -------------------------------------------------------------------------------

    def one_is_ready(self, worker: Worker) -> None:
        """Note that a worker waits at its gate."""
        self._ready.add(worker.index)
        if len(self._ready) == len(self.workers):
            _open(self._all_ready)

    def one_is_over(self, worker: Worker) -> None:
        """Note that a worker does nothing any more."""
        self._over.add(worker.index)
        if len(self._over) == len(self.workers):
            _open(self._all_over)

    def end_with(self, error: BaseException) -> None:
        """Let no thread begin another operation, because of `error`."""
        if self.ended_by is None:
            self.ended_by = error
        for worker in self.workers:
            worker.stop()

    def is_ending(self, worker: Worker) -> bool:
        """Whether a worker is being ended, so that nothing counts that it raises."""
        return worker.index in self._ending

    # -- in the thread that waits ----------------------------------------------------------------------------

    def go(self) -> None:
        """Start the threads, release them, wait for them, and end them. Raises as `run_stress` does."""
        try:
            self._start()
            if not self._wait(self._all_ready, real_seconds() + self.plan.timeout, sampled=False):
                for worker in self.workers:
                    # The gate is opened for the threads that hang, too.
                    worker.stop()
                if self.ended_by is None:
                    self._give_up([worker for worker in self.workers if worker.preparing])
                self._end([worker for worker in self.workers if not worker.preparing])
                self._conclude()
                return
            self.samples.count_threads()
            self._released = real_seconds()
            self.gate.open()
            if not self._wait(self._all_over, self._released + self.plan.patience, sampled=True):
                left = [worker for worker in self.workers if not worker.over]
                if self.ended_by is None:
                    self._give_up(left)
                else:
                    self._end(left)
            self._conclude()
        except BaseException:
            self._end(self.workers, asked=_LOOK, patience=_IN_HASTE)
            raise

    def _start(self) -> None:
        for number, worker in enumerate(self.workers):
            try:
                worker.thread.start()
            except (RuntimeError, MemoryError) as error:
                for other in self.workers[number:]:
                    # Its thread never ran.
                    other.over = True
                raise RuntimeError(
                    f"could only start {number} of {self.plan.threads} threads ({error}): lower threads="
                ) from error

    def _wait(self, until: Any, deadline: float, *, sampled: bool) -> bool:
        """Whether the lock `until` was released before the deadline.

        It never waits for long, so that signals are handled at once.
        """
        samples = self.samples
        while True:
            now = real_seconds()
            if self.ended_by is not None:
                deadline = min(deadline, now + _AFTERWARDS)
            pause = min(deadline - now, max(FIRST_SLICE, samples.slice) if sampled else _LOOK, _LOOK)
            if until.acquire(timeout=max(pause, 0)):
                return True
            now = real_seconds()
            if sampled:
                samples.take(now - self._released, self._done())
            if now >= deadline:
                return False

    def _done(self) -> int:
        return sum(worker.done for worker in self.workers)

    def _conclude(self) -> None:
        """Complete the figures: all threads have ended, or are known to hang."""
        if not self.tallies:
            self._count()
        self.samples.finish(self.seconds, sum(tally.done for tally in self.tallies))

    def _count(self, hanging: tuple[int, ...] = ()) -> None:
        now = real_seconds()
        self.tallies = [tally_of(worker, now, hangs=worker.index in hanging) for worker in self.workers]
        self.seconds = max((tally.ended for tally in self.tallies), default=now) - self._released
        if not self._released:
            self.seconds = 0.0

    def _give_up(self, workers: list[Worker]) -> None:
        """Count what the workers, which hang, have done; then end them."""
        self._count(tuple(worker.index for worker in workers))
        stacks = stacks_of(workers)
        left = self._end(workers)
        ended = {worker.index for worker in workers} - {worker.index for worker in left}
        for worker in workers:
            stack, where = stacks[worker.index]
            done = self.tallies[worker.index].done
            operation = 0 if worker.preparing else done + 1
            self.hung.append(HungThread(worker.name, stack, operation, worker.index in ended, where))

    def _end(self, workers: list[Worker], **patience: float) -> list[Worker]:
        self._ending.update(worker.index for worker in workers)
        for worker in workers:
            worker.stop()
        self.gate.open()
        return end_threads([worker for worker in workers if worker.ident is not None], **patience)

    def workers_are_gone(self) -> None:
        """Wait for the ends of the threads, so that what they hold is given back before memory is measured."""
        for worker in self.workers:
            if worker.over:
                worker.thread.join(timeout=1)


def _closed() -> Any:
    gate = real_lock()
    gate.acquire()
    return gate


def _open(gate: Any) -> None:
    try:
        gate.release()
    except RuntimeError:
        # Two threads have called this at the same time.
        pass


# -- the switch interval ---------------------------------------------------------------------------------------

_intervals: list[float] = []
_changing = real_lock()


@contextlib.contextmanager
def _smallest_switch_interval() -> Iterator[None]:
    """Let threads be switched as often as possible while any caller is in this block."""
    with _changing:
        # Runs may be nested, or at the same time: the first one has stored the original interval.
        _intervals.append(_intervals[0] if _intervals else sys.getswitchinterval())
        sys.setswitchinterval(_SMALLEST)
    try:
        yield
    finally:
        with _changing:
            before = _intervals.pop()
            if not _intervals:
                sys.setswitchinterval(before)


# -- processes that an operation forks -------------------------------------------------------------------------

_runs: weakref.WeakSet[Run] = weakref.WeakSet()


def _in_child() -> None:
    for run in list(_runs):
        for worker in run.workers:
            worker.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

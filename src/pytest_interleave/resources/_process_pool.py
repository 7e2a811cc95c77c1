"""A pool of processes that does not lose exceptions, and leaves no process behind."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_one
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from ..control import current_unit
from ._cores import cores_seen
from ._described import describe_call, describe_exit
from ._futures import WatchesFutures, future_exception
from ._process_worker import begin, call
from ._sent_call import pickled_call

#: Seconds of real time for calls that still run when the pool is closed; then their processes are killed.
GRACE = 5.0
#: Seconds of real time for a process to end that has nothing to do any more, or that was killed; after that it is not
#: waited for.
_ENDING = 5.0
#: A pool that is made without a number has at most this many worker processes.
_USUAL = 4
#: The number of places for the calls that workers run; far more than workers, so that each has one of its own.
_PLACES = 4096

P = ParamSpec("P")
R = TypeVar("R")


class HungProcess(AssertionError):
    """Raised at the end of a test when a process of `process_pool` does not exit in time and is killed."""

    __module__ = "pytest_interleave"


class ProcessPool(WatchesFutures, ProcessPoolExecutor):
    """A `ProcessPoolExecutor` that does not lose exceptions or leave processes; the fixture `process_pool`.

    It uses the start method "spawn" on every platform, so each process imports the modules of the functions that it
    calls. The test fails if a future has an exception and the test called neither its `result()` nor its
    `exception()`.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        """Make a pool of at most `max_workers` processes; without it, one for each core, but from 2 to 4.

        Raises `TypeError` or `ValueError` if that is not a whole number above 0, and `NotImplementedError` if this
        Python has no shared memory.
        """
        __tracebackhide__ = True
        try:
            from multiprocessing.sharedctypes import RawArray
        except ImportError:
            raise NotImplementedError(
                "process_pool needs the module ctypes, which this Python does not have: use "
                "concurrent.futures.ProcessPoolExecutor"
            ) from None
        if max_workers is None:
            max_workers = max(2, min(_USUAL, cores_seen()))
        elif isinstance(max_workers, bool) or not isinstance(max_workers, int):
            raise TypeError(f"max_workers must be an integer >= 1, got {max_workers!r}")
        elif max_workers < 1:
            raise ValueError(f"max_workers must be >= 1, got {max_workers!r}")
        WatchesFutures.__init__(self)
        #: How many seconds calls that still run may take after the test; then their processes are killed.
        self.grace = GRACE
        self._calls: Any = RawArray("q", 2 * _PLACES)
        ProcessPoolExecutor.__init__(
            self, max_workers, multiprocessing.get_context("spawn"), initializer=begin, initargs=(self._calls,)
        )
        self._others: list[ProcessPool] = []
        self._numbers = itertools.count(1)
        #: By number of a call, its description.
        self._descriptions: dict[int, str] = {}
        self._workers: dict[int, BaseProcess] = {}
        self._manager: threading.Thread | None = None
        #: How the process ended that broke the pool.
        self._broken_by: str | None = None

    def of(self, max_workers: int) -> ProcessPool:
        """Return another pool with at most `max_workers` processes. It is shut down together with this one.

        Raises `TypeError` if `max_workers` is not an integer, and `ValueError` if it is below 1.
        """
        __tracebackhide__ = True
        other = ProcessPool(max_workers)
        other.grace = self.grace
        self._others.append(other)
        return other

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Call `fn(*args, **kwargs)` in a process of the pool, and return its future.

        See `concurrent.futures.Executor.submit`. Raises `pickle.PicklingError` at once if the function or an argument
        cannot be sent to a process, and `RuntimeError` in a concurrency test, as processes are not interleaved.
        """
        __tracebackhide__ = True
        if current_unit() is not None:
            raise RuntimeError(NOT_INTERLEAVED)
        sent = pickled_call(fn, args, kwargs)
        number = next(self._numbers)
        self._descriptions[number] = describe_call(fn, args)
        try:
            with _no_ctrl_c():
                future = self._watch(super().submit(call, number, sent))
                self._remember()
        except BrokenProcessPool as error:
            # The pool's own thread is about to set the exceptions of the futures, and finds out then how the pool was
            # broken.
            wait([future for future in self._watched if not future.cancelled()], _ENDING)
            self._add_note(error)
            raise
        future.explain = self._explain
        raised = future_exception(future)
        if raised is not None:
            # The future was done before it could be watched.
            self._explain(raised)
        return future

    def close(self, grace: float | None = None) -> list[BaseException]:
        """End all processes, and those of pools made by `of`; calls that still run have `grace` seconds.

        Returns what went wrong: a `HungProcess` if processes had to be killed, and exceptions of futures that were not
        asked for them. No process is left, whatever happens.
        """
        wrong: list[BaseException] = []
        try:
            hung = self._end(self.grace if grace is None else grace)
        except BaseException:
            # This is Ctrl-C: do not wait any longer.
            grace = 0.0
            raise
        finally:
            self._kill()
            for other in self._others:
                wrong += other.close(grace)
        if hung is not None:
            wrong.insert(0, hung)
        return [error for _, error in self.unseen_exceptions()] + wrong

    # -- the end ---------------------------------------------------------------------------------------------

    def _end(self, grace: float) -> HungProcess | None:
        until = time.monotonic() + grace
        self._remember()
        # Submitted calls still run: their exceptions count.
        self.shutdown(wait=False)
        running = [future for future in self._watched if not future.done()]
        wait(running, max(0.0, until - time.monotonic()))
        late = [future for future in running if not future.done()]
        for future in late:
            # Its outcome is a result of its being killed from now on.
            future.looked = True
        if not late and self._manager is not None:
            self._manager.join(max(until - time.monotonic(), _ENDING if grace else 0.0))
        alive = [worker for worker in self._workers.values() if worker.is_alive()]
        if not alive:
            return None
        reported = [f"process {worker.pid} ({self._at(worker) or 'idle'})" for worker in alive]
        busy = [worker for worker in alive if self._at(worker)]
        if late and busy:
            reported = [f"process {worker.pid} ({self._at(worker)})" for worker in busy]
        count = "1 process" if len(reported) == 1 else f"{len(reported)} processes"
        waiting = sum(not future.running() for future in late)
        if waiting:
            reported.append(f"{waiting} more call{'' if waiting == 1 else 's'} had not started")
        return HungProcess(
            f"{count} of the pool did not exit within {grace:g} s after the test and "
            f"{'was' if count == '1 process' else 'were'} killed: {', '.join(reported)}. "
            "Wait for the futures in the test, with a time limit (future.result(timeout=10)), or allow more time: "
            "process_pool.grace = 30"
        )

    def _remember(self) -> None:
        """Keep the processes that are to be ended: the executor forgets them when it is shut down."""
        executor: Any = self
        self._workers.update(executor._processes or {})
        self._manager = executor._executor_manager_thread or self._manager

    def _kill(self) -> None:
        """Kill the processes that still live; usually there are none."""
        workers = list(self._workers.values())
        for worker in workers:
            if worker.is_alive():
                worker.kill()
        for worker in workers:
            worker.join(_ENDING)
        if self._manager is not None:
            self._manager.join(_ENDING)

    # -- messages --------------------------------------------------------------------------------------------

    def _at(self, worker: BaseProcess) -> str | None:
        """Return the description of the call that a worker runs, or ran when it ended."""
        at = 2 * ((worker.pid or 0) % _PLACES)
        pid, number = self._calls[at : at + 2]
        return self._descriptions.get(number) if pid == worker.pid else None

    def _explain(self, error: BaseException) -> None:
        """Add to the exception of a future how the pool was broken.

        This runs in the pool's own thread, before it ends the other processes of a broken pool.
        """
        if not isinstance(error, BrokenProcessPool):
            return
        if self._broken_by is None:
            self._remember()
            self._broken_by = self._ended()
        self._add_note(error)

    def _ended(self) -> str:
        sentinels = {worker.sentinel: worker for worker in self._workers.values()}
        reported = []
        for sentinel in wait_for_one(list(sentinels), 0):
            worker = sentinels[sentinel]  # type: ignore[index]
            worker.join(_ENDING)
            at = self._at(worker)
            reported.append(
                f"worker process {worker.pid} {describe_exit(worker.exitcode)}"
                + (f" while running {at}" if at else " while idle")
            )
        return "; ".join(reported)

    def _add_note(self, error: BaseException) -> None:
        if self._broken_by and self._broken_by not in getattr(error, "__notes__", ()):
            error.add_note(self._broken_by)


NOT_INTERLEAVED = (
    "process_pool cannot be used in a concurrency test: processes are not interleaved. Remove the marker, or start "
    "threads (run_concurrent, thread_pool)."
)


@contextlib.contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from a process that is started in this block until it has said that it leaves it to its owner."""
    if sys.platform == "win32" or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

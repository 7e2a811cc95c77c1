"""The fixtures. Under control they run controlled threads; in other tests, ordinary ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from ..control import current_task, without_ours
from ..control.primitives import Barrier

#: Seconds that a party waits at the `barrier` fixture before it counts as broken.
BARRIER_SECONDS = 10.0


class RunConcurrent:
    """Runs functions in threads of their own and gives back what they return; the fixture `run_concurrent`."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __call__(
        self,
        func: Callable[..., Any],
        /,
        *args: Any,
        workers: int | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Call `func(*args, **kwargs)` in `workers` threads at once; the results come in worker order.

        `timeout` is in seconds for all of them together. Raises `ExceptionGroup` (`BaseExceptionGroup` where one is
        no `Exception`) with the exceptions of all workers that failed, each noted with its worker; `TimeoutError`
        naming the workers that did not end in time; `ValueError` for `workers` below 1.
        """
        count = self._workers if workers is None else workers
        if count < 1:
            raise ValueError(f"workers={count!r}: at least 1 worker is needed")
        return self._run([lambda: func(*args, **kwargs)] * count, timeout)

    def each(self, func: Callable[[Any], Any], items: Iterable[Any], *, timeout: float | None = None) -> list[Any]:
        """Call `func(item)` for every item, each in a thread of its own; the results come in the items' order.

        Raises as calling it does.
        """
        return self._run([lambda item=item: func(item) for item in items], timeout)  # type: ignore[misc]

    def together(self, *funcs: Callable[[], Any], timeout: float | None = None) -> list[Any]:
        """Call each of `funcs`, each in a thread of its own; the results come in their order.

        Raises as calling it does.
        """
        return self._run(list(funcs), timeout)

    def _run(self, calls: list[Callable[[], Any]], timeout: float | None) -> list[Any]:
        __tracebackhide__ = True
        outcomes, late = run_workers(calls, timeout)
        errors = [outcome for outcome in outcomes if isinstance(outcome, _Raised)]
        if late:
            error = TimeoutError(f"after {timeout} s not ended: {', '.join(late)}")
            if not errors:
                raise error
            raise BaseExceptionGroup(
                f"{len(late)} workers late, {len(errors)} failed", [error, *(raised.error for raised in errors)]
            )
        if errors:
            raise BaseExceptionGroup(
                f"{len(errors)} of {len(calls)} workers failed", [raised.error for raised in errors]
            )
        return outcomes


class _Raised:
    """What a worker raised, so that it cannot be confused with an exception that one returned."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def run_workers(calls: list[Callable[[], Any]], timeout: float | None = None) -> tuple[list[Any], list[str]]:
    """Run each call in a thread; results or `_Raised` in order, and the names of those not ended in time."""
    results: list[Any] = [None] * len(calls)

    def work(number: int) -> None:
        try:
            results[number] = calls[number]()
        except BaseException as error:
            if not _is_unwinding(error):
                error.add_note(f"raised in worker {number}")
                results[number] = _Raised(error.with_traceback(without_ours(error.__traceback__)))
                note_worker_exception(error)
                return
            raise

    threads = [
        threading.Thread(target=work, args=(number,), name=f"worker-{number}", daemon=timeout is not None)
        for number in range(len(calls))
    ]
    for thread in threads:
        thread.start()
    if timeout is None:
        for thread in threads:
            thread.join()
        return results, []
    import time

    deadline = time.monotonic() + timeout
    late = []
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            late.append(thread.name)
    return results, late


def _is_unwinding(error: BaseException) -> bool:
    from ..control import Unwind

    return isinstance(error, Unwind)


def note_worker_exception(error: BaseException) -> None:
    """Let the report know of an exception that a worker raised, should nobody live to raise it again."""
    task = current_task()
    if task is not None:
        task.caught = error


class WorkersBarrier(Barrier):
    """A barrier that nobody waits at for ever; the fixture `barrier`.

    After `timeout` seconds it is broken, and the error says who came. `of(n)` makes one for another number of parties.
    """

    def __init__(self, parties: int, action: Callable[[], None] | None = None, timeout: float = BARRIER_SECONDS):
        super().__init__(parties, action, timeout)
        self._names: list[str] = []

    def of(self, parties: int) -> WorkersBarrier:
        """A new barrier for `parties` threads."""
        return WorkersBarrier(parties)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the others; see `threading.Barrier.wait`.

        Raises `threading.BrokenBarrierError`, which says who came and how many are missing.
        """
        __tracebackhide__ = True
        name = threading.current_thread().name
        self._names.append(name)
        if len(self._names) > self.parties:
            del self._names[: self.parties]
        try:
            return super().wait(timeout)
        except threading.BrokenBarrierError:
            missing = self.parties - len(self._names)
            seconds = self._timeout if timeout is None else timeout  # type: ignore[attr-defined]
            raise threading.BrokenBarrierError(
                f"{len(self._names)} of {self.parties} parties came within {seconds} s "
                f"({', '.join(self._names)}); {missing} never came to the barrier"
                if missing > 0
                else f"the barrier of {self.parties} is broken"
            ) from None


class _WatchedFuture(Future[Any]):
    """A future that knows whether somebody has looked at its outcome."""

    looked = False

    def result(self, timeout: float | None = None) -> Any:
        """See `concurrent.futures.Future.result`."""
        __tracebackhide__ = True
        self.looked = True
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See `concurrent.futures.Future.exception`."""
        self.looked = True
        return super().exception(timeout)


class ThreadPool(ThreadPoolExecutor):
    """A thread pool that does not lose exceptions; the fixture `thread_pool`."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers, thread_name_prefix="pool")
        self._watched: list[_WatchedFuture] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        future: Any = super().submit(fn, *args, **kwargs)
        future.__class__ = _WatchedFuture
        self._watched.append(future)
        return future  # type: ignore[no-any-return]

    def unseen_exceptions(self) -> list[BaseException]:
        """Exceptions of futures that ended and that nobody asked; each is given once."""
        found = []
        for future in self._watched:
            if future.done() and not future.cancelled() and not future.looked:
                error = future.exception()
                if error is not None:
                    found.append(error)
        return found


#: Pools of the test that runs now, for the check at the end of each execution.
open_pools: list[ThreadPool] = []


def _workers(request: pytest.FixtureRequest) -> int:
    from . import options_of

    marker = request.node.get_closest_marker("concurrency")
    named = 1 if marker is None else marker.kwargs.get("workers", 1)
    return int(named) if named != 1 else options_of(request.config).workers


@pytest.fixture
def run_concurrent(request: pytest.FixtureRequest) -> RunConcurrent:
    """Runs functions in threads at once: run_concurrent(func, *args, workers=2), .each(func, items), .together(f, g).

    Results come in worker order; all exceptions of all workers come as one ExceptionGroup.
    """
    return RunConcurrent(_workers(request))


@pytest.fixture
def thread_pool(request: pytest.FixtureRequest) -> Iterator[ThreadPool]:
    """A ThreadPoolExecutor, shut down after the test; an exception that nobody asks a future for fails the test."""
    pool = ThreadPool(max(_workers(request), 4))
    open_pools.append(pool)
    try:
        yield pool
    finally:
        open_pools.remove(pool)
        pool.shutdown(wait=True, cancel_futures=True)
    unseen = pool.unseen_exceptions()
    if unseen:
        raise BaseExceptionGroup("exceptions in the thread pool that nobody looked at", unseen)


@pytest.fixture
def barrier(request: pytest.FixtureRequest) -> WorkersBarrier:
    """A threading.Barrier for as many threads as the test has workers; barrier.of(n) for another number.

    Who waits in vain for 10 seconds gets a BrokenBarrierError that says who came.
    """
    return WorkersBarrier(_workers(request))

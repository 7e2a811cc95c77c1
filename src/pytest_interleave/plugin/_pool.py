"""The thread pool that the fixture `thread_pool` gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class _WatchedFuture(Future[Any]):
    """A future that knows whether somebody has looked at its outcome."""

    looked = False
    #: The name of the thread that ran it, once one has begun to.
    ran_in: Sequence[str] = ()

    def result(self, timeout: float | None = None) -> Any:
        """See `concurrent.futures.Future.result`."""
        __tracebackhide__ = True
        self.looked = True
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See `concurrent.futures.Future.exception`."""
        self.looked = True
        return super().exception(timeout)


# As messages show it.
_WatchedFuture.__name__ = Future.__name__


class ThreadPool(ThreadPoolExecutor):
    """A thread pool that does not lose exceptions; the fixture `thread_pool`."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers, thread_name_prefix="pool")
        self._watched: list[_WatchedFuture] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        ran_in: list[str] = []

        def call() -> Any:
            __tracebackhide__ = True
            ran_in.append(threading.current_thread().name)
            return fn(*args, **kwargs)

        future: Any = super().submit(call)
        future.ran_in = ran_in
        future.__class__ = _WatchedFuture
        self._watched.append(future)
        return future  # type: ignore[no-any-return]

    def unseen_exceptions(self) -> list[tuple[str, BaseException]]:
        """Exceptions of futures that ended and that nobody asked, with the threads' names; each is given once."""
        found = []
        for future in self._watched:
            if future.done() and not future.cancelled() and not future.looked:
                error = future.exception()
                if error is not None:
                    found.append((future.ran_in[0] if future.ran_in else "pool", error))
        return found


#: Pools of the test that runs now, for the check at the end of each execution.
open_pools: list[ThreadPool] = []

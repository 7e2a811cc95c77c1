"""The thread pool that the fixture `thread_pool` gives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


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

"""The thread pool that the fixture `thread_pool` gives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..resources._futures import WatchesFutures


class ThreadPool(WatchesFutures, ThreadPoolExecutor):
    """A thread pool that does not lose exceptions; the fixture `thread_pool`."""

    def __init__(self, max_workers: int) -> None:
        WatchesFutures.__init__(self)
        ThreadPoolExecutor.__init__(self, max_workers, thread_name_prefix="pool")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        ran_in: list[str] = []

        def call() -> Any:
            __tracebackhide__ = True
            ran_in.append(threading.current_thread().name)
            return fn(*args, **kwargs)

        future = self._watch(super().submit(call))
        future.ran_in = ran_in
        return future


#: Pools of the test that runs now, for the check at the end of each execution.
open_pools: list[ThreadPool] = []

"""Futures that know whether their outcome was asked for, for pools that do not lose exceptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from typing import Any


class WatchedFuture(Future[Any]):
    """A future that knows whether its outcome was asked for."""

    looked = False
    #: The name of the thread that ran it, once one has started.
    ran_in: Sequence[str] = ()
    #: Called with its exception before any other code can see that.
    explain: Callable[[BaseException], None] | None = None

    def result(self, timeout: float | None = None) -> Any:
        """Return the result; see `concurrent.futures.Future.result`."""
        __tracebackhide__ = True
        self.looked = True
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the exception; see `concurrent.futures.Future.exception`."""
        self.looked = True
        return super().exception(timeout)

    def set_exception(self, exception: BaseException | None) -> None:
        """Set the exception; see `concurrent.futures.Future.set_exception`."""
        if self.explain is not None and exception is not None:
            self.explain(exception)
        super().set_exception(exception)


# Messages show this name.
WatchedFuture.__name__ = Future.__name__


class WatchesFutures:
    """The part of a pool that knows which exceptions of its futures have not been seen."""

    def __init__(self) -> None:
        self._watched: list[WatchedFuture] = []
        #: Whether the exceptions that have not been seen are a part of what an execution has found.
        self.is_judged = False

    def _watch(self, future: Any) -> WatchedFuture:
        """Turn a future that the pool has just made into a watched one, and return it."""
        future.__class__ = WatchedFuture
        self._watched.append(future)
        return future  # type: ignore[no-any-return]

    def unseen_exceptions(self) -> list[tuple[str, BaseException]]:
        """Return the exceptions of done futures that were not asked for, with the threads' names; each only once."""
        reported = [future_exception(future) for future in self._watched if future.looked]
        found = []
        for future in self._watched:
            if future.done() and not future.cancelled() and not future.looked:
                error = future_exception(future)
                if error is not None and not any(_is_same(error, known) for known in reported):
                    reported.append(error)
                    found.append((future.ran_in[0] if future.ran_in else "pool", error))
        return found


def _is_same(error: BaseException, other: BaseException | None) -> bool:
    """Whether two exceptions are the same, or both are of a broken pool.

    What breaks a pool is the exception of many futures, or each has a copy of it: seeing one is seeing all.
    """
    return error is other or (isinstance(error, BrokenExecutor) and isinstance(other, BrokenExecutor))


def future_exception(future: Future[Any]) -> BaseException | None:
    """Return the exception of a future; None if it has none, is cancelled or not done.

    That does not count as asking for it.
    """
    return Future.exception(future) if future.done() and not future.cancelled() else None

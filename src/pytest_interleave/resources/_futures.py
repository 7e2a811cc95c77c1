"""Futures that know whether somebody has looked at their outcome; for pools that do not lose exceptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from typing import Any


class WatchedFuture(Future[Any]):
    """A future that knows whether somebody has looked at its outcome."""

    looked = False
    #: The name of the thread that ran it, once one has begun to.
    ran_in: Sequence[str] = ()
    #: Called with its exception before anybody else can see that.
    explain: Callable[[BaseException], None] | None = None

    def result(self, timeout: float | None = None) -> Any:
        """See `concurrent.futures.Future.result`."""
        __tracebackhide__ = True
        self.looked = True
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See `concurrent.futures.Future.exception`."""
        self.looked = True
        return super().exception(timeout)

    def set_exception(self, exception: BaseException | None) -> None:
        """See `concurrent.futures.Future.set_exception`."""
        if self.explain is not None and exception is not None:
            self.explain(exception)
        super().set_exception(exception)


# As messages show it.
WatchedFuture.__name__ = Future.__name__


class WatchesFutures:
    """What a pool needs to know which of its futures' exceptions nobody has seen."""

    def __init__(self) -> None:
        self._watched: list[WatchedFuture] = []

    def _watch(self, future: Any) -> WatchedFuture:
        """Make a future that the pool has just made a watched one."""
        future.__class__ = WatchedFuture
        self._watched.append(future)
        return future  # type: ignore[no-any-return]

    def unseen_exceptions(self) -> list[tuple[str, BaseException]]:
        """Exceptions of futures that ended and that nobody asked, with the threads' names; each is given once."""
        told = [future_exception(future) for future in self._watched if future.looked]
        found = []
        for future in self._watched:
            if future.done() and not future.cancelled() and not future.looked:
                error = future.exception()
                if error is not None and not any(_is_same(error, known) for known in told):
                    told.append(error)
                    found.append((future.ran_in[0] if future.ran_in else "pool", error))
        return found


def _is_same(error: BaseException, other: BaseException | None) -> bool:
    """What breaks a pool is the exception of many futures, or of each a copy: who has seen one has seen it."""
    return error is other or (isinstance(error, BrokenExecutor) and isinstance(other, BrokenExecutor))


def future_exception(future: Future[Any]) -> BaseException | None:
    """The exception of a future; None where it has none, is cancelled or not done. That is no look at it."""
    return Future.exception(future) if future.done() and not future.cancelled() else None

"""Methods of the standard library that announce the calls which they make: `Thread(target=items.append)`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..identity._written import in_scope, python_function
from ..instrumentation._announced import announce_call

if TYPE_CHECKING:
    from concurrent.futures import Future


def announcing_item(real: Callable[..., None]) -> Callable[..., None]:
    """Return the method `run` for the work items of `ThreadPoolExecutor` that announces the call.

    The item first asks its future whether it was canceled: this is a step of its own.
    """

    def run(self: Any, *context: Any) -> None:
        function, given, named = self.task if context else (self.fn, self.args, self.kwargs)
        if in_scope(function):
            announce_call(function, ())
        elif context:
            self.task = _announcing(function), given, named
        else:
            self.fn = _announcing(function)
        real(self, *context)

    return run


def announcing_callback(real: Callable[[Future[Any], Callable[[Future[Any]], object]], None]) -> Any:
    """Return the method `add_done_callback` for futures that announces the callback before it is called."""

    def add_done_callback(self: Future[Any], fn: Callable[[Future[Any]], object]) -> None:
        if python_function(fn) is not None:
            real(self, fn)
            return

        def callback(future: Future[Any]) -> object:
            announce_call(fn, (future,))
            return fn(future)

        real(self, callback)

    return add_done_callback


def announcing_timer(real: Callable[[threading.Timer], None]) -> Callable[[threading.Timer], None]:
    """Return the method `run` for `threading.Timer` that announces the call before the timer makes it."""

    def run(self: threading.Timer) -> None:
        function = self.function
        if in_scope(function):
            real(self)
            return

        self.function = _announcing(function)
        try:
            real(self)
        finally:
            self.function = function

    return run


def _announcing(function: Callable[..., object]) -> Callable[..., object]:
    def call(*given: Any, **named: Any) -> object:
        announce_call(function, (*given, *named.values()))
        return function(*given, **named)

    return call

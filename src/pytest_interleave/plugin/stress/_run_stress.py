"""The object that the fixture `run_stress` gives: it repeats an operation in real threads."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

import pytest

from ...control import current_unit
from ...stress import StressResult, make_plan, missed, run_stress, unchecked
from ..settings._markers import marker_of
from ._stress_runner import ending_types, raise_end
from ._stress_runs import runs_of

#: What `setup` returns.
Given = TypeVar("Given")


class RunStress:
    """Repeats an operation in real parallel threads; the fixture `run_stress`."""

    def __init__(self, item: Any) -> None:
        self._item = item
        self._results: list[StressResult] = []

    @overload
    def __call__(
        self,
        operation: Callable[[], object],
        threads: int = 10,
        operations: int | None = None,
        *,
        seconds: float | None = None,
        ramp: float = 0,
        timeout: float = 30,
        setup: None = None,
        check: Callable[[], object] | None = None,
        name: str | None = None,
    ) -> StressResult: ...
    @overload
    def __call__(
        self,
        operation: Callable[[Given], object],
        threads: int = 10,
        operations: int | None = None,
        *,
        seconds: float | None = None,
        ramp: float = 0,
        timeout: float = 30,
        setup: Callable[[], Given],
        check: Callable[[], object] | None = None,
        name: str | None = None,
    ) -> StressResult: ...
    def __call__(
        self,
        operation: Callable[..., object],
        threads: int = 10,
        operations: int | None = None,
        *,
        seconds: float | None = None,
        ramp: float = 0,
        timeout: float = 30,
        setup: Callable[[], object] | None = None,
        check: Callable[[], object] | None = None,
        name: str | None = None,
    ) -> StressResult:
        """Call `operation()` repeatedly in `threads` threads that start together, and return the measured figures.

        Each thread calls it `operations` times, or for `seconds`; with both, until the first limit is reached; with
        neither, 100 times. With `ramp`, the threads start one after the other over this many seconds. A thread that is
        still running `timeout` seconds later than it should have ended counts as hung, and is stopped if possible.

        `setup()` is called in each thread before any thread starts, and its result is passed to `operation`. `check()`
        is called once after all threads have ended; it fails by raising an exception, or by returning False. `name`
        names the run in messages.

        Failed operations do not raise: they are in the result. The test fails at its end if it neither checks
        them nor calls an `assert_…` method. Raises `RuntimeError` in a concurrency test, where time is virtual and
        threads take turns, and `ValueError` or `TypeError` for wrong arguments. If `operation` skips the test, so does
        this call.
        """
        __tracebackhide__ = True
        marker = marker_of(self._item)
        if marker is not None or current_unit() is not None:
            raise RuntimeError(
                f"run_stress needs real threads and cannot be used with @{marker or 'concurrency'}. Remove the marker, "
                "or use run_concurrent."
            )
        plan = make_plan(threads, operations, seconds, ramp, timeout)
        for what, given in (("operation", operation), ("setup", setup), ("check", check)):
            if given is None and what != "operation":
                continue
            if not callable(given):
                raise TypeError(f"{what}={given!r}: must be a function")
            if inspect.iscoroutinefunction(given):
                raise TypeError(f"{what}={given!r}: must not be a coroutine function, as threads cannot await it")
        called = _name_of(operation) if name is None else str(name)
        figures = run_stress(_prepare(operation, setup), plan, name=called, check=check, ends=ending_types())
        result = StressResult(figures)
        self._results.append(result)
        runs = runs_of(self._item)
        if runs is not None:
            runs.add(figures, missed(figures), asserted=result._missed)
        raise_end(figures)
        return result

    def _unchecked(self) -> list[str]:
        """Return the failures that the test has not checked."""
        return [text for result in self._results if (text := unchecked(result)) is not None]


def _prepare(
    operation: Callable[..., object], setup: Callable[[], object] | None
) -> Callable[[int], Callable[[], object]]:
    if setup is None:
        return lambda _: operation
    # Each thread calls it for itself.
    return lambda _: functools.partial(operation, setup())


def _name_of(operation: Any) -> str:
    while isinstance(operation, functools.partial):
        operation = operation.func
    name = getattr(operation, "__qualname__", None) or type(operation).__qualname__
    return str(name).rpartition("<locals>.")[2]


def fail_for_unchecked(run: RunStress) -> None:
    """Fail the test at its end if there are failures that it has not checked."""
    __tracebackhide__ = True
    failures = run._unchecked()
    if failures:
        pytest.fail("\n\n".join(f"run_stress: {text}" for text in failures), pytrace=False)

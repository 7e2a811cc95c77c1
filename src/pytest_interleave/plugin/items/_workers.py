"""Runs functions in threads of their own: controlled threads in a test under control, ordinary ones elsewhere."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, TypeVarTuple, overload

import pytest

from ..._leaves import leaves
from ..._texts import MOST_NAMED, named
from ...control import Unwind, current_unit, without_ours
from ...control.interpreter import frames_of_others, missing_for_control
from ...control.scope import imported, user_place
from ...resources import check_count

if TYPE_CHECKING:
    from ...control import Place
    from ._worker_fixtures import WorkerFixtures

if missing_for_control() is None:
    from ...control import announce_call
else:

    def announce_call(function: Any, given: Sequence[Any]) -> None:
        """Here, no thread is under control."""


#: The names of workers begin with this.
WORKER = "worker-"
_NOTE = "raised in worker-"

P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
T = TypeVar("T")
R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")


class RunConcurrent:
    """Runs functions concurrently in threads and returns their results; the fixture `run_concurrent`."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    # A `ParamSpec` has no place for `workers` and `timeout`, and a `TypeVarTuple` has none for the keyword arguments of
    # `func`. So type checkers check the positional arguments in a call with one of the two, and everything in any other
    # call. The `ParamSpec` is last: then mypy 2.4 reports the wrong argument, not "Unexpected keyword argument".
    @overload
    def __call__(
        self,
        func: Callable[[*Ts], R],
        /,
        *args: *Ts,
        workers: int | None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> list[R]: ...
    @overload
    def __call__(self, func: Callable[[*Ts], R], /, *args: *Ts, timeout: float | None, **kwargs: Any) -> list[R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> list[R]: ...
    def __call__(  # type: ignore[misc]  # `P` may have a `workers` of another type.
        self,
        func: Callable[..., R],
        /,
        *args: Any,
        workers: int | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> list[R]:
        """Call `func(*args, **kwargs)` in several threads at once, and return the results in the order of the workers.

        `workers` is the number of threads; without it, the number that the marker or `--interleave-workers` gives, or
        2. `timeout` is a limit in seconds for all of them together.

        Raises an `ExceptionGroup` with the exceptions of all workers that failed, each with a note that names its
        worker (a `BaseExceptionGroup` if one is not an `Exception`). Raises `TimeoutError` if workers are still running
        after `timeout`; the message says where. Raises `ValueError` for `workers` below 1.
        """
        __tracebackhide__ = True
        count = self._workers if workers is None else workers
        check_count("workers", count)
        _check_functions("", func)
        return self._run([lambda: announced_call(func, *args, **kwargs)] * count, timeout)

    def each(self, func: Callable[[T], R], items: Iterable[T], *, timeout: float | None = None) -> list[R]:
        """Call `func(item)` for every item, each in its own thread, and return the results in the order of the items.

        `timeout` and the exceptions are those of `__call__`.
        """
        __tracebackhide__ = True
        _check_functions(".each", func)
        try:
            calls = iter(items)
        except TypeError:
            write = "write run_concurrent(func, workers=2) to call it without arguments"
            raise TypeError(
                f"run_concurrent.each(func, items): items must be iterable, got {items!r}; {write}"
            ) from None
        return self._run([lambda item=item: announced_call(func, item) for item in calls], timeout)  # type: ignore[misc]

    # With one type variable for all results, mypy infers `list[object]` for functions of different types.
    @overload
    def together(
        self, f: Callable[[], R1], g: Callable[[], R2], /, *, timeout: float | None = None
    ) -> list[R1 | R2]: ...
    @overload
    def together(
        self, f: Callable[[], R1], g: Callable[[], R2], h: Callable[[], R3], /, *, timeout: float | None = None
    ) -> list[R1 | R2 | R3]: ...
    @overload
    def together(
        self,
        f: Callable[[], R1],
        g: Callable[[], R2],
        h: Callable[[], R3],
        i: Callable[[], R4],
        /,
        *,
        timeout: float | None = None,
    ) -> list[R1 | R2 | R3 | R4]: ...
    @overload
    def together(
        self,
        f: Callable[[], R1],
        g: Callable[[], R2],
        h: Callable[[], R3],
        i: Callable[[], R4],
        j: Callable[[], R5],
        /,
        *,
        timeout: float | None = None,
    ) -> list[R1 | R2 | R3 | R4 | R5]: ...
    @overload
    def together(self, *funcs: Callable[[], R], timeout: float | None = None) -> list[R]: ...
    def together(self, *funcs: Callable[[], Any], timeout: float | None = None) -> list[Any]:
        """Call several functions at once, each in its own thread, and return their results in the same order.

        The functions are called without arguments. `timeout` and the exceptions are those of `__call__`.
        """
        __tracebackhide__ = True
        _check_functions(".together", *funcs)
        return self._run([lambda func=func: announced_call(func) for func in funcs], timeout)  # type: ignore[misc]

    def _run(self, calls: list[Callable[[], Any]], timeout: float | None) -> list[Any]:
        __tracebackhide__ = True
        if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, (int, float))):
            raise TypeError(f"timeout must be a number of seconds, got {timeout!r}")
        outcomes, late = run_workers(calls, timeout)
        failures, quiet = failures_of(outcomes)
        if late:
            error = TimeoutError(f"run_concurrent timed out after {timeout:g} s: {_still_running(late)}")
            if not failures:
                raise error
            raise BaseExceptionGroup(
                f"{len(late)} of {len(calls)} workers timed out, {len(failures)} failed", [error, *failures]
            )
        if failures:
            raise BaseExceptionGroup(f"{len(failures)} of {len(calls)} workers failed", failures)
        if quiet is not None:
            raise quiet
        return outcomes


def _check_functions(method: str, *functions: object) -> None:
    """Require functions: a frequent mistake is to call one, and to give its result."""
    __tracebackhide__ = True
    for function in functions:
        if not callable(function):
            call = f"run_concurrent{method}(func{', items' if method == '.each' else ''})"
            raise TypeError(f"run_concurrent{method}() needs functions, got {function!r}: write {call}, not func()")


def announced_call(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function for the program; if it is written in C, the call is a step."""
    __tracebackhide__ = True
    announce_call(func, (*args, *kwargs.values()))
    return func(*args, **kwargs)


class Raised:
    """Holds what a worker raised, so that it is not confused with an exception that a worker returned."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def run_workers(
    calls: list[Callable[[], Any]], timeout: float | None = None, *, in_turn: bool = False
) -> tuple[list[Any], list[tuple[str, Place | None]]]:
    """Run each call in a thread; return the results or `Raised` in order, and who still runs, and where.

    With `in_turn`, each begins when the one before has ended.
    """
    results: list[Any] = [None] * len(calls)

    def work(number: int) -> None:
        try:
            results[number] = calls[number]()
        except BaseException as error:
            if isinstance(error, Unwind):
                raise
            if not isinstance(error, (pytest.exit.Exception, *quiet_types())):
                error.add_note(f"{_NOTE}{number}")
            results[number] = Raised(error.with_traceback(without_ours(error.__traceback__)))
            note_worker_exception(error)

    threads = [
        threading.Thread(target=work, args=(number,), name=f"{WORKER}{number}", daemon=timeout is not None)
        for number in range(len(calls))
    ]
    for thread in threads:
        thread.start()
        if in_turn:
            thread.join()
    if timeout is None:
        for thread in threads:
            thread.join()
        return results, []
    deadline = _now() + timeout
    late = []
    for thread in threads:
        thread.join(max(0.0, deadline - _now()))
        if thread.is_alive():
            late.append((thread.name, user_place(frames_of_others().get(thread.ident or 0))))
    return results, late


def _still_running(late: Sequence[tuple[str, Place | None]]) -> str:
    """Return clauses that say which threads have not ended, and where they are."""
    by_place: dict[str, list[str]] = {}
    for name, place in late:
        by_place.setdefault("" if place is None else f" at {place}", []).append(name)
    texts = [f"{named(names)} still running{where}" for where, names in by_place.items()]
    return ", ".join((*texts[:MOST_NAMED], *([f"{len(texts) - MOST_NAMED} more"] if len(texts) > MOST_NAMED else ())))


def _now() -> float:
    """Return the time in seconds, without time that passed as a choice: a time limit is to end only what hangs."""
    unit = current_unit()
    chosen = 0 if unit is None else unit.execution.clock.chosen
    return time.monotonic() - chosen / 1e9


def in_workers(
    function: Callable[..., Any],
    workers: int,
    own_fixtures: WorkerFixtures | None = None,
    *,
    in_turn: bool = False,
    only: int | None = None,
) -> Callable[..., None]:
    """Return a function that runs `function` in several threads, at once or `in_turn`, and raises what they raised.

    All workers get the same arguments, except fixtures that `own_fixtures` makes for each. If `only` is a number, the
    other workers do nothing.
    """
    from ...control import bodies_kept

    code = getattr(inspect.unwrap(function), "__code__", None)

    @functools.wraps(function)
    def body(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        if own_fixtures is None:
            calls = [lambda: function(*args, **kwargs)] * workers
        else:
            calls = own_fixtures.calls(function, args, kwargs)
        if only is not None:
            calls = [call if number == only else nothing for number, call in enumerate(calls)]
        with bodies_kept(code):
            outcomes, _ = run_workers(calls, in_turn=in_turn)
        failures, quiet = failures_of(outcomes)
        if len(failures) > 1:
            raise BaseExceptionGroup(f"{len(failures)} of {workers} workers failed", failures)
        error = failures[0] if failures else quiet
        if isinstance(error, KeyboardInterrupt):
            # A worker has raised it itself: if the test raised it, pytest would take it for Ctrl-C.
            raise BaseExceptionGroup(f"1 of {workers} workers failed", [error])
        if error is not None:
            raise error

    return body


def nothing() -> None:
    """Do nothing, in the place of another call."""


def worker_of(error: BaseException) -> int:
    """Return the number of the worker that raised an exception, or the first one in a group; 0 if no worker did."""
    first = next(leaves(error))
    numbers = [note.removeprefix(_NOTE) for note in getattr(first, "__notes__", ()) if note.startswith(_NOTE)]
    return int(numbers[0]) if numbers and numbers[0].isdecimal() else 0


def failures_of(outcomes: list[Any]) -> tuple[list[BaseException], BaseException | None]:
    """Return the failures of workers, and a skip or expected failure of one, which counts if none failed."""
    raised = [outcome.error for outcome in outcomes if isinstance(outcome, Raised)]
    types = quiet_types()
    failures = [error for error in raised if not isinstance(error, types)]
    return failures, next((error for error in raised if isinstance(error, types)), None)


def quiet_types() -> tuple[type[BaseException], ...]:
    """Return the types of exceptions that end a test without failing it."""
    skip_test = (imported("unittest.case") or {}).get("SkipTest")
    types = (pytest.skip.Exception, pytest.xfail.Exception)
    return types if skip_test is None else (*types, skip_test)


def raised_by_workers(error: BaseException) -> bool:
    """Whether a worker raised the exception, or workers raised all exceptions of the group."""
    return all(any(note.startswith(_NOTE) for note in getattr(leaf, "__notes__", ())) for leaf in leaves(error))


def note_worker_exception(error: BaseException) -> None:
    """Note an exception for the report, in case the execution ends before the test raises it again."""
    unit = current_unit()
    if unit is not None:
        unit.half.caught = error

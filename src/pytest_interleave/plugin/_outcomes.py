"""The distinct outcomes of a function over schedules: `race_detector.explore`."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._warnings import InterleaveWarning
from ..control import Control, Outcome, Recorder
from ..control._values import short_text
from ..control.primitives import install_names, remove_names
from ..detect import Watchlist, finding_of
from ..explore import Replay, make_strategy
from ._options import MAX_STEPS
from ._race_check import RaceCheck, watchlists
from ._raised import came_by_signal, quiet_exception, request_to_stop
from ._seen import Seen
from ._thread_notes import BLOCKED, COMPUTED, ThreadNotes
from ._workers import Raised, run_workers

_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")


class Outcomes(Mapping[Any, int]):
    """From each distinct outcome to how many schedules had it, the commonest first.

    An outcome need not be hashable; two are the same where they are equal.
    """

    def __init__(self) -> None:
        self._counts: list[tuple[Any, int]] = []

    def add(self, outcome: Any) -> None:
        """One more schedule had this outcome."""
        for position, (known, count) in enumerate(self._counts):
            if _same(known, outcome):
                self._counts[position] = (known, count + 1)
                break
        else:
            self._counts.append((outcome, 1))
        self._counts.sort(key=lambda counted: -counted[1])

    def __getitem__(self, outcome: Any) -> int:
        for known, count in self._counts:
            if _same(known, outcome):
                return count
        raise KeyError(outcome)

    def __iter__(self) -> Iterator[Any]:
        return (outcome for outcome, _ in self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return len(self) == len(other) and all(key in self and self[key] == other[key] for key in other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Outcomes({" + ", ".join(f"{outcome!r}: {count}" for outcome, count in self._counts) + "})"


def _same(first: Any, second: Any) -> bool:
    return first is second or bool(first == second)


#: Their functions give an object that somebody else is to run.
_NOT_RUN_BY_A_CALL = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def explore(
    func: Callable[..., object],
    workers: int,
    schedules: int,
    seed: int,
    watchlist: Watchlist,
    setup: Callable[[], object] | None = None,
) -> Outcomes:
    """See `RaceDetector.explore`."""
    __tracebackhide__ = True
    for name, value in (("workers", workers), ("schedules", schedules)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"explore() takes {name} as a whole number of 1 or more, not {value!r}")
    if not callable(func):
        given = short_text(func)
        raise TypeError(f"explore() takes a function, not {given}: race_detector.explore(func), without calling it")
    if any(is_kind(func) for is_kind in _NOT_RUN_BY_A_CALL):
        raise TypeError(f"explore() takes an ordinary function: a call of {short_text(func)} runs nothing of it")
    if setup is not None and not callable(setup):
        given = short_text(setup)
        raise TypeError(f"explore() takes setup as a function, not {given}: setup=make, without calling it")
    names_put = install_names()
    watched = len(watchlist)
    try:
        with Control() as control:
            return _Exploration(func, workers, setup, control, watchlist).run(schedules, seed)
    finally:
        watchlist.forget_from(watched)
        watchlists.clear()
        if names_put:
            remove_names()


class _Exploration:
    def __init__(
        self,
        func: Callable[..., object],
        workers: int,
        setup: Callable[[], object] | None,
        control: Control,
        watchlist: Watchlist,
    ) -> None:
        self._func = func
        self._workers = workers
        self._setup = setup
        self._control = control
        self._watchlist = watchlist
        self._watched = len(watchlist)
        self._result: Any = None
        self._threads = ThreadNotes()

    def run(self, schedules: int, seed: int) -> Outcomes:
        __tracebackhide__ = True
        races = RaceCheck(everything=False)
        watchlists.append(self._watchlist)
        outcomes = Outcomes()
        strategy = make_strategy("auto", seed, schedules)
        seen = Seen()
        for number in range(1, schedules + 1):
            strategy.begin(number)
            outcome = self._execute(strategy)
            strategy.end(outcome)
            self._raise_what_is_no_outcome(outcome)
            outcomes.add(self._told(outcome))
            seen.add(outcome)
            suspects = races.suspects(outcome)
            if suspects:
                choices = outcome.choices
                raced = races.confirm(suspects, outcome, lambda again, c=choices: self._again(c, again))  # type: ignore[misc]
                if raced is not None:
                    raise raced.finding.exception
            if seen.doubtful:
                strategy.doubt()
            if strategy.finished or seen.nothing_to_interleave:
                break
        return outcomes

    def _again(self, choices: list[int], recorder: Recorder) -> Outcome:
        __tracebackhide__ = True
        replay = Replay(choices)
        replay.begin(1)
        return self._execute(replay, recorder)

    def _execute(self, strategy: Any, recorder: Recorder | None = None) -> Outcome:
        __tracebackhide__ = True
        self._result = None
        self._watchlist.forget_from(self._watched)
        self._control.prepare()
        arguments = () if self._setup is None else (self._setup(),)
        return self._control.run(
            lambda: self._body(arguments), strategy, max_steps=MAX_STEPS, detail=recorder is not None, recorder=recorder
        )

    def _body(self, arguments: tuple[object, ...]) -> None:
        if self._workers == 1:
            self._result = self._func(*arguments)
        else:
            results, _ = run_workers([lambda: self._func(*arguments)] * self._workers)
            self._result = tuple(_raised(result.error) if isinstance(result, Raised) else result for result in results)

    def _told(self, outcome: Outcome) -> Any:
        finding = finding_of(outcome)
        return self._result if finding is None else _raised(finding.exception)

    def _raise_what_is_no_outcome(self, outcome: Outcome) -> None:
        __tracebackhide__ = True
        error = request_to_stop(outcome) or quiet_exception(outcome)
        if error is None and came_by_signal(outcome.exception):
            error = outcome.exception
        if error is not None:
            raise error
        for thread, where, computed in outcome.set_aside:
            if not self._threads.add(COMPUTED if computed else BLOCKED, thread, where):
                continue
            what = "computed for seconds" if computed else "blocked"
            warnings.warn(
                f"race_detector.explore: thread {thread!r} {what} at {where} where the scheduler cannot see it, and "
                "was set aside: the order of the threads is not fully controlled there",
                InterleaveWarning,
                stacklevel=5,
            )


def _raised(error: BaseException) -> tuple[str, type[BaseException], str]:
    text = str(error)
    if type(error).__module__ == "pytest_interleave":
        # Of a deadlock: which threads, and where, is another in each schedule.
        text = text.partition("\n")[0]
    return ("raised", type(error), _ADDRESS.sub("0x…", text))

"""Speed-ups: how much faster one way of doing something is than another, with medians, ratio and spread."""

from __future__ import annotations

import gc
import statistics
import time
import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._arguments import check_count
from ._cores import cores_seen


def _skip(reason: str) -> None:
    __tracebackhide__ = True
    raise unittest.SkipTest(reason)


@dataclass(frozen=True, repr=False, eq=False)
class Speedup:
    """How many times as fast parallel code was as sequential code; the fixture `measure_speedup` returns it.

    It compares with numbers by its ratio: `assert speedup > 1.5`.
    """

    #: The median duration of the sequential function, in seconds.
    sequential: float
    #: The median duration of the parallel function, in seconds.
    parallel: float
    #: The speed-up: 2.0 if the parallel function took half as long. It is the median over the pairs of calls.
    ratio: float
    #: The lowest and the highest speed-up of a pair of calls.
    spread: tuple[float, float]
    #: The number of processor cores that this process could use.
    cores: int
    #: The number of pairs of calls that were measured.
    repeats: int
    #: What the last call of the sequential function returned.
    sequential_result: Any = None
    #: What the last call of the parallel function returned.
    parallel_result: Any = None
    _skip: Callable[[str], object] = field(default=_skip, kw_only=True)

    def assert_at_least(self, ratio: float, cores: int | None = None) -> None:
        """Fail if the speed-up is below `ratio`. Skip the test instead if fewer than `cores` cores were available.

        Raises `AssertionError` with all figures, and `TypeError` or `ValueError` if an argument is not a number above
        0.
        """
        __tracebackhide__ = True
        if isinstance(ratio, bool) or not isinstance(ratio, (int, float)):
            raise TypeError(f"ratio must be a number > 0, such as 1.5, got {ratio!r}")
        if not ratio > 0:
            raise ValueError(f"ratio must be > 0, such as 1.5, got {ratio!r}")
        if cores is not None:
            check_count("cores", cores)
            if self.cores < cores:
                self._skip(f"a speed-up of {ratio:g} needs {cores} cores; this process sees {self.cores}")
        if self.ratio < ratio:
            raise AssertionError(f"expected a speed-up of {ratio:g}x, got {self._figures}")

    def __float__(self) -> float:
        return self.ratio

    def __lt__(self, other: object) -> bool:
        value = _ratio_of(other)
        return NotImplemented if value is None else self.ratio < value

    def __le__(self, other: object) -> bool:
        value = _ratio_of(other)
        return NotImplemented if value is None else self.ratio <= value

    def __gt__(self, other: object) -> bool:
        value = _ratio_of(other)
        return NotImplemented if value is None else self.ratio > value

    def __ge__(self, other: object) -> bool:
        value = _ratio_of(other)
        return NotImplemented if value is None else self.ratio >= value

    @property
    def _figures(self) -> str:
        low, high = self.spread
        return (
            f"{self.ratio:.2f}x ({low:.2f}x to {high:.2f}x in {self.repeats} "
            f"pair{'' if self.repeats == 1 else 's'}): {_seconds(self.sequential)} sequential, "
            f"{_seconds(self.parallel)} parallel, {self.cores} core{'' if self.cores == 1 else 's'}"
        )

    def __str__(self) -> str:
        return f"speed-up {self._figures}"

    def __repr__(self) -> str:
        return f"<Speedup {self._figures}>"


def _ratio_of(other: object) -> float | None:
    if isinstance(other, Speedup):
        return other.ratio
    if isinstance(other, (int, float)) and not isinstance(other, bool):
        return float(other)
    return None


def _seconds(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def measure(
    sequential: Callable[[], Any],
    parallel: Callable[[], Any],
    repeats: int = 5,
    *,
    skip: Callable[[str], object] = _skip,
) -> Speedup:
    """Call each once to warm up, then both alternately, `repeats` times, and measure their real time.

    Exceptions of either are passed on. Raises `TypeError` or `ValueError` if an argument is not a function, or not a
    whole number above 0. `Speedup.assert_at_least` skips a test by calling `skip`.
    """
    __tracebackhide__ = True
    for name, function in (("sequential", sequential), ("parallel", parallel)):
        if not callable(function):
            raise TypeError(f"{name} must be a function, such as lambda: work(1), got {function!r}")
    check_count("repeats", repeats)
    ways = (sequential, parallel)
    for way in ways:
        way()
    seconds: tuple[list[float], list[float]] = ([], [])
    results: list[Any] = [None, None]
    for number in range(repeats):
        # The first one may find the caches cold, or the processor cool.
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            results[which] = None
            gc.collect()
            began = time.perf_counter_ns()
            results[which] = ways[which]()
            seconds[which].append(max(1, time.perf_counter_ns() - began) / 1e9)
    ratios = [slow / fast for slow, fast in zip(*seconds, strict=True)]
    return Speedup(
        sequential=statistics.median(seconds[0]),
        parallel=statistics.median(seconds[1]),
        ratio=statistics.median(ratios),
        spread=(min(ratios), max(ratios)),
        cores=cores_seen(),
        repeats=repeats,
        sequential_result=results[0],
        parallel_result=results[1],
        _skip=skip,
    )

"""The result of a stress run, as tests see it."""

from __future__ import annotations

import math
import re
from typing import Any

from ._errors import ErrorGroup
from ._figures import Figures, ThreadFigures
from ._figures_table import (
    bytes_text,
    check_text,
    hung_text,
    missed,
    missed_rate,
    rate_text,
    seconds_text,
    summary_text,
    whole_text,
)
from ._hung import HungThread
from ._latencies import Latency
from ._plan import number, rate
from ._samples import Slice

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class StressResult:
    """Result of a stress run; the fixture `run_stress` returns it.

    `str(result)` is a table of everything. The `assert_…` methods fail with what was missed and that table. They fail,
    too, if threads hung or the check failed. They return the result, so that they can be chained. A failure that the
    test does not check fails the test when it ends.
    """

    __module__ = "pytest_interleave"

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._checked: set[str] = set()
        #: What the `assert_…` methods have found missed.
        self._missed: list[str] = []

    # -- figures ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the run in messages."""
        return self._figures.name

    @property
    def threads(self) -> int:
        """Number of threads that repeated the operation."""
        return self._figures.threads

    @property
    def planned(self) -> int | None:
        """Number of planned operations, or None if limited by time."""
        return self._figures.planned

    @property
    def operations(self) -> int:
        """Number of operations that were tried: those that succeeded and those that failed.

        A setup that failed, and an operation that hung, each count as one.
        """
        return self._figures.operations

    @property
    def succeeded(self) -> int:
        """Number of operations that did not fail."""
        self._checked.add("operations")
        return self._figures.succeeded

    @property
    def failed(self) -> int:
        """Number of operations that raised an exception, or hung."""
        self._checked.add("operations")
        return self._figures.failed

    @property
    def success_rate(self) -> float:
        """Fraction of successful operations, from 0 to 1 (0 if none ran)."""
        self._checked.add("operations")
        return self._figures.success_rate

    @property
    def seconds(self) -> float:
        """Duration in seconds, from the common start to the end of the last thread."""
        return self._figures.seconds

    @property
    def throughput(self) -> float:
        """Completed operations per second, over all threads."""
        return self._figures.throughput

    @property
    def latency(self) -> Latency:
        """Durations of operations in seconds: `p50`, `p90`, `p99`, `max`, `min` and `mean`.

        Operations that hung are not in it. Each is `nan` if no operation was completed.
        """
        return self._figures.latency

    @property
    def per_thread(self) -> list[ThreadFigures]:
        """Figures of each thread: `name`, `operations`, `failed`, `seconds` and `rate` (operations per second)."""
        return list(self._figures.per_thread)

    @property
    def fairness(self) -> float:
        """Jain's fairness index of the threads' rates: 1 if equal, 1/n if one of n threads did all the work."""
        return self._figures.fairness

    @property
    def errors(self) -> list[ErrorGroup]:
        """The exceptions of operations, by type and by the line that raised them, the most frequent first.

        Each has `type`, `message`, `file`, `line`, `count`, `threads`, and `traceback` and `exception` of the first.
        """
        self._checked.add("operations")
        return list(self._figures.errors)

    @property
    def hung(self) -> list[HungThread]:
        """The threads that had not ended in time, each with `name`, `stack`, and whether it could be `ended`."""
        self._checked.add("hung")
        return list(self._figures.hung)

    @property
    def check_error(self) -> BaseException | None:
        """Exception that `check` raised, an `AssertionError` if it returned False; None if it passed or was not run."""
        self._checked.add("check")
        return self._figures.check_error

    @property
    def peak_threads(self) -> int:
        """Peak number of Python threads in the process (sampled)."""
        return self._figures.peak_threads

    @property
    def memory_growth(self) -> int | None:
        """Memory growth of the process in bytes, from before the run to after it, or None if unavailable."""
        return self._figures.memory_growth

    @property
    def throughput_over_time(self) -> list[Slice]:
        """At most 60 slices of the run: `seconds` since its start, and the `operations` that ended in the slice."""
        return list(self._figures.throughput_over_time)

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain data, as in the JSON report."""
        return self._figures.as_json()

    def __str__(self) -> str:
        return summary_text(self._figures)

    def __repr__(self) -> str:
        return f"<StressResult of {self._figures.name}>"

    # -- assertions ------------------------------------------------------------------------------------------

    def assert_success_rate(self, at_least: float) -> StressResult:
        """Fail unless at least this fraction of the operations, from 0 to 1, succeeded.

        Raises `AssertionError` with all figures, and `ValueError` if the argument is not from 0 to 1.
        """
        __tracebackhide__ = True
        required = rate("success rate", at_least)
        figures = self._figures
        return self._require(None if figures.success_rate >= required else missed_rate(figures, required))

    def assert_no_errors(self) -> StressResult:
        """Fail if an operation failed. Raises `AssertionError` with all figures."""
        __tracebackhide__ = True
        figures = self._figures
        wrong = None if not figures.failed and figures.operations else missed_rate(figures, 1.0)
        return self._require(wrong)

    def assert_throughput(self, at_least: float) -> StressResult:
        """Fail unless all threads together completed at least this many operations per second.

        Raises `AssertionError` with all figures, and `ValueError` for a negative number.
        """
        __tracebackhide__ = True
        required = _not_negative("throughput", at_least, "must be a number of operations per second >= 0")
        reached = self._figures.throughput
        return self._require(
            None if reached >= required else f"throughput {rate_text(reached)} ops/s, required >= {rate_text(required)}"
        )

    def assert_latency(
        self,
        *,
        p50: float | None = None,
        p90: float | None = None,
        p99: float | None = None,
        max: float | None = None,
    ) -> StressResult:
        """Fail if a latency is above its limit in seconds: the percentiles p50, p90 and p99, and the maximum.

        Raises `AssertionError` with all figures, and `ValueError` for a negative number or without any limit.
        """
        __tracebackhide__ = True
        given = {"p50": p50, "p90": p90, "p99": p99, "max": max}
        limits = {
            name: _not_negative(name, limit, "must be a number of seconds >= 0")
            for name, limit in given.items()
            if limit is not None
        }
        if not limits:
            raise ValueError("assert_latency() needs a limit: give p50, p90, p99 or max, in seconds")
        wrong = [
            f"{name} latency {seconds_text(reached)}, limit {seconds_text(limit)}"
            for name, limit in limits.items()
            # A latency may be `nan`.
            if not (reached := getattr(self._figures.latency, name)) <= limit
        ]
        return self._require(*wrong)

    def assert_fairness(self, at_least: float) -> StressResult:
        """Fail unless Jain's fairness index of the threads' rates is at least this, from 0 to 1.

        Raises `AssertionError` with all figures, and `ValueError` if the argument is not from 0 to 1.
        """
        __tracebackhide__ = True
        required = rate("fairness", at_least)
        reached = self._figures.fairness
        return self._require(
            None
            if reached >= required
            else f"fairness {reached:.3f}, required >= {required:.6g} (1 = all threads equally fast)"
        )

    def assert_memory_growth(self, at_most: int | str) -> StressResult:
        """Fail if the memory of the process grew by more than this: a number of bytes, or a text such as "10MiB".

        Raises `AssertionError` with all figures, also if the growth is not available on this platform, and `ValueError`
        if the argument is not a size.
        """
        __tracebackhide__ = True
        limit = _size(at_most)
        reached = self._figures.memory_growth
        wrong = None
        if reached is None:
            wrong = "memory growth is not available on this platform"
        elif reached > limit:
            wrong = f"memory growth {bytes_text(reached)}, limit {bytes_text(limit)}"
        return self._require(wrong)

    def _require(self, *wrong: str | None) -> StressResult:
        __tracebackhide__ = True
        self._checked.update(("operations", "hung", "check"))
        own = [text for text in wrong if text is not None]
        self._missed += own
        reported = own + missed(self._figures)
        if reported:
            raise AssertionError("\n".join(reported) + "\n\n" + whole_text(self._figures))
        return self


def unchecked(result: StressResult) -> str | None:
    """Return the failures that the test has not checked, with help and the whole table; None if there are none."""
    figures, checked = result._figures, result._checked
    failures, attributes = [], []
    # A thread that hung counts as a failed operation, too.
    if figures.failed > len(figures.hung) and "operations" not in checked:
        failures.append(f"{figures.failed:,} of {figures.operations:,} operations failed")
        attributes.append("result.errors")
    if figures.hung and "hung" not in checked:
        failures.append(hung_text(figures))
        attributes.append("result.hung")
    if figures.check_error is not None and "check" not in checked:
        failures.append(check_text(figures.check_error))
        attributes.append("result.check_error")
    if not failures:
        return None
    return (
        f"{', '.join(failures)}, and the test did not check that.\n"
        f"help: call result.assert_no_errors(), or handle {' and '.join(attributes)}\n\n{whole_text(figures)}"
    )


def _not_negative(name: str, value: Any, advice: str) -> float:
    __tracebackhide__ = True
    given = number(name, value, advice)
    if not 0 <= given < math.inf:
        raise ValueError(f"{name}={value!r}: {advice}")
    return given


def _size(given: Any) -> int:
    __tracebackhide__ = True
    advice = 'must be a number of bytes, or a text such as "10MiB"'
    if isinstance(given, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]i?B|B)\s*", given)
        if found is None:
            raise ValueError(f"memory growth={given!r}: {advice}")
        return round(float(found[1]) * _UNITS[found[2]])
    return int(_not_negative("memory growth", given, advice))

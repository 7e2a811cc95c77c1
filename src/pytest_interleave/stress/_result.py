"""The result of a stress run, as tests see it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ._figures_table import bytes_text, missed, missed_rate, rate_text, seconds_text, summary_text, whole_text
from ._plan import number, rate

if TYPE_CHECKING:
    from ._errors import ErrorGroup
    from ._figures import Figures, ThreadFigures
    from ._hung import HungThread
    from ._latencies import Latency
    from ._samples import Slice

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class StressResult:
    """What came of a stress run; the fixture `run_stress` returns it.

    `str(result)` is a table of everything. The `assert_…` methods fail with what was missed and that table, also where
    threads hung or the check failed, whatever else they are about; they return the result, so that they can be chained.
    What failed and was not looked at fails the test when it ends.
    """

    __module__ = "pytest_interleave"

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._looked: set[str] = set()
        #: What `assert_…` methods have missed.
        self._missed: list[str] = []

    # -- figures ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What messages call the run."""
        return self._figures.name

    @property
    def threads(self) -> int:
        """How many threads repeated the operation."""
        return self._figures.threads

    @property
    def planned(self) -> int | None:
        """How many operations there were to be; None where time was the limit."""
        return self._figures.planned

    @property
    def operations(self) -> int:
        """How many operations were tried: those that succeeded and those that failed.

        A setup that failed, and an operation that hung, each count as one.
        """
        return self._figures.operations

    @property
    def succeeded(self) -> int:
        """How many operations did not fail."""
        self._looked.add("operations")
        return self._figures.succeeded

    @property
    def failed(self) -> int:
        """How many operations raised an exception, or hung."""
        self._looked.add("operations")
        return self._figures.failed

    @property
    def success_rate(self) -> float:
        """Which part of the operations succeeded, from 0 to 1; 0 where there was none."""
        self._looked.add("operations")
        return self._figures.success_rate

    @property
    def seconds(self) -> float:
        """From the moment when the threads were let go to the end of the last one."""
        return self._figures.seconds

    @property
    def throughput(self) -> float:
        """Operations that came to their end in a second, of all threads together."""
        return self._figures.throughput

    @property
    def latency(self) -> Latency:
        """How long operations took, in seconds: `p50`, `p90`, `p99`, `max`, `min` and `mean`.

        Those that hung are not in it. Each is `nan` where no operation came to its end.
        """
        return self._figures.latency

    @property
    def per_thread(self) -> list[ThreadFigures]:
        """Of each thread `name`, `operations`, `failed`, `seconds` and `rate` (operations in a second)."""
        return list(self._figures.per_thread)

    @property
    def fairness(self) -> float:
        """Jain's index over the threads' rates: 1 where all are as fast, 1/n where one of n threads did everything."""
        return self._figures.fairness

    @property
    def errors(self) -> list[ErrorGroup]:
        """The exceptions of operations, by type and by the line that raised them, the most frequent first.

        Each has `type`, `message`, `file`, `line`, `count`, `threads`, and `traceback` and `exception` of the first.
        """
        self._looked.add("operations")
        return list(self._figures.errors)

    @property
    def hung(self) -> list[HungThread]:
        """The threads that had not ended in time, each with `name`, `stack`, and whether it could be `ended`."""
        self._looked.add("hung")
        return list(self._figures.hung)

    @property
    def check_error(self) -> BaseException | None:
        """What `check` raised, an `AssertionError` where it returned False; None where it passed or was not run."""
        self._looked.add("check")
        return self._figures.check_error

    @property
    def peak_threads(self) -> int:
        """How many threads the process had at most, of those that Python knows; looked at every now and then."""
        return self._figures.peak_threads

    @property
    def memory_growth(self) -> int | None:
        """By how many bytes the process grew, from before the run to after it; None where that cannot be known."""
        return self._figures.memory_growth

    @property
    def throughput_over_time(self) -> list[Slice]:
        """At most 60 slices of the run: `seconds` since its begin, and how many `operations` ended in the slice."""
        return list(self._figures.throughput_over_time)

    def as_json(self) -> dict[str, Any]:
        """All figures as plain data, as in the JSON report."""
        return self._figures.as_json()

    def __str__(self) -> str:
        return summary_text(self._figures)

    def __repr__(self) -> str:
        return f"<StressResult of {self._figures.name}>"

    # -- assertions ------------------------------------------------------------------------------------------

    def assert_success_rate(self, at_least: float) -> StressResult:
        """So large a part of the operations succeeded, from 0 to 1.

        Raises `AssertionError` with the whole table; `ValueError` for what is no rate.
        """
        __tracebackhide__ = True
        wanted = rate("success rate", at_least)
        figures = self._figures
        return self._require(None if figures.success_rate >= wanted else missed_rate(figures, wanted))

    def assert_no_errors(self) -> StressResult:
        """No operation failed. Raises `AssertionError` with the whole table."""
        __tracebackhide__ = True
        figures = self._figures
        wrong = None if not figures.failed and figures.operations else missed_rate(figures, 1.0)
        return self._require(wrong)

    def assert_throughput(self, at_least: float) -> StressResult:
        """There were so many operations in a second, of all threads together.

        Raises `AssertionError` with the whole table; `ValueError` for a negative number.
        """
        __tracebackhide__ = True
        wanted = _not_negative("throughput", at_least, "give operations per second, 0 or more")
        reached = self._figures.throughput
        return self._require(
            None
            if reached >= wanted
            else f"throughput {rate_text(reached)} operations/s, at least {rate_text(wanted)} wanted"
        )

    def assert_latency(
        self,
        *,
        p50: float | None = None,
        p90: float | None = None,
        p99: float | None = None,
        max: float | None = None,
    ) -> StressResult:
        """Each given part of the operations took at most so many seconds.

        Raises `AssertionError` with the whole table; `ValueError` for a negative number, or without any.
        """
        __tracebackhide__ = True
        given = {"p50": p50, "p90": p90, "p99": p99, "max": max}
        limits = {
            name: _not_negative(name, limit, "give seconds, 0 or more")
            for name, limit in given.items()
            if limit is not None
        }
        if not limits:
            raise ValueError("assert_latency() has no limit; give some of p50, p90, p99, max, in seconds")
        wrong = [
            f"latency {name} {seconds_text(reached)}, at most {seconds_text(limit)} wanted"
            for name, limit in limits.items()
            # It may be `nan`.
            if not (reached := getattr(self._figures.latency, name)) <= limit
        ]
        return self._require(*wrong)

    def assert_fairness(self, at_least: float) -> StressResult:
        """Jain's index over the threads' rates is so large, from 0 to 1.

        Raises `AssertionError` with the whole table; `ValueError` for what is not from 0 to 1.
        """
        __tracebackhide__ = True
        wanted = rate("fairness", at_least)
        reached = self._figures.fairness
        return self._require(None if reached >= wanted else f"fairness {reached:.3f}, at least {wanted:.6g} wanted")

    def assert_memory_growth(self, at_most: int | str) -> StressResult:
        """The process grew by so many bytes at most; a text such as "10MiB" will do.

        Raises `AssertionError` with the whole table, also where the growth cannot be known; `ValueError` for what is no
        size.
        """
        __tracebackhide__ = True
        wanted = _size(at_most)
        reached = self._figures.memory_growth
        wrong = None
        if reached is None:
            wrong = "memory growth is not known on this system"
        elif reached > wanted:
            wrong = f"memory {bytes_text(reached)}, at most {bytes_text(wanted)} wanted"
        return self._require(wrong)

    def _require(self, *wrong: str | None) -> StressResult:
        __tracebackhide__ = True
        self._looked.update(("operations", "hung", "check"))
        own = [text for text in wrong if text is not None]
        self._missed += own
        told = own + missed(self._figures)
        if told:
            raise AssertionError("\n".join(told) + "\n\n" + whole_text(self._figures))
        return self


def not_looked_at(result: StressResult) -> str | None:
    """What failed in it that nobody has looked at, with the whole table; None where there is nothing of that kind."""
    figures, looked = result._figures, result._looked
    told = []
    # A thread that hung counts as a failed operation, too.
    if figures.failed > len(figures.hung) and "operations" not in looked:
        told.append(f"{figures.failed:,} of {figures.operations:,} operations failed")
    if figures.hung and "hung" not in looked:
        told.append(f"{len(figures.hung)} of {figures.threads} threads hung")
    if figures.check_error is not None and "check" not in looked:
        told.append("the check failed")
    return f"{', '.join(told)}\n\n{whole_text(figures)}" if told else None


def _not_negative(name: str, value: Any, mend: str) -> float:
    __tracebackhide__ = True
    given = number(name, value, mend)
    if not 0 <= given < math.inf:
        raise ValueError(f"{name}={value!r}; {mend}")
    return given


def _size(given: Any) -> int:
    __tracebackhide__ = True
    mend = 'give bytes, or a text such as "10MiB"'
    if isinstance(given, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]i?B|B)\s*", given)
        if found is None:
            raise ValueError(f"memory growth {given!r}; {mend}")
        return round(float(found[1]) * _UNITS[found[2]])
    return int(_not_negative("memory growth", given, mend))

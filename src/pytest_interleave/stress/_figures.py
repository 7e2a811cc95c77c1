"""The figures of a stress run, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ._errors import ErrorGroup, Key, text_of
from ._hung import HungThread
from ._latencies import Latencies, Latency
from ._samples import Slice

if TYPE_CHECKING:
    from ._run import Run
    from ._worker import Worker


#: The text of the error of a check that returned False.
RETURNED_FALSE = "check() returned False"


class ThreadFigures(NamedTuple):
    """The figures of one thread."""

    name: str
    #: Operations that have ended, with success or without.
    operations: int
    failed: int
    #: Seconds from its first operation to the end of its last.
    seconds: float
    #: Operations per second.
    rate: float


class Tally(NamedTuple):
    """The counts of one worker, at one moment."""

    name: str
    done: int
    failed: int
    #: The second of the clock at which it ended, and the seconds from its begin to that.
    ended: float
    seconds: float
    latencies: Latencies
    errors: dict[Key, int]
    #: Whether it failed before its first operation.
    unprepared: bool
    hangs: bool


def tally_of(worker: Worker, now: float, *, hangs: bool) -> Tally:
    """Return the counts of a worker that has ended, or that hangs."""
    latencies = worker.figures()
    ended = now if hangs else worker.ended
    return Tally(
        worker.name,
        latencies.count,
        worker.failed,
        ended,
        ended - worker.begun if worker.begun else 0.0,
        latencies,
        dict(worker.errors),
        not worker.begun and worker.failed > 0,
        hangs,
    )


@dataclass(frozen=True)
class Figures:
    """All figures of a run."""

    name: str
    threads: int
    planned: int | None
    #: Seconds after which a thread hangs.
    timeout: float
    operations: int
    failed: int
    seconds: float
    latency: Latency
    histogram: dict[str, Any]
    per_thread: list[ThreadFigures]
    fairness: float
    errors: list[ErrorGroup]
    hung: list[HungThread]
    throughput_over_time: list[Slice]
    peak_threads: int
    memory_growth: int | None
    check_error: BaseException | None
    #: Whether there is a check that was not run, because threads hung or the run ended early.
    check_left_out: bool
    #: The exception that ended the run early.
    ended_by: BaseException | None

    @property
    def succeeded(self) -> int:
        """The number of operations that did not fail."""
        return self.operations - self.failed

    @property
    def success_rate(self) -> float:
        """The share of operations that succeeded, from 0 to 1; 0 if there was no operation at all."""
        return self.succeeded / self.operations if self.operations else 0.0

    @property
    def throughput(self) -> float:
        """Completed operations per second."""
        done = sum(thread.operations for thread in self.per_thread)
        return done / self.seconds if self.seconds > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        latency = {name: _rounded(value) for name, value in self.latency._asdict().items()}
        return {
            "name": self.name,
            "threads": self.threads,
            "planned": self.planned,
            "operations": self.operations,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "success_rate": _rounded(self.success_rate),
            "seconds": round(self.seconds, 4),
            "throughput": _rounded(self.throughput),
            "latency": latency,
            "histogram": self.histogram,
            "per_thread": [
                {**thread._asdict(), "seconds": round(thread.seconds, 4), "rate": _rounded(thread.rate)}
                for thread in self.per_thread
            ],
            "fairness": _rounded(self.fairness),
            "errors": [group.as_json() for group in self.errors],
            "hung": [thread.as_json() for thread in self.hung],
            "throughput_over_time": [list(part) for part in self.throughput_over_time],
            "peak_threads": self.peak_threads,
            "memory_growth": self.memory_growth,
            "check_error": None if self.check_error is None else text_of(self.check_error),
            "check_left_out": self.check_left_out,
        }


def figures_of(
    run: Run, *, name: str, memory_growth: int | None, check_error: BaseException | None, check_left_out: bool
) -> Figures:
    """Return the figures of a run whose threads have ended, or hang."""
    every = Latencies()
    per_thread = []
    for tally in run.tallies:
        every.include(tally.latencies)
        done = tally.done
        rate = done / tally.seconds if tally.seconds > 0 else 0.0
        per_thread.append(ThreadFigures(tally.name, done, tally.failed, tally.seconds, rate))
    # A thread that hangs has tried one operation more, and so has one that could not begin.
    lost = sum(tally.hangs or tally.unprepared for tally in run.tallies)
    return Figures(
        name=name,
        threads=run.plan.threads,
        planned=run.plan.planned,
        timeout=run.plan.timeout,
        operations=every.count + lost,
        failed=sum(tally.failed + tally.hangs for tally in run.tallies),
        seconds=run.seconds,
        latency=every.summary(),
        histogram=every.histogram(),
        per_thread=per_thread,
        fairness=jain_index([thread.rate for thread in per_thread]),
        errors=run.firsts.groups([tally.errors for tally in run.tallies]),
        hung=run.hung,
        throughput_over_time=run.samples.slices,
        peak_threads=run.samples.peak_threads,
        memory_growth=memory_growth,
        check_error=check_error,
        check_left_out=check_left_out,
        ended_by=run.ended_by,
    )


def jain_index(rates: list[float]) -> float:
    """Return Jain's index: 1 if all rates are equal, 1/n if one of n has everything, 0 if there is nothing.

    Jain, Chiu, Hawe: A quantitative measure of fairness and discrimination for resource allocation in shared computer
    systems. DEC Research Report TR-301, 1984.
    """
    squares = math.fsum(rate * rate for rate in rates)
    return math.fsum(rates) ** 2 / (len(rates) * squares) if squares else 0.0


def _rounded(value: float) -> float | None:
    """Round a value to six digits; return None for `nan`, which JSON does not have."""
    return None if math.isnan(value) else float(f"{value:.6g}")

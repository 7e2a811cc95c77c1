"""Latencies in a histogram whose buckets grow with the latency: its size does not depend on how many there are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import repeat
from operator import mul
from typing import Any, NamedTuple

#: Buckets are about 1.4 % wide, so that the middle of one is less than 1 % from anything in it.
_PER_E = 70.0
#: Seconds that a latency counts as at least: the clock may not have moved between two readings.
_LEAST = 1e-9
#: At most this many bars are in the histogram that reports show; if there are more buckets, several share a bar.
_BARS = 60


class Latency(NamedTuple):
    """Statistics of how long operations took, in seconds; each is `nan` if no operation was completed.

    The percentiles are right to 1 %, all others exact.
    """

    p50: float
    p90: float
    p99: float
    max: float
    min: float
    mean: float


class Latencies:
    """A counter of latencies."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self._sum = 0.0
        self._least = math.inf
        self._most = 0.0

    def add(self, seconds: list[float]) -> None:
        """Count all given latencies; most of the work is done in C."""
        if not seconds:
            return
        least, most = min(seconds), max(seconds)
        self.count += len(seconds)
        self._sum += math.fsum(seconds)
        self._least = min(self._least, least)
        self._most = max(self._most, most)
        logs: Iterable[float] = map(math.log, seconds if least >= _LEAST else map(max, seconds, repeat(_LEAST)))
        counts = self._counts
        get = counts.get
        for bucket in map(math.floor, map(mul, logs, repeat(_PER_E))):
            counts[bucket] = get(bucket, 0) + 1

    def include(self, other: Latencies) -> None:
        """Add what another one has counted."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += other.count
        self._sum += other._sum
        self._least = min(self._least, other._least)
        self._most = max(self._most, other._most)

    def summary(self) -> Latency:
        """Return the statistics."""
        if not self.count:
            return Latency(*[math.nan] * 6)
        return Latency(
            self._percentile(0.50),
            self._percentile(0.90),
            self._percentile(0.99),
            self._most,
            self._least,
            self._sum / self.count,
        )

    def _percentile(self, share: float) -> float:
        """Return a percentile by nearest rank."""
        rank = max(1, math.ceil(share * self.count))
        passed = 0
        for bucket in sorted(self._counts):
            passed += self._counts[bucket]
            if passed >= rank:
                return min(max(math.exp((bucket + 0.5) / _PER_E), self._least), self._most)
        return self._most

    def histogram(self) -> dict[str, Any]:
        """Return at most 60 bars: `counts`, and `bounds` in seconds, one more than those."""
        if not self._counts:
            return {"bounds": [], "counts": []}
        first, last = min(self._counts), max(self._counts)
        width = (last - first) // _BARS + 1
        bars = [0] * ((last - first) // width + 1)
        for bucket, count in self._counts.items():
            bars[(bucket - first) // width] += count
        bounds = [float(f"{math.exp((first + bar * width) / _PER_E):.6g}") for bar in range(len(bars) + 1)]
        return {"bounds": bounds, "counts": bars}

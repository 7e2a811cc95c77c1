"""Percentiles out of a histogram of bounded size."""

from __future__ import annotations

import math
import random

import pytest

from pytest_interleave.stress._latencies import Latencies


def counted(*chunks):
    latencies = Latencies()
    for chunk in chunks:
        latencies.add(list(chunk))
    return latencies


@pytest.mark.parametrize("draw", [random.Random(1).expovariate, random.Random(2).paretovariate])
def test_percentiles_are_right_to_one_percent_and_the_rest_exact(draw):
    values = [draw(3) * 1e-5 for _ in range(20_001)]
    summary = counted(values[:7_000], values[7_000:]).summary()
    ordered = sorted(values)
    for share, found in ((0.5, summary.p50), (0.9, summary.p90), (0.99, summary.p99)):
        exact = ordered[math.ceil(share * len(values)) - 1]
        assert found == pytest.approx(exact, rel=0.01)
    assert (summary.min, summary.max) == (ordered[0], ordered[-1])
    assert summary.mean == pytest.approx(sum(values) / len(values))


def test_its_size_does_not_grow_with_what_is_in_it():
    latencies = Latencies()
    for _ in range(50):
        latencies.add([random.Random(3).uniform(1e-7, 100) for _ in range(1_000)])
    few = len(latencies._counts)
    latencies.add([1e-7 * 1.0001**step for step in range(200_000)])
    assert few <= len(latencies._counts) < 2_200


def test_two_together_are_as_one():
    one, other = counted([1e-6, 2e-6]), counted([5e-3])
    one.include(other)
    assert one.summary() == counted([1e-6, 2e-6, 5e-3]).summary()
    assert one.count == 3


def test_a_clock_that_has_not_moved():
    summary = counted([0.0, 0.0]).summary()
    assert summary.max == summary.min == summary.p50 == 0.0


def test_without_any():
    nothing = Latencies()
    nothing.add([])
    assert all(math.isnan(value) for value in nothing.summary())
    assert nothing.histogram() == {"bounds": [], "counts": []}


def test_bars_of_the_histogram():
    histogram = counted([1e-6] * 3, [1.0], [0.02] * 2).histogram()
    bounds, counts = histogram["bounds"], histogram["counts"]
    assert sum(counts) == 6
    assert counts[0] == 3
    assert counts[-1] == 1
    assert len(counts) <= 60
    assert len(bounds) == len(counts) + 1
    assert bounds == sorted(bounds)
    assert bounds[0] <= 1e-6 < bounds[1]
    assert bounds[-2] <= 1.0 <= bounds[-1]

"""What `measure` makes of two ways of doing something, and `Speedup` of its figures. Time is made up."""

from __future__ import annotations

import unittest

import pytest

from pytest_interleave.resources import Speedup, _speedup, measure


class Clock:
    """In the place of `time`: as much passes as the functions say."""

    def __init__(self):
        self.now = 0

    def perf_counter_ns(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_speedup, "time", clock)
    return clock


def test_medians_of_pairs_that_alternate(clock):
    order = []
    slow, fast = iter([900, 8, 40, 9, 8]), iter([1, 4, 4, 3, 8])

    def way(name, seconds):
        order.append(name)
        clock.now += next(seconds) * 10**9
        return f"{name} {len(order)}"

    speedup = measure(lambda: way("slow", slow), lambda: way("fast", fast), repeats=4)
    # Once to warm up; then who has gone first goes second.
    assert order == ["slow", "fast"] + ["slow", "fast", "fast", "slow"] * 2
    assert (speedup.sequential, speedup.parallel) == (8.5, 4)
    assert (speedup.ratio, speedup.spread, speedup.repeats) == (2.5, (1, 10), 4)
    assert (speedup.sequential_result, speedup.parallel_result) == ("slow 10", "fast 9")
    assert speedup.cores >= 1


def test_no_time_at_all_is_no_division_by_zero(clock):
    assert measure(lambda: None, lambda: None, repeats=1).ratio == 1


@pytest.fixture
def speedup():
    return Speedup(sequential=0.5, parallel=0.0002, ratio=2.0, spread=(1.9, 2.25), cores=2, repeats=5)


def test_compares_by_its_ratio(speedup):
    assert speedup > 1.9
    assert speedup >= 2
    assert speedup < 3
    assert speedup <= 2.0
    assert not speedup > 2
    assert not speedup < 2
    assert 1 < speedup < 3
    assert speedup >= speedup
    assert float(speedup) == 2
    with pytest.raises(TypeError):
        speedup > "2"


def test_reads_well(speedup):
    text = "speed-up 2.00x (1.90x to 2.25x in 5 pairs): 500.0 ms sequential, 200.0 µs parallel, 2 cores"
    assert str(speedup) == text
    assert repr(speedup) == f"<Speedup {text.removeprefix('speed-up ')}>"
    speedup.assert_at_least(2)
    speedup.assert_at_least(1.5, cores=2)
    with pytest.raises(AssertionError) as raised:
        speedup.assert_at_least(3)
    assert str(raised.value) == f"expected a speed-up of 3x, got {text.removeprefix('speed-up ')}"
    with pytest.raises(unittest.SkipTest, match="a speed-up of 3 needs 4 cores; this process sees 2"):
        speedup.assert_at_least(3, cores=4)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda speedup: speedup.assert_at_least(True), TypeError, "ratio must be a number > 0, such as 1.5, got True"),
        (lambda speedup: speedup.assert_at_least("2"), TypeError, "ratio must be a number > 0, such as 1.5, got '2'"),
        (lambda speedup: speedup.assert_at_least(0), ValueError, "ratio must be > 0, such as 1.5, got 0"),
        (lambda speedup: speedup.assert_at_least(float("nan")), ValueError, "ratio must be > 0, such as 1.5, got nan"),
        (lambda speedup: speedup.assert_at_least(2, cores=0), ValueError, "cores must be >= 1, got 0"),
        (lambda speedup: measure(int, 3), TypeError, "parallel must be a function, such as lambda: work(1), got 3"),
        (
            lambda speedup: measure(None, int),
            TypeError,
            "sequential must be a function, such as",
        ),
        (lambda speedup: measure(int, int, 0), ValueError, "repeats must be >= 1, got 0"),
        (lambda speedup: measure(int, int, 2.5), TypeError, "repeats must be an integer >= 1, got 2.5"),
        (lambda speedup: measure(int, int, True), TypeError, "repeats must be an integer >= 1, got True"),
    ],
)
def test_wrong_arguments(speedup, call, error, text):
    with pytest.raises(error) as raised:
        call(speedup)
    assert text in str(raised.value)


def test_exceptions_pass_through():
    with pytest.raises(ZeroDivisionError):
        measure(lambda: 1 / 0, int)
    with pytest.raises(ZeroDivisionError):
        measure(int, lambda: 1 / 0)

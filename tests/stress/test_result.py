"""What tests ask of a result."""

from __future__ import annotations

import json
import math

import pytest

from pytest_interleave import StressResult
from pytest_interleave.stress import make_plan, not_looked_at, run_stress


def result_of(operation, *, check=None, **plan):
    figures = run_stress(lambda _: operation, make_plan(**{"threads": 2, **plan}), name="push", check=check)
    return StressResult(figures)


def some_fail():
    turns = iter(range(1_000))

    def operation():
        if next(turns) % 10 == 0:
            raise ValueError("every tenth")

    return result_of(operation, threads=1)


def hangs():
    def spin():
        while True:
            pass

    return result_of(spin, threads=1, timeout=0.1, check=lambda: None)


def refused(call):
    with pytest.raises(AssertionError) as raised:
        call()
    return str(raised.value)


def test_thresholds_that_are_met_can_be_chained():
    result = result_of(int)
    same = (
        result.assert_no_errors()
        .assert_success_rate(1)
        .assert_throughput(1)
        .assert_latency(p50=60, p90=60, p99=60, max=60)
        .assert_fairness(0.1)
        .assert_memory_growth("1GiB")
    )
    assert same is result
    assert repr(result) == "<StressResult of push>"


def test_a_threshold_that_is_missed_says_so_before_the_whole_table():
    result = some_fail()
    told = refused(lambda: result.assert_success_rate(0.95))
    first, empty, *table = told.splitlines()
    assert first == "success rate 90.0 % (10 of 100 operations failed), at least 95 % wanted"
    assert not empty
    text = "\n".join(table)
    assert text.startswith(str(result))
    assert "10 × ValueError at " in text
    assert "the first in stress-0:\nTraceback (most recent call last):" in text
    assert refused(result.assert_no_errors).startswith("success rate 90.0 %")
    assert refused(lambda: result.assert_throughput(1e12)).startswith("throughput ")
    assert refused(lambda: result.assert_latency(p99=0, max=0)).count(" at most 0.0 µs wanted") == 2
    assert result.assert_success_rate(0.9) is result


def test_fairness_and_memory_that_are_missed():
    def prepare(index):
        def operation():
            if index == 0:
                raise LookupError

        return operation

    result = StressResult(run_stress(prepare, make_plan(2), name="push"))
    figures = result._figures
    unfair = StressResult(type(figures)(**{**vars(figures), "fairness": 0.5, "memory_growth": 3 << 20}))
    assert "fairness 0.500, at least 0.9 wanted" in refused(lambda: unfair.assert_fairness(0.9))
    assert "memory +3.0 MiB, at most +2.0 MiB wanted" in refused(lambda: unfair.assert_memory_growth("2 MiB"))
    assert unfair.assert_memory_growth(3 << 20)
    unknown = StressResult(type(figures)(**{**vars(figures), "memory_growth": None}))
    assert "memory growth is not known" in refused(lambda: unknown.assert_memory_growth(1))


@pytest.mark.parametrize("broken", [hangs, lambda: result_of(int, check=lambda: False)], ids=["hang", "check"])
def test_each_of_them_fails_where_threads_hang_or_the_check_failed(broken):
    result = broken()
    for call in (
        result.assert_no_errors,
        lambda: result.assert_success_rate(0),
        lambda: result.assert_throughput(0),
        lambda: result.assert_latency(max=1e6),
        lambda: result.assert_fairness(0),
        lambda: result.assert_memory_growth("100GiB"),
    ):
        told = refused(call)
        assert "1 of 1 thread hung" in told or "the check failed: AssertionError: check() returned False" in told


def test_a_hang_has_its_stack_and_says_that_the_check_was_left_out():
    told = refused(hangs().assert_no_errors)
    assert "stress-0 in operation 1, at " in told
    assert "stress-0 hung:\nStack (most recent call last):" in told
    assert "check        not run, because threads hung" in told


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda r: r.assert_success_rate(95), "success rate=95; give a rate from 0 to 1, such as 0.95"),
        (lambda r: r.assert_success_rate(-1), "give a rate from 0 to 1"),
        (lambda r: r.assert_fairness(2), "fairness=2; give a rate from 0 to 1"),
        (lambda r: r.assert_throughput(-1), "throughput=-1; give operations per second, 0 or more"),
        (lambda r: r.assert_latency(p50=-1), "p50=-1; give seconds, 0 or more"),
        (lambda r: r.assert_latency(), "give some of p50, p90, p99, max, in seconds"),
        (lambda r: r.assert_memory_growth("10 apples"), "'10 apples'; give bytes, or a text such as \"10MiB\""),
        (lambda r: r.assert_memory_growth(-1), "give bytes, or a text"),
        (lambda r: r.assert_throughput(math.nan), "throughput=nan"),
    ],
)
def test_wrong_arguments(call, told):
    result = result_of(int, operations=1)
    with pytest.raises(ValueError) as raised:
        call(result)
    assert told in str(raised.value)
    # A call that is wrong has looked at nothing.
    assert not result._looked


@pytest.mark.parametrize(
    "look",
    [
        lambda r: r.failed,
        lambda r: r.succeeded,
        lambda r: r.success_rate,
        lambda r: r.errors,
        lambda r: r.assert_success_rate(0.5),
        lambda r: refused(r.assert_no_errors),
    ],
)
def test_failures_that_somebody_looked_at(look):
    result = some_fail()
    look(result)
    assert not_looked_at(result) is None


def test_what_nobody_looked_at():
    result = some_fail()
    assert result.operations == 100
    assert result.latency.p50 >= 0
    assert "every tenth" in str(result)
    assert result.as_json()["failed"] == 10
    told = not_looked_at(result)
    assert told is not None
    assert told.startswith("10 of 100 operations failed\n")
    checked = result_of(int, check=lambda: False)
    assert "the check failed" in str(not_looked_at(checked))
    assert isinstance(checked.check_error, AssertionError)
    assert not_looked_at(checked) is None
    hung = hangs()
    assert "1 of 1 threads hung" in str(not_looked_at(hung))
    # That operations failed is not all.
    assert hung.failed == 1
    assert "hung" in str(not_looked_at(hung))
    assert hung.hung[0].ended
    assert not_looked_at(hung) is None


def test_plain_data():
    for result in (some_fail(), hangs(), result_of(int)):
        data = json.loads(json.dumps(result.as_json(), allow_nan=False))
        assert data["operations"] == data["succeeded"] + data["failed"] == result.operations
        assert set(data["latency"]) == {"p50", "p90", "p99", "max", "min", "mean"}
    assert hangs().as_json()["latency"]["p50"] is None

"""What tests ask of a result."""

from __future__ import annotations

import json
import math
import re

import pytest

from pytest_interleave import StressResult
from pytest_interleave.stress import make_plan, run_stress, unchecked


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
    first, empty, *table = refused(lambda: result.assert_success_rate(0.95)).splitlines()
    assert first == "success rate 90.0 % (10 of 100 failed), required >= 95 %"
    assert not empty
    text = "\n".join(table)
    assert text.startswith(str(result))
    assert "10 × ValueError at " in text
    assert "first traceback (stress-0):\nTraceback (most recent call last):" in text
    assert refused(result.assert_no_errors).startswith("success rate 90.0 %")
    assert re.match(r"throughput \S+ ops/s, required >= 1000G\n", refused(lambda: result.assert_throughput(1e12)))
    slow = refused(lambda: result.assert_latency(p99=0, max=0)).splitlines()
    assert re.fullmatch(r"p99 latency \S+ \S+, limit 0\.0 µs", slow[0])
    assert re.fullmatch(r"max latency \S+ \S+, limit 0\.0 µs", slow[1])
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
    assert "fairness 0.500, required >= 0.9 (1 = all threads equally fast)\n" in refused(
        lambda: unfair.assert_fairness(0.9)
    )
    assert "memory growth +3.0 MiB, limit +2.0 MiB" in refused(lambda: unfair.assert_memory_growth("2 MiB"))
    assert unfair.assert_memory_growth(3 << 20)
    unknown = StressResult(type(figures)(**{**vars(figures), "memory_growth": None}))
    assert "memory growth is not available on this platform" in refused(lambda: unknown.assert_memory_growth(1))


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
        text = refused(call)
        assert {"1 of 1 thread hung (timeout 0.1 s)", "check() returned False"}.intersection(text.splitlines()[:3])
        # Neither is repeated.
        assert text.count("hung (timeout") + text.count("check() returned False") == 1


def test_a_hang_has_its_stack_and_says_that_the_check_was_skipped():
    text = refused(hangs().assert_no_errors)
    assert re.search(r"\n    stress-0: operation 1, at \S+test_result\.py:\d+ \(stopped\)\n", text)
    assert "stress-0 hung:\nStack (most recent call last):" in text
    assert "\n  check        skipped (threads hung)\n" in text


def test_a_check_that_raises_is_named_once_and_has_its_traceback():
    def check():
        raise LookupError("3 connections were never given back")

    result = result_of(int, check=check)
    first, *_, last = refused(result.assert_no_errors).splitlines()
    assert first == "check() raised LookupError: 3 connections were never given back"
    assert "\n  check        failed" in str(result)
    assert "never given back" not in str(result)
    assert last == "LookupError: 3 connections were never given back"


def test_the_table():
    lines = str(result_of(int, operations=5)).splitlines()
    assert re.fullmatch(r"push: 10 operations, 2 threads, \S+ \S+", lines[0])
    assert lines[1] == "  success      100 %: 10 succeeded, 0 failed"
    assert re.fullmatch(r"  throughput   \S+ ops/s", lines[2])
    assert re.fullmatch(r"  threads      \d+ at peak", lines[6])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.assert_success_rate(95), "success rate=95: must be from 0 to 1, such as 0.95"),
        (lambda r: r.assert_success_rate(-1), "must be from 0 to 1"),
        (lambda r: r.assert_fairness(2), "fairness=2: must be from 0 to 1"),
        (lambda r: r.assert_throughput(-1), "throughput=-1: must be a number of operations per second >= 0"),
        (lambda r: r.assert_latency(p50=-1), "p50=-1: must be a number of seconds >= 0"),
        (lambda r: r.assert_latency(), "needs a limit: give p50, p90, p99 or max, in seconds"),
        (
            lambda r: r.assert_memory_growth("10 apples"),
            "growth='10 apples': must be a number of bytes, or a text such as \"10MiB\"",
        ),
        (lambda r: r.assert_memory_growth(-1), "must be a number of bytes, or a text"),
        (lambda r: r.assert_throughput(math.nan), "throughput=nan"),
    ],
)
def test_wrong_arguments(call, message):
    result = result_of(int, operations=1)
    with pytest.raises(ValueError) as raised:
        call(result)
    assert message in str(raised.value)
    # A wrong call has checked nothing.
    assert not result._checked


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
def test_failures_that_the_test_has_checked(look):
    result = some_fail()
    look(result)
    assert unchecked(result) is None


def test_failures_that_the_test_has_not_checked():
    result = some_fail()
    assert result.operations == 100
    assert result.latency.p50 >= 0
    assert "every tenth" in str(result)
    assert result.as_json()["failed"] == 10
    text = unchecked(result)
    assert text is not None
    assert text.startswith(
        "10 of 100 operations failed, and the test did not check that.\n"
        "help: call result.assert_no_errors(), or handle result.errors\n\n"
    )
    checked = result_of(int, check=lambda: False)
    assert str(unchecked(checked)).startswith(
        "check() returned False, and the test did not check that.\n"
        "help: call result.assert_no_errors(), or handle result.check_error\n\n"
    )
    assert isinstance(checked.check_error, AssertionError)
    assert unchecked(checked) is None
    hung = hangs()
    assert "1 of 1 thread hung (timeout 0.1 s), and the test did not" in str(unchecked(hung))
    # That operations failed is not all.
    assert hung.failed == 1
    assert "or handle result.hung\n" in str(unchecked(hung))
    assert hung.hung[0].ended
    assert unchecked(hung) is None


def test_plain_data():
    for result in (some_fail(), hangs(), result_of(int)):
        data = json.loads(json.dumps(result.as_json(), allow_nan=False))
        assert data["operations"] == data["succeeded"] + data["failed"] == result.operations
        assert set(data["latency"]) == {"p50", "p90", "p99", "max", "min", "mean"}
    assert hangs().as_json()["latency"]["p50"] is None

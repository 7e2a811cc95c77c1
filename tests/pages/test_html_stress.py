"""Stress runs in the page: what is said, what the charts show, and that no text breaks it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_interleave.pages._page import printable
from pytest_interleave.pages._stress_charts import (
    HEIGHT,
    WIDTH,
    joined,
    latencies,
    log_ticks,
    threads,
    throughput,
    ticks,
)

from ..trace.timelines import NASTY, page, row
from .stress_rows import error, hung, missed, nasty, never_ended, rows, run, single, skipped, speedup
from .test_html import Parsed


def squeezed(text: str) -> str:
    return "".join(text.split())


class TestCharts:
    def test_latencies_have_a_bar_for_each_bucket_and_marks_at_percentiles(self) -> None:
        row = run()
        chart = latencies(row)
        assert chart is not None
        counts = row["histogram"]["counts"]
        assert len(chart.bars) == sum(count > 0 for count in counts)
        highest = max(chart.bars, key=lambda bar: bar.height)
        assert (highest.height, highest.y) == (HEIGHT, 0)
        assert highest.text.endswith(f": {max(counts)} operations")
        assert chart.most == f"{max(counts)} operations"
        assert all(0 <= bar.x < bar.x + bar.width <= WIDTH * 1.0001 for bar in chart.bars)
        assert [mark.text.split()[0] for mark in chart.marks] == ["p50", "p90", "p99"]
        # Each stands above the bar that has its latency in it.
        for mark, share in zip(chart.marks, (0.5, 0.9, 0.99), strict=True):
            until = int(mark.at / 100 * len(counts) + 1e-9)
            assert sum(counts[:until]) <= share * 2000 <= sum(counts[: until + 2])
        assert [tick.text for tick in chart.ticks] == ["10 µs", "100 µs", "1.0 ms"]
        assert "half took at most 126 µs" in chart.description

    def test_one_latency_alone(self) -> None:
        chart = latencies(single())
        assert chart is not None
        (bar,) = chart.bars
        assert (bar.x, bar.width, bar.height) == (0, WIDTH, HEIGHT)
        assert chart.ticks != []

    def test_throughput_is_a_line_of_rates(self) -> None:
        chart = throughput(run(seconds=4.0, throughput_over_time=[[1.0, 100], [2.0, 0], [4.0, 400]]))
        assert chart is not None
        assert chart.line == "M0.0 50.0L250.0 50.0L250.0 100.0L500.0 100.0L500.0 0.0L1000.0 0.0"
        assert chart.most == "200/s"
        assert [tick.text for tick in chart.ticks] == ["0", "1.0 s", "2.0 s", "3.0 s", "4.0 s"]
        assert [tick.at for tick in chart.ticks] == [0, 25, 50, 75, 100]

    def test_a_last_slice_that_is_far_too_short_has_no_rate_of_its_own(self) -> None:
        assert joined([[1.0, 10], [2.0, 10], [2.001, 5]]) == [(0.0, 1.0, 10), (1.0, 2.001, 15)]
        assert joined([[1.0, 10], [1.5, 10]]) == [(0.0, 1.0, 10), (1.0, 1.5, 10)]
        assert joined([[0.0, 3]]) == []
        assert joined([]) == []

    def test_threads_have_bars_of_what_they_did_and_what_failed(self) -> None:
        chart = threads(missed())
        assert chart is not None
        good, bad = [bar for bar in chart.bars if not bar.bad], [bar for bar in chart.bars if bar.bad]
        assert (len(good), len(bad)) == (10, 9)
        assert good[0].text == "stress-0: 200 operations, 0 failed"
        assert bad[-1].text == "stress-9: 128 operations, 45 failed"
        # One stands on the other.
        assert bad[-1].y == pytest.approx(good[-1].y + good[-1].height)
        assert good[-1].height + bad[-1].height == pytest.approx(64)

    def test_of_many_threads_a_bar_stands_for_some(self) -> None:
        chart = threads(run(threads=1000, each=2))
        assert chart is not None
        assert len(chart.bars) == 200
        assert chart.bars[0].text == "stress-0 to stress-4: 2 operations, 0 failed each, on average"

    def test_what_has_no_figures_has_no_charts(self) -> None:
        for nothing in (never_ended(), skipped()):
            assert (latencies(nothing), throughput(nothing), threads(nothing)) == (None, None, None)
        assert threads(single()) is None

    @pytest.mark.parametrize(
        ("low", "high"), [(1e-9, 1e-9), (1e-6, 1e-1), (1e-5, 3e-5), (2.98e-3, 3.02e-3), (1e-9, 1000), (4e-6, 4.5e-3)]
    )
    def test_ticks_of_a_logarithmic_axis(self, low: float, high: float) -> None:
        found = log_ticks(low, high)
        assert 2 <= len(found) <= 8
        assert found == sorted(found)
        assert low * 0.99 <= found[0] <= found[-1] <= high * 1.01

    @pytest.mark.parametrize("length", [1e-4, 0.003, 0.99, 1.0, 7.3, 61, 3600])
    def test_ticks_of_an_axis(self, length: float) -> None:
        found = ticks(length)
        assert found[0] == 0
        assert 3 <= len(found) <= 7
        assert found[-1] <= length * 1.0001


class TestPage:
    def test_what_was_missed_comes_first_and_in_words(self) -> None:
        parsed = Parsed(page([row("test_a")], [run("test_b"), missed()]))
        assert [test["id"] for test in parsed.having("test")] == ["stress-2", "test-1", "stress-1"]
        assert ["open" in test for test in parsed.having("test")] == [True, False, False]
        text = squeezed(parsed.text)
        body = text[text.index(squeezed("Missed success rate")) :]
        assert body.startswith(
            squeezed(
                "Missed success rate 88.8 % (225 of 2,000 failed), required >= 95 % 2 of 10 threads "
                "hung check() raised AssertionError: 3 connections were never given back Threads 10 Operations "
                "2,000 Succeeded 88.8 % (required >= 95 %) Failed 225 "
            )
        )
        for shown in (
            "200 × pool.PoolExhausted at pool.py:40 (10 threads) no connection within 0.1 s First traceback "
            "(stress-3) Traceback (most recent call last): ",
            "4 × TimeoutError at pool.py:40 (1 thread, in setup)",
            "1 × others Hung threads stress-2: operation 12, at test_pool.py:31 (stopped) Stack Stack",
            "stress-7: operation 12, at test_pool.py:31 (could not be stopped, still running)",
            "stress-9 128 45 ",
        ):
            assert squeezed(shown) in body
        # It is repeated neither below the figures nor in a section of its own.
        assert body.count(squeezed("3 connections were never given back")) == 1
        assert len(parsed.having("missed")) == 1
        assert {attributes.get("class") for name, attributes in parsed.elements if name == "dd"} == {None, "bad"}

    def test_what_failed_without_missing_anything(self) -> None:
        failed = run("test_b", outcome="failed", failed=3, errors=[error(count=3)])
        text = squeezed(Parsed(page([], [failed])).text)
        reason = "The test failed for another reason, or because it did not check the operations that failed."
        assert squeezed(f"The test failed This run missed no threshold. {reason}") in text
        # A check whose message is cut in the texts has a section of its own.
        long = "AssertionError: " + "a long message " * 30
        cut = run("test_d", outcome="failed", missed=[f"check() raised {long[:70]}…"], check_error=long)
        assert squeezed(f"Check {long}") in squeezed(Parsed(page([], [cut])).text)
        expected = run("test_c", outcome="xfailed", missed=["2 of 10 threads hung"])
        parsed = Parsed(page([], [expected]))
        assert "Missed (expected failure) 2 of 10 threads hung" in " ".join(parsed.text.split())
        assert [each["class"] for each in parsed.having("missed")] == ["missed expected"]

    def test_a_run_that_was_skipped_and_one_that_never_ended(self) -> None:
        text = squeezed(Parsed(page([], [skipped(), never_ended()])).text)
        assert squeezed("stress: no operations") in text
        assert squeezed("The run ended before its first operation.") in text
        assert squeezed("Check skipped") in text
        assert squeezed("stress-1: setup, at test_pool.py:31") in text

    def test_charts_are_described_in_words(self) -> None:
        parsed = Parsed(page([], [missed()]))
        pictures = [attributes for name, attributes in parsed.elements if name == "svg"]
        ids = {attributes["id"] for _, attributes in parsed.elements if "id" in attributes}
        assert len(pictures) == 3
        for picture in pictures:
            assert picture["role"] == "img"
            assert set((picture["aria-labelledby"] or "").split()) < ids
        assert (
            "10 threads completed 128 to 200 operations each. Fairness of their rates: 0.91 (1 = all threads equally "
            "fast). Failed operations are red."
        ) in parsed.text
        assert "ops/s overall." in parsed.text

    @pytest.mark.parametrize(
        ("stress", "headline", "counts"),
        [
            ([run()], "1 concurrency test, none failed", "1 passed · 1 stress run, none missed its thresholds"),
            # A test with two runs is one test.
            (
                [run(), run(), missed()],
                "1 of 2 concurrency tests failed",
                "1 failed · 1 passed · 3 stress runs, 1 missed its thresholds",
            ),
        ],
    )
    def test_headline_counts_tests(self, stress: list[dict[str, Any]], headline: str, counts: str) -> None:
        source = page([], stress)
        assert f"<h1>{headline}</h1>" in source
        (shown,) = re.findall(r'<p class="run">(.*?)</p>', source, re.DOTALL)
        texts = re.findall("<span>(.*?)</span>", shown)
        assert " · ".join(texts[:-3]) == counts

    def test_speed_ups_have_a_line_each(self) -> None:
        parsed = Parsed(page([], [], [speedup(), speedup(f"test_x.py::test_it[{NASTY}]")]))
        assert "2 speed-ups measured" in parsed.text
        assert "No marked test ran" not in parsed.text
        assert "test_scaling.py::test_primes: speed-up 1.91x (1.85x to 1.94x in 5 pairs)" in parsed.text
        assert f"test_x.py::test_it[{NASTY}]: speed-up 1.91x" in parsed.text

    def test_strange_texts_are_shown_and_have_no_other_effect(self) -> None:
        harmless = Parsed(page([], [missed()]))
        strange = nasty()
        parsed = Parsed(page([], [strange]))
        assert len(parsed.scripts) == len(harmless.scripts) == 1
        assert {tag for tag, _ in parsed.elements} <= {tag for tag, _ in harmless.elements}
        assert not any(name.startswith("on") for _, attributes in parsed.elements for name in attributes)
        assert parsed.text.count(printable(strange["name"])) > 15
        assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", parsed.source)

    def test_ids_are_unique(self) -> None:
        ids = re.findall(r' id="([^"]*)"', page([row("test_a")], rows(), [speedup()]))
        assert len(ids) == len(set(ids))

    def test_as_much_as_there_may_be(self) -> None:
        row = run(threads=1000, each=2, outcome="failed", missed=["300 of 1,000 threads hung"])
        row["errors"] = [error(f"Error{number}") for number in range(51)]
        row["hung"] = [hung(number) for number in range(300)]
        source = page([], [row])
        text = squeezed(Parsed(source).text)
        assert squeezed("43 more 200 × Error8 at pool.py:40") in text
        assert squeezed("… and 250 more threads") in text
        assert squeezed("… and 800 more threads") in text
        assert len(source) < 300_000

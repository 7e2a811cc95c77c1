"""Figures as people read them."""

from __future__ import annotations

import math

import pytest

from pytest_interleave.stress._figures import jain_index
from pytest_interleave.stress._figures_table import bytes_text, percent_text, rate_text, seconds_text


def test_seconds():
    values = (0.0, 1.23e-7, 1e-5, 9.99e-4, 0.0123, 1.25, 75, 4_000, math.nan, None)
    told = [seconds_text(value) for value in values]
    assert told == ["0.0 µs", "0.1 µs", "10 µs", "999 µs", "12 ms", "1.2 s", "75 s", "4,000 s", "-", "-"]


def test_rates():
    told = [rate_text(value) for value in (0, 3.14, 12, 999.4, 1234, 99_960, 123_456, 1.5e6, 2e9)]
    assert told == ["0.0", "3.1", "12", "999", "1.2k", "100k", "123k", "1.5M", "2.0G"]


def test_percents_do_not_hide_a_failure():
    told = [percent_text(value) for value in (1, 0, 0.963, 0.99999, 0.9996, 1e-9, 0.001, 0.5)]
    assert told == ["100", "0", "96.3", "99.99", "99.96", "0.01", "0.1", "50.0"]


def test_bytes():
    assert [bytes_text(size) for size in (0, -5, 1536, 3 << 20, 5 << 30, None)] == [
        "+0 bytes",
        "-5 bytes",
        "+1.5 KiB",
        "+3.0 MiB",
        "+5.0 GiB",
        "not available",
    ]


def test_fairness_is_jains_index():
    assert jain_index([5.0] * 4) == pytest.approx(1)
    assert jain_index([7.0, 0, 0, 0]) == pytest.approx(1 / 4)
    assert jain_index([1.0, 3.0]) == pytest.approx(16 / 20)
    assert jain_index([0.0, 0.0]) == 0

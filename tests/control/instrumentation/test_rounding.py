"""Floats in texts of values have few digits, but those of one text look different."""

from __future__ import annotations

import math

import pytest

from pytest_interleave.control.identity._values import marked, short_text
from pytest_interleave.control.instrumentation._rounding import with_rounded


def shown(*values: object, beside: tuple[float, ...] = ()) -> str:
    texts = [short_text(value, number=marked) for value in values]
    return with_rounded(" -> ".join(texts), map(marked, beside))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (34958.258274176, "34958.26"),
        (-34958.258274176, "-34958.26"),
        (1764517000.123456, "1764517000.1"),
        (1 / 3, "0.3333333"),
        (2 / 3e9, "6.666667e-10"),
        (1e300 / 3, "3.333333e+299"),
        (0.1, "0.1"),
        (8.0, "8.0"),
        (1764517000.0, "1764517000.0"),
        (-0.0, "-0.0"),
        (1e22, "1e+22"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        ([1 / 3, "0.33333333333333", {2 / 3: 1}], "[0.3333333, '0.33333333333333', {0.6666667: 1}]"),
    ],
    ids=str,
)
def test_a_float_has_few_digits(value, text):
    assert shown(value) == text


@pytest.mark.parametrize("value", [0.1 + 0.2, 99999.999999, 1 - 1e-9, -2 - 1e-10])
def test_zeros_say_that_a_float_is_rounded(value):
    assert shown(value).endswith("00")
    assert math.isclose(float(shown(value)), value, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (34958.258274176, 34969.258277202, "34958.26 -> 34969.26"),
        (34958.258274176, 34958.258274999, "34958.258274 -> 34958.258275"),
        (0.3, 0.1 + 0.2, "0.3 -> 0.30000000000000004"),
        (1.0, 1.0000001, "1.0 -> 1.0000001"),
        (0.0, -0.0, "0.0 -> -0.0"),
        (1 / 3, 1 / 3, "0.3333333 -> 0.3333333"),
        ([1 / 3], [1 / 3 + 1e-9], "[0.333333333] -> [0.333333334]"),
    ],
)
def test_different_floats_look_different(first, second, text):
    assert shown(first, second) == text


def test_they_differ_from_those_in_the_same_row():
    assert shown(34958.258274176, beside=(34958.258274999, 0.5)) == "34958.258274"
    assert shown(34958.258274176, beside=(34958.258274176, 0.5)) == "34958.26"


def test_long_texts_are_cut_where_they_would_be_too_long():
    text = shown([1 / 3, 2 / 3, 1 / 7, 1 / 9, 1 / 11, 1 / 13])
    # No float is cut.
    assert text == "[0.3333333, 0.6666667, 0.1428571, 0.1111111, 0.09090909, …"
    assert shown([1 / 3, 2 / 3, 1 / 7]) == "[0.3333333, 0.6666667, 0.1428571]"

"""Parts of texts that reports and messages share."""

from __future__ import annotations

import pytest

from pytest_interleave._texts import headline, named


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
        ([f"Thread-{number}" for number in range(1, 51)], "Thread-1, Thread-2, Thread-3 and 47 more"),
    ],
)
def test_only_the_first_of_many_names_are_listed(names: list[str], text: str) -> None:
    assert named(names) == text


LONG = "number_of_items_that_are_left_in_the_warehouse_of_the_company"


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        (f"Lost update on Inventory.{LONG}", "Lost update on Inventory.num", "of_the_company"),
        (f"Check-then-act race on self.items['the key of {LONG}']", "Check-then-act race on self.items['", "company']"),
        (f"Concurrent modification of {LONG} during iteration", "Concurrent modification of num", " during iteration"),
        (f"Order violation: {LONG} reads {LONG} before it", "Order violation: num", " before it"),
    ],
)
def test_a_headline_is_cut_in_its_names(text: str, begin: str, end: str) -> None:
    cut = headline(text)
    assert len(cut) <= 72
    assert (cut[: len(begin)], cut[-len(end) :]) == (begin, end)
    assert "…" in cut


@pytest.mark.parametrize("text", ["Lost update on x", "word " * 20])
def test_a_headline_that_fits_or_has_no_long_name_stays(text: str) -> None:
    assert headline(text) == text

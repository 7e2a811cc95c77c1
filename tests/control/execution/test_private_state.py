"""How values are compared with later ones, to see whether a thread is where it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_interleave.control.execution.progress._private_state import mark_of


class Thing:
    def act(self) -> None:
        """Do nothing."""


THING, OTHER = Thing(), Thing()
ITEMS: dict[int, int] = {1: 2}


def adder(number: int) -> Callable[[int], int]:
    return lambda value: value + number


@pytest.mark.parametrize(
    ("make", "other"),
    [
        (lambda: THING.act, lambda: OTHER.act),
        (lambda: ITEMS.get, lambda: {1: 2}.get),
        (lambda: ITEMS.__len__, lambda: ITEMS.__iter__),
        (lambda: slice(1, 3), lambda: slice(1, 4)),
        (lambda: range(3), lambda: range(4)),
        (lambda: ITEMS.items(), lambda: {1: 3}.items()),
        (lambda: adder(1), lambda: adder(2)),
    ],
    ids=["method", "built-in method", "method wrapper", "slice", "range", "view", "closure"],
)
def test_what_is_made_again_is_the_same(make: Callable[[], Any], other: Callable[[], Any]) -> None:
    kept = [make(), make()]
    assert mark_of(kept[0]) == mark_of(kept[1]) is not None
    assert mark_of(other()) != mark_of(kept[0])


def test_an_object_is_not_the_one_that_was_at_its_address_before() -> None:
    for _ in range(1_000):
        before = Thing()
        address, mark = id(before), mark_of(before)
        del before
        after = Thing()
        if id(after) == address:
            assert mark_of(after) != mark
            return
    pytest.skip("no object came to be at the address of another one")

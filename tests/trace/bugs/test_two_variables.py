"""Writes to two variables that belong together, and a write of what a thread has computed from an old value."""

from __future__ import annotations

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Auction:
    def __init__(self):
        self.price, self.leader = 0, ""

    def bid(self, name, amount):
        if amount > self.price:  # bid: check
            self.price = amount  # bid: price
            self.leader = name  # bid: leader


def test_two_threads_write_to_two_attributes():
    def body():
        auction = Auction()
        in_threads(low=lambda: auction.bid("low", 10), high=lambda: auction.bid("high", 20))
        assert (auction.price, auction.leader) == (20, "high")

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on Auction.price and Auction.leader"
    assert steps(timeline) == [
        ("low writes Auction.price (0 -> 10)", "bid: price"),
        ("high writes Auction.price (10 -> 20)", "bid: price"),
        ("high writes Auction.leader ('' -> 'high')", "bid: leader"),
        ("low writes Auction.leader ('high' -> 'low')", "bid: leader"),
    ]
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('bid: check')} to {line('bid: leader')}"
    )


class Sheet:
    def __init__(self):
        self.cells = {"a": 1, "b": 2, "sum": 3}

    def put(self, key, value):
        self.cells[key] = value  # put
        self.add()

    def add(self):
        values = self.cells["a"], self.cells["b"]  # add: read
        self.cells["sum"] = sum(values)  # add: write


def test_a_sum_of_an_old_value():
    def body():
        sheet = Sheet()
        in_threads(left=lambda: sheet.put("a", 10), right=lambda: sheet.put("b", 20))
        assert sheet.cells["sum"] == 30

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Stale read of self.cells['")
    assert [mark for _, mark in steps(timeline)] == ["add: read", "put", "add: write", "add: write"]
    assert timeline.help == (
        f"make read and write one atomic step: hold one lock from {at('add: read')} to {line('add: write')}, "
        f"and from {at('put')} to {line('put') + 1}"
    )


class Meter:
    def __init__(self):
        self.last, self.reads = 0, 0

    def read(self, value):
        self.reads += 1
        self.last = value


def test_a_variable_that_is_no_part_of_it():
    def body():
        meter = Meter()

        def write():
            meter.last = 5

        in_threads(reads=lambda: meter.read(3), writes=write)
        assert meter.last == 5

    assert "Atomicity" not in timeline_of(body).bug

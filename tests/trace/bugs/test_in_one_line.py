"""Checks, and what they decide on, in one line."""

from __future__ import annotations

import pytest

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

at = Marks(__file__).at


class Stats:
    def __init__(self):
        self.number, self.total, self.table = 2, 10, {"a": 1}

    def conditional_expression(self):
        return self.total / self.number if self.number else 0  # conditional_expression

    def statement(self):
        if self.number: return self.total / self.number  # fmt: skip  # noqa: E701  # statement
        return 0

    def operator(self):
        return bool(self.number and self.total / self.number)  # operator

    def membership(self):
        return "a" in self.table and self.table["a"] > 0  # membership

    def reset(self):
        self.number = 0
        self.table.clear()


@pytest.mark.parametrize("way", ["conditional_expression", "statement", "operator", "membership"])
def test_a_check_and_what_depends_on_it(way):
    def body():
        stats = Stats()
        in_threads(uses=getattr(stats, way), resets=stats.reset)

    timeline = timeline_of(body)
    assert timeline.bug == f"Check-then-act race on {'self.table' if way == 'membership' else 'Stats.number'}"
    assert [mark for _, mark in steps(timeline)][::2] == [way, way]
    assert timeline.help.startswith(f"make check and act one atomic step: hold one lock around {at(way)}, and at ")


def test_a_condition_on_something_else():
    def body():
        stats = Stats()

        def count():
            for number in range(2):
                if number == 1: stats.total += 1  # fmt: skip  # noqa: E701

        in_threads(left=count, right=count)
        assert stats.total == 12

    assert timeline_of(body).bug == "Lost update on Stats.total"


def test_a_value_that_is_matched():
    class Job:
        state = "idle"

    def body():
        job, starts = Job(), []

        def start():
            match job.state:
                case "idle":
                    job.state = "runs"
                    starts.append(1)

        in_threads(left=start, right=start)
        assert len(starts) == 1

    assert timeline_of(body).bug == "Check-then-act race on Job.state"

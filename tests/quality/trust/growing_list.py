"""Took 63 s: the detailed run copied the whole container at each step."""

import pytest


@pytest.mark.concurrency(schedules=1)
def test_it(run_concurrent):
    def work():
        items = []
        for number in range(60_000):
            items.append(number)

    run_concurrent(work)

"""The cache of the parser."""

import pytest
from durations import Durations, UnlockedDurations


@pytest.fixture
def durations(choose):
    return choose(Durations, UnlockedDurations)(size=1)


@pytest.mark.thread_safety(workers=2)
def test_parse(durations, worker):
    assert durations.parse("1h 30m") == 90
    assert durations.parse(f"{worker.index}d") == 480 * worker.index
    assert len(durations.cached) <= 1


@pytest.mark.concurrency
def test_a_new_definition_counts(durations, run_concurrent):
    run_concurrent.together(lambda: durations.parse("1d"), lambda: durations.define("d", 360))
    assert durations.parse("1d") == 360

"""The token counter: right results, and a cache for some of them."""

import pytest


@pytest.mark.thread_safety(workers=2, races=True)
def test_the_same_text_twice(counter):
    """No assertion checks hits and misses. `races` requires that they are counted without a data race."""
    assert counter.count("to be or not to be") == 6
    assert counter.count("to be or not to be") == 6


@pytest.mark.concurrency
def test_ten_rounds_are_hits_or_misses(counter, run_concurrent):
    def ten_rounds():
        for _ in range(10):
            assert counter.count("to be") == 2

    run_concurrent(ten_rounds, workers=2)
    assert counter.hits + counter.misses == 20


@pytest.mark.concurrency
def test_no_more_entries_than_there_may_be(counter, run_concurrent):
    counter.count("one")
    counter.count("one two")
    run_concurrent.each(counter.count, ["to be", "or not"])
    assert len(counter) == counter.max_entries


@pytest.mark.concurrency
def test_an_entry_is_evicted_while_it_is_used(counter, run_concurrent):
    counter.count("to be")
    counter.count("or not")
    assert run_concurrent.each(counter.count, ["to be", "that is the question"]) == [2, 4]

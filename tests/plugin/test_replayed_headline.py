"""The report of a replayed schedule begins as the report that has the token."""

from __future__ import annotations

import pytest

TESTS = {
    "data race, noticed by spinning": """
@pytest.mark.concurrency(races=True)
def test_it():
    counter = Counter()
    counter.ready = False

    def work():
        counter.value = 5
        counter.ready = True

    thread = threading.Thread(target=work)
    thread.start()
    while not counter.ready:
        pass
    assert counter.value == 5
    thread.join()
""",
    "data race of a schedule without preemption": """
@pytest.mark.concurrency(races=True)
def test_it(run_concurrent, counter):
    run_concurrent(counter.increment)
    assert counter.value == 2
""",
    "data race on a watched object": """
@pytest.mark.concurrency
def test_it(run_concurrent, counter, race_detector):
    race_detector.watch(counter)
    run_concurrent(counter.increment)
""",
    "order of whole threads": """
@pytest.mark.concurrency
def test_it(run_concurrent, counter):
    def check():
        assert counter.value == 1

    run_concurrent.together(check, counter.increment)
""",
    "lost update": """
@pytest.mark.concurrency
def test_it(run_concurrent, counter):
    run_concurrent(counter.increment)
    assert counter.value == 2
""",
}


@pytest.mark.parametrize("kind", TESTS)
def test_it_is_the_same(run, kind):
    done = run(TESTS[kind])
    done.result.assert_outcomes(failed=1)
    again = run(None, *done.command[1:])
    again.result.assert_outcomes(failed=1)
    assert _headline(again) == _headline(done)
    assert _advice(again) == _advice(done)


def _headline(done):
    return done.text.partition(" interleaving -")[2].splitlines()[1]


def _advice(done):
    return done.lines("help: ")

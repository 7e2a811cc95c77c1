"""Of the exceptions of many threads that are alike, one is shown."""

from __future__ import annotations

import pytest

SOURCE = """
def fail(number=0):
    raise ValueError(f"no connection {MESSAGE}")


@pytest.mark.concurrency(schedules=1)
def test_workers(run_concurrent):
    run_concurrent.each(fail, range(30))


@pytest.mark.concurrency(schedules=1)
def test_threads():
    threads = [threading.Thread(target=fail, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.thread_safety(schedules=1, workers=30)
def test_body(worker):
    fail(worker.index)
"""
#: The lines that the report of a test may have.
SCREEN = 35


@pytest.mark.parametrize(("test", "thread"), [("workers", "worker-"), ("threads", "Thread-"), ("body", "worker-")])
def test_many_of_the_same_exception_are_one(run, test, thread):
    done = run(SOURCE.replace("{MESSAGE}", ""), "-k", test)
    report = done.text.partition("= FAILURES =")[2].partition("= short test summary")[0]
    assert report.count("ValueError: no connection") == 1
    assert len(report.splitlines()) <= SCREEN
    numbers = range(2, 6) if test == "threads" else range(1, 5)
    assert f"and 29 more like this: {', '.join(f'{thread}{number}' for number in numbers)}, …" in report
    assert ("30 threads failed" if test == "threads" else "30 of 30 workers failed") in report


def test_of_messages_that_differ_two_are_shown(run):
    done = run(SOURCE.replace("MESSAGE", "number"), "-k", "workers")
    report = done.text.partition("= FAILURES =")[2]
    assert "ExceptionGroup: 30 of 30 workers failed" in report
    assert report.count("ValueError: no connection ") == 2
    assert "and, with other messages, 28 more: worker-2, worker-3, worker-4, worker-5, …" in done.flat


def test_exceptions_of_other_types_and_places_are_shown(run):
    done = run(
        """
def fail(number):
    if number == 3:
        raise KeyError(number)
    if number == 4:
        raise ValueError("no connection")
    raise ValueError("no connection")


@pytest.mark.concurrency(schedules=1)
def test_it(run_concurrent):
    run_concurrent.each(fail, range(6))
"""
    )
    report = done.text.partition("= FAILURES =")[2]
    assert report.count("ValueError: no connection") == 2
    assert report.count("KeyError: 3") == 1
    assert "and 3 more like this: worker-1, worker-2, worker-5" in report


def test_a_group_of_the_program_itself_is_shown_as_it_is(run):
    done = run(
        """
@pytest.mark.concurrency(schedules=1)
def test_it(run_concurrent):
    run_concurrent(int)
    raise ExceptionGroup("mine", [ValueError("same") for _ in range(6)])
"""
    )
    assert done.text.partition("= FAILURES =")[2].count("ValueError: same") == 6

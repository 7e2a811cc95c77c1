"""What counts as the same finding in two executions of one test."""

from __future__ import annotations

import threading
from threading import Event, Lock, Thread

import pytest

from pytest_interleave.control import Place
from pytest_interleave.control.execution.units._outcome import Stuck, WaitingThread
from pytest_interleave.detect import finding_of, identity_of
from pytest_interleave.explore import NonPreemptive
from tests.driving import execute, executions

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def identity(body, **options):
    (outcome,) = executions(body, NonPreemptive(), **options)
    return identity_of_outcome(outcome)


def identity_of_outcome(outcome):
    finding = finding_of(outcome)
    assert finding is not None
    return identity_of(finding, outcome)


def in_threads(*bodies):
    threads = [Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fail(error):
    raise error


def test_the_same_exception_with_another_message_is_the_same():
    assert identity(lambda: fail(ValueError(1))) == identity(lambda: fail(ValueError("other")))


def test_another_type_is_another_finding():
    assert identity(lambda: fail(ValueError())) != identity(lambda: fail(KeyError()))


class Own(ValueError):
    pass


def test_a_subclass_is_another_finding():
    assert identity(lambda: fail(ValueError())) != identity(lambda: fail(Own()))


def test_another_line_is_another_finding():
    def one():
        raise ValueError

    def other():
        raise ValueError

    assert identity(one) != identity(other)


def test_the_way_to_the_line_does_not_matter():
    def one():
        fail(ValueError())

    def other():
        one()

    assert identity(one) == identity(other)


def test_in_a_thread_it_is_another_finding_than_in_the_test():
    assert identity(lambda: fail(ValueError())) != identity(lambda: in_threads(lambda: fail(ValueError())))


def test_how_many_threads_fail_alike_does_not_matter():
    """Nor which of them: with another schedule it may be another one."""
    one = identity(lambda: in_threads(lambda: fail(ValueError()), int))
    both = identity(lambda: in_threads(int, lambda: fail(ValueError()), lambda: fail(ValueError("again"))))
    assert one == both


def test_that_another_thread_fails_in_another_way_does_matter():
    one = identity(lambda: in_threads(lambda: fail(ValueError())))
    two = identity(lambda: in_threads(lambda: fail(ValueError()), lambda: fail(KeyError())))
    other = identity(lambda: in_threads(lambda: fail(KeyError()), lambda: fail(ValueError())))
    assert one != two == other


def test_groups_are_what_is_in_them():
    def group(*errors):
        raised = []
        for error in errors:
            try:
                fail(error)
            except Exception as caught:
                raised.append(caught)
        raise ExceptionGroup("some", raised)

    flat = identity(lambda: group(ValueError(), KeyError()))
    nested = identity(lambda: group(ExceptionGroup("in", [first_of(ValueError())]), KeyError()))
    assert flat == nested == identity(lambda: group(KeyError(), ValueError(), ValueError()))
    assert flat != identity(lambda: group(ValueError()))


def first_of(error):
    try:
        fail(error)
    except Exception as caught:
        return caught


def test_an_exception_that_was_never_raised_has_no_line():
    (outcome,) = executions(int, NonPreemptive())
    outcome = outcome._replace(exception=ValueError())
    assert identity_of_outcome(outcome) == ("test failure", frozenset({(ValueError, None)}))


# -- deadlocks and livelocks --


def opposite(first, second):
    """Two threads, each with one of two locks; the line depends on the order."""
    have = [Event(), Event()]

    def one():
        with first:
            have[0].set()
            have[1].wait()
            with second:
                pass

    def other():
        with second:
            have[1].set()
            have[0].wait()
            with first:
                pass

    return one, other


def test_the_same_places_are_the_same_deadlock_for_any_threads():
    def body(swap):
        one, other = opposite(Lock(), Lock())
        in_threads(*((other, one) if swap else (one, other)))

    assert identity(lambda: body(False)) == identity(lambda: body(True))


def test_another_place_is_another_deadlock():
    def main_waits_here():
        Event().wait()

    def main_waits_there():
        Event().wait()

    assert identity(main_waits_here) == identity(main_waits_here) != identity(main_waits_there)


def test_one_more_thread_that_waits_elsewhere_is_another_deadlock():
    def wait():
        Event().wait()

    def wait_elsewhere():
        Event().wait()

    assert identity(lambda: in_threads(wait, wait)) != identity(lambda: in_threads(wait, wait_elsewhere))


def test_a_deadlock_is_not_the_exception_that_has_led_to_it():
    event = []

    def dies():
        fail(ValueError())
        event[0].set()

    def body(first):
        event[:] = [Event()]
        in_threads(first, event[0].wait)

    with_error, without = identity(lambda: body(dies)), identity(lambda: body(int))
    assert with_error[0] == without[0] == "deadlock"
    assert with_error != without
    assert with_error == identity(lambda: body(dies))


def test_a_livelock_is_the_same_wherever_its_bound_comes():
    def spin():
        flag = threading.Event()
        while not flag.is_set():
            flag.is_set()

    short, long = identity(spin, max_steps=200), identity(spin, max_steps=301)
    assert short == long == ("livelock", frozenset())


def test_a_livelock_and_a_deadlock_differ():
    wait = WaitingThread(0, "main", "", Place("here.py", 1, "f"), None, None)
    outcome = execute(int)
    kinds = [
        identity_of_outcome(outcome._replace(stuck=Stuck(kind, [wait], 9, False, [])))
        for kind in ("livelock", "deadlock")
    ]
    assert kinds[0] != kinds[1]


def test_a_thread_that_waits_nowhere_in_particular():
    wait = WaitingThread(0, "main", "", None, None, None)
    outcome = execute(int)._replace(stuck=Stuck("deadlock", [wait], 9, False, []))
    assert identity_of_outcome(outcome) == ("deadlock", frozenset(), frozenset({None}))

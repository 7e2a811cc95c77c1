"""`Barrier` behaves as `threading.Barrier` does."""

from __future__ import annotations

import threading

import pytest

from pytest_interleave.control.primitives import Barrier
from pytest_interleave.explore import RandomWalk
from tests.driving import check, executions, require_good_end


def _in_threads(*functions) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_it_is_passed_together_again_and_again() -> None:
    def body() -> None:
        actions: list[int] = []
        barrier, indices = Barrier(3, action=lambda: actions.append(1)), []

        def work() -> None:
            for number in range(1, 3):
                indices.append(barrier.wait())
                assert len(actions) >= number

        _in_threads(work, work, work)
        assert sorted(indices) == [0, 0, 1, 1, 2, 2]
        assert len(actions) == 2
        assert (barrier.n_waiting, barrier.broken, barrier.parties) == (0, False, 3)

    check(body)


def test_a_party_that_never_comes_breaks_it() -> None:
    def body() -> None:
        barrier = Barrier(2, timeout=3600)
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait()
        assert barrier.broken
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(0)
        barrier.reset()
        assert not barrier.broken
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(0)

    check(body, walks=1)


def test_an_action_that_fails_breaks_it_for_all() -> None:
    def body() -> None:
        errors: list[type[BaseException]] = []

        def work() -> None:
            try:
                barrier.wait()
            except (ZeroDivisionError, threading.BrokenBarrierError) as error:
                errors.append(type(error))

        barrier = Barrier(2, action=lambda: 1 // 0)
        _in_threads(work, work)
        assert set(errors) == {ZeroDivisionError, threading.BrokenBarrierError}
        assert barrier.broken

    check(body)


def test_reset_ends_the_waits() -> None:
    def body() -> None:
        barrier, errors = Barrier(2), []

        def work() -> None:
            try:
                barrier.wait()
            except threading.BrokenBarrierError as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        while not barrier.n_waiting:
            thread.join(1)
        barrier.reset()
        thread.join()
        assert len(errors) == 1
        assert not barrier.broken

    check(body)


def test_abort_reaches_threads_that_have_met_but_not_left_yet() -> None:
    outcomes: set[str] = set()

    def body() -> None:
        barrier = Barrier(2)

        def one() -> None:
            try:
                barrier.wait()
                outcomes.add("passed")
            except threading.BrokenBarrierError:
                outcomes.add("broken")

        def other() -> None:
            try:
                barrier.wait()
            except threading.BrokenBarrierError:
                return
            barrier.abort()

        _in_threads(one, other)

    for outcome in executions(body, RandomWalk(1), 50):
        require_good_end(outcome)
    assert outcomes == {"passed", "broken"}


def test_left_by_an_earlier_execution_it_is_as_new() -> None:
    barrier = Barrier(2)

    def body() -> None:
        assert barrier.n_waiting == 0
        threading.Thread(target=barrier.wait, daemon=True).start()

    for outcome in executions(body, RandomWalk(1), 5):
        require_good_end(outcome)
    assert not barrier.broken


def test_outside_control() -> None:
    barrier = Barrier(1)
    assert barrier.wait() == 0
    barrier.abort()
    assert barrier.broken
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait(1)
    barrier.reset()
    assert barrier.wait(1) == 0
    with pytest.raises(ValueError):
        Barrier(0)
    assert isinstance(barrier, threading.Barrier)

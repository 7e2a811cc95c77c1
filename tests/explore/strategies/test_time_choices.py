"""Time as a choice: the clock is one more thread for the strategy, and chosen, it lets time pass."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pytest_interleave.control import HELD_UP, LEAPS, Outcome
from pytest_interleave.control.execution.timing._time_choices import MOST, duration
from pytest_interleave.explore import NonPreemptive, RandomWalk, Replay, make_strategy
from tests.driving import executions, require_good_end

from ..passing import Passing


def outcome_of(body: Callable[[], object], strategy: Any, *, leap: int | None = 0) -> Outcome:
    (outcome,) = executions(body, strategy, leaps=(leap,))
    return outcome


def join_late(work: Callable[[], object], number: int) -> None:
    """Run `work` in this many threads. Each is joined with a time limit, which may expire, and then without one."""
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=0.5)
    for thread in threads:
        thread.join()


def passed(outcome: Outcome) -> list[str]:
    """For how long threads were held up."""
    return [operation.name for _, operation, _ in outcome.log if operation.kind == HELD_UP]


def test_a_timeout_expires_while_the_other_thread_works() -> None:
    def body() -> None:
        done: list[int] = []
        thread = threading.Thread(target=lambda: done.extend(range(100)))
        thread.start()
        thread.join(timeout=5)
        seen.append((bool(done), thread.is_alive()))
        thread.join()

    seen: list[Any] = []
    require_good_end(outcome_of(body, Passing()))
    require_good_end(outcome_of(body, Passing(), leap=None))
    assert seen == [(False, True), (True, False)]


WAITS: dict[str, Callable[[Any, Any, Any, Any], object]] = {
    "event": lambda event, _lock, _queue, _barrier: event.wait(2),
    "lock": lambda _event, lock, _queue, _barrier: lock.acquire(timeout=2),
    "queue": lambda _event, _lock, queue, _barrier: take(queue),
    "barrier": lambda _event, _lock, _queue, barrier: meet(barrier),
}


def take(items: queue.Queue[int]) -> bool:
    try:
        return bool(items.get(timeout=2))
    except queue.Empty:
        return False


def meet(barrier: threading.Barrier) -> bool:
    try:
        barrier.wait(2)
    except threading.BrokenBarrierError:
        return False
    return True


@pytest.mark.parametrize("kind", WAITS)
def test_every_kind_of_wait_can_expire_early(kind: str) -> None:
    def body() -> None:
        event, lock, items, barrier = threading.Event(), threading.Lock(), queue.Queue[int](), threading.Barrier(2)

        def other() -> None:
            with lock:
                state[0] += 1
                state[0] += 1
            items.put(1)
            event.set()
            meet(barrier)

        state = [0]
        thread = threading.Thread(target=other)
        thread.start()
        while not state[0]:
            time.sleep(0)
        answers.add(bool(WAITS[kind](event, lock, items, barrier)))
        thread.join()

    answers: set[bool] = set()
    for outcome in executions(body, RandomWalk(3), 60, leaps=range(len(LEAPS))):
        require_good_end(outcome)
    assert answers == {True, False}


def test_a_sleep_ends_while_others_work_although_it_is_long() -> None:
    def body() -> None:
        def work() -> None:
            for _ in range(5):
                order.append("work")

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(3600)
        order.append("woken")
        thread.join()

    order: list[str] = []
    require_good_end(outcome_of(body, Passing()))
    assert order.index("woken") < 5


def test_time_passes_between_two_readings_of_a_thread_that_is_held_up() -> None:
    def body() -> None:
        def other() -> None:
            state.append(1)

        state: list[int] = []
        thread = threading.Thread(target=other)
        thread.start()
        until = time.monotonic() + 30
        state.append(2)
        late.append(time.monotonic() > until)
        thread.join()

    late: list[bool] = []
    outcome = outcome_of(body, Passing())
    require_good_end(outcome)
    outcome_of(body, NonPreemptive())
    assert late == [True, False]
    assert "1 h" in passed(outcome)


def test_the_clock_is_on_offer_only_if_time_could_matter() -> None:
    def body() -> None:
        state: list[int] = []
        threads = [threading.Thread(target=lambda: state.append(1)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    strategy = Passing()
    outcome = outcome_of(body, strategy)
    assert strategy.offered
    assert not any(strategy.offered)
    assert passed(outcome) == []


def test_what_only_logs_the_time_does_not_put_the_clock_on_offer() -> None:
    import logging

    def body() -> None:
        def work() -> None:
            logger.warning("here")
            state.append(1)

        state: list[int] = []
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    logger = logging.getLogger("tests.time_choices")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    strategy = Passing()
    outcome_of(body, strategy)
    assert not any(strategy.offered)


def test_time_passes_a_limited_number_of_times() -> None:
    def body() -> None:
        def work() -> None:
            while len(state) < 200:
                state.append(1)

        state: list[int] = []
        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive():
            thread.join(timeout=0.1)

    outcome = outcome_of(body, Passing())
    require_good_end(outcome)
    assert len(passed(outcome)) == MOST


def test_a_wait_of_a_day_does_not_expire() -> None:
    def body() -> None:
        def work() -> None:
            for _ in range(10):
                state.append(1)

        state: list[int] = []
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=86_400 * 365)
        assert len(state) == 10

    strategy = Passing()
    require_good_end(outcome_of(body, strategy))
    assert not any(strategy.offered)


def test_nothing_is_chosen_once_the_test_has_ended() -> None:
    def body() -> None:
        def work() -> None:
            for _ in range(5):
                time.sleep(1)
                state.append(time.monotonic())

        state: list[float] = []
        threading.Thread(target=work).start()
        threading.Thread(target=work).start()

    strategy = Passing(never=True)
    outcome = outcome_of(body, strategy)
    require_good_end(outcome)
    main_ended = strategy.offered
    # While the test's own thread has run, there was nothing to wait for; later on it is over.
    assert not any(main_ended)


def test_the_choices_repeat_the_execution() -> None:
    def body() -> None:
        def work() -> None:
            with lock:
                state[0] = state[0] + 1

        lock, state = threading.Lock(), [0]
        join_late(work, 3)

    walk = RandomWalk(5)
    for _ in range(10):
        first = outcome_of(body, walk)
        require_good_end(first)
        again = Replay(first.choices)
        second = outcome_of(body, again)
        assert again.diverged is None
        assert [(unit.index, operation.kind) for unit, operation, _ in first.log] == [
            (unit.index, operation.kind) for unit, operation, _ in second.log
        ]
        assert passed(first) == passed(second)


@pytest.mark.parametrize("name", ["auto", "exhaustive", "pct", "pos", "random", "surw", "swarm", "urw"])
def test_every_strategy_lets_time_pass_and_repeats_itself(name: str) -> None:
    def body() -> None:
        def work() -> None:
            for _ in range(3):
                state.append(time.monotonic())

        state: list[float] = []
        join_late(work, 2)

    runs = []
    for _ in range(2):
        strategy = make_strategy(name, 7, time_choices=True)
        outcomes = list(executions(body, strategy, 20, leaps=range(len(LEAPS))))
        for outcome in outcomes:
            require_good_end(outcome)
        runs.append([outcome.choices for outcome in outcomes])
        assert any(passed(outcome) for outcome in outcomes)
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (250_000_000, "0.25 s"),
        (1_000_001_000, "1 s"),
        (30_000_000_000, "30 s"),
        (3_600_000_000_000, "1 h"),
        (5_000_000_000_000, "5,000 s"),
        (30 * 86_400_000_000_000, "30 days"),
    ],
)
def test_durations(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text

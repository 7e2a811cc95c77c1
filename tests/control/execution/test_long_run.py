"""What follows the first `max_steps` steps depends on nothing but the steps."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from pytest_interleave.control import Outcome
from pytest_interleave.control.execution.progress import _long_run
from pytest_interleave.explore import NonPreemptive
from tests.driving import executions, require_good_end
from tests.thorough import thorough


def on_machines(monkeypatch: pytest.MonkeyPatch, make: Callable[[], list[Callable[[], None]]]) -> list[Outcome]:
    """How threads end on a fast machine and on a slow one."""
    # So that it does not take long.
    monkeypatch.setattr(_long_run, "_STEPS_OF_A_SECOND", 20_000)
    found: list[Outcome] = []
    for milliseconds in (1, 10):
        # The processor time that has passed since the last look. No function of this file: that would be scheduled.
        monkeypatch.setattr(_long_run, "_spent_ns", itertools.count(0, milliseconds * 1_000_000).__next__)

        def body() -> None:
            threads = [threading.Thread(target=work) for work in make()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        found += executions(body, NonPreemptive(), max_steps=50)
    return found


def test_a_timeout_expires_after_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def make() -> list[Callable[[], None]]:
        stop = threading.Event()
        rounds.append(0)

        def spin() -> None:
            while not stop.is_set():
                rounds[-1] += 1

        def wait() -> None:
            threading.Event().wait(0.1)
            stop.set()

        return [spin, wait, spin]

    for outcome in on_machines(monkeypatch, make):
        require_good_end(outcome)
        assert outcome.unexplored
    assert rounds[0] == rounds[1] > 1_000


@thorough
def test_a_livelock_is_found_after_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> list[Callable[[], None]]:
        rounds = [0]

        def spin() -> None:
            while True:
                rounds[0] += 1

        return [spin, spin]

    fast, slow = on_machines(monkeypatch, make)
    assert fast.stuck is not None and slow.stuck is not None
    assert fast.stuck.kind == slow.stuck.kind == "livelock"
    assert fast.stuck.steps == slow.stuck.steps > 10_000


def rally(player: Callable[[int], Callable[[], None]]) -> None:
    threads = [threading.Thread(target=player(me)) for me in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rounds_of_a_loop() -> None:
    turn = 0

    def player(me: int) -> Callable[[], None]:
        def play() -> None:
            nonlocal turn
            for _ in range(3_000):
                while turn != me:
                    time.sleep(0)
                turn = 1 - me

        return play

    rally(player)


def rounds_counted_down() -> None:
    turn, left = 0, [2_000, 2_000]

    def player(me: int) -> Callable[[], None]:
        def play() -> None:
            nonlocal turn
            while left[me]:
                if turn == me:
                    left[me] -= 1
                    turn = 1 - me

        return play

    rally(player)


@pytest.mark.parametrize("body", [rounds_of_a_loop, rounds_counted_down])
def test_threads_that_wait_for_one_another_get_on(monkeypatch: pytest.MonkeyPatch, body: Callable[[], None]) -> None:
    # So that there is much less patience than the test has steps.
    monkeypatch.setattr(_long_run, "_STEPS_OF_A_SECOND", 1_000)
    for outcome in executions(body, NonPreemptive(), max_steps=50):
        require_good_end(outcome)
        assert outcome.unexplored is not None
        assert outcome.unexplored > 10_000


def test_threads_that_only_count_up_are_a_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_long_run, "_STEPS_OF_A_SECOND", 1_000)
    tries, polite = 0, True

    def give_way() -> None:
        nonlocal tries
        while polite:
            tries += 1

    for outcome in executions(lambda: rally(lambda _: give_way), NonPreemptive(), max_steps=50):
        assert outcome.stuck is not None
        assert outcome.stuck.kind == "livelock"

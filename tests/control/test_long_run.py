"""What follows the first `max_steps` steps depends on nothing but the steps."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from pytest_interleave.control import Outcome, _long_run
from pytest_interleave.explore import NonPreemptive
from tests.driving import executions, require_good_end


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

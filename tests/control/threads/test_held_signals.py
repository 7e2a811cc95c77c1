"""Signal handlers that raise, at whatever moment, and those that do not."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from pytest_interleave._signals import came_by_signal
from pytest_interleave.control import Control
from pytest_interleave.control.threads._held_signals import HeldSignals
from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import MAX_STEPS, execute, require_good_end, value_of

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")


class TimeIsUp(BaseException):
    """What the handler raises."""


@pytest.fixture
def _alarm() -> Iterator[Callable[[float], None]]:
    def strike(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, strike)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


class _Counter:
    def __init__(self) -> None:
        self.lock, self.value = threading.Lock(), 0

    def add(self) -> None:
        with self.lock:
            self.value += 1

    def add_forever(self) -> None:
        while True:
            self.add()


def _in_workers() -> None:
    work = _Counter().add_forever
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _in_a_pool() -> None:
    while True:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(abs, range(4)))


def _in_the_test_too() -> None:
    counter = _Counter()
    threading.Thread(target=counter.add_forever).start()
    try:
        counter.add_forever()
    finally:
        counter.add()


def _at_a_queue() -> None:
    numbers: queue.Queue[int] = queue.Queue(2)

    def put() -> None:
        number = 0
        while True:
            numbers.put(number, timeout=1)
            number += 1

    threading.Thread(target=put).start()
    while True:
        numbers.get(timeout=1)


@pytest.mark.parametrize("body", [_in_workers, _in_a_pool, _in_the_test_too, _at_a_queue])
def test_a_time_limit_ends_the_execution_wherever_it_strikes(
    body: Callable[[], None], _alarm: Callable[[float], None]
) -> None:
    with Control() as control:
        for number in range(12):
            seconds = 0.003 + number * 0.0007

            def timed(seconds: float = seconds) -> None:
                _alarm(seconds)
                body()

            control.prepare()
            strategy = RandomWalk(number)
            strategy.begin(1)
            outcome = control.run(timed, strategy, max_steps=10**9)
            assert isinstance(outcome.exception, TimeIsUp)
            assert came_by_signal(outcome.exception)
            assert not outcome.uneventful
            assert outcome.leaked == outcome.set_aside == []
    # And nothing is left of it.
    require_good_end(execute(lambda: threading.Thread(target=int).start()))  # noqa: PLW0108


def test_a_handler_that_does_not_raise_leaves_the_execution_as_it_is() -> None:
    calls = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: calls.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)

    def body() -> int:
        lock, count = threading.Lock(), [0]

        def work() -> None:
            for _ in range(2_000):
                with lock:
                    count[0] += 1

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        return count[0]

    try:
        for _ in range(3):
            assert value_of(body) == 8_000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls


def test_a_test_may_raise_from_a_handler_of_its_own() -> None:
    def body() -> None:
        before = signal.signal(signal.SIGUSR1, _raise)
        try:
            with pytest.raises(TimeIsUp):
                signal.raise_signal(signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)

    require_good_end(execute(body))


def _raise(number: int, frame: FrameType | None) -> None:
    raise TimeIsUp


def test_what_is_raised_where_it_would_be_lost_is_raised_later() -> None:
    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def body() -> None:
        Dying()
        _in_workers()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert isinstance(execute(body).exception, KeyboardInterrupt)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_the_watchdog_has_sent_in_vain_is_dropped_once() -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: calls.append(number))
    held = HeldSignals()
    held.install()
    held.unit = SimpleNamespace(outside=True)
    try:
        held.pending[signal.SIGUSR1] = _never_called
        held.send_again()
        assert len(calls) == 1
        # The watchdog has seen it wait, and is late.
        held.pending = _Changing({signal.SIGUSR1: _never_called})
        held.send_again()
        assert len(calls) == 1
        signal.raise_signal(signal.SIGUSR1)
        assert len(calls) == 2
        held.end()
        held.pending = {signal.SIGUSR1: _never_called}
        held.send_again()
        assert len(calls) == 2, "no execution runs"
    finally:
        held.remove()
        signal.signal(signal.SIGUSR1, before)


class _Changing(dict[int, Any]):
    """Empty as soon as it has been read."""

    def __iter__(self) -> Iterator[int]:
        found = list(super().__iter__())
        self.clear()
        return iter(found)


def _never_called(number: int, frame: FrameType | None) -> None:
    raise AssertionError(number)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Control() as control:
        assert signal.getsignal(signal.SIGINT) is not before
        control.prepare()
        control.run(int, NonPreemptive(), max_steps=MAX_STEPS)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_that_was_set_meanwhile_stays() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    try:
        signal.signal(signal.SIGUSR1, lambda number, frame: None)
        with Control():
            signal.signal(signal.SIGUSR1, _raise)
        assert signal.getsignal(signal.SIGUSR1) is _raise
    finally:
        signal.signal(signal.SIGUSR1, before)

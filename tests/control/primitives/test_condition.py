"""`Condition` behaves as `threading.Condition` does."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_interleave.control.primitives import Condition, Lock, RLock
from pytest_interleave.explore import RandomWalk
from tests.driving import check, executions, require_good_end


@pytest.mark.parametrize("make_lock", [lambda: None, Lock, RLock], ids=["default", "Lock", "RLock"])
class TestWithEachLock:
    def test_notify_wakes_the_requested_number(self, make_lock) -> None:
        def body() -> None:
            condition, woken = Condition(make_lock()), []

            def wait() -> None:
                with condition:
                    assert condition.wait()
                    woken.append(1)

            threads = [threading.Thread(target=wait) for _ in range(3)]
            for thread in threads:
                thread.start()
            time.sleep(1)
            with condition:
                condition.notify(2)
            time.sleep(1)
            assert len(woken) == 2
            with condition:
                condition.notify_all()
            for thread in threads:
                thread.join()

        check(body)

    def test_timeouts(self, make_lock) -> None:
        def body() -> None:
            condition = Condition(make_lock())
            with condition:
                before = time.monotonic()
                assert condition.wait(3600) is False
                assert condition.wait(0) is False
                assert condition.wait(3600) is False
                assert 7200 <= time.monotonic() - before < 7201
                assert condition.wait_for(lambda: False, timeout=60) is False
                assert condition.wait_for(lambda: "yes", timeout=0) == "yes"

        check(body, walks=1)

    def test_wait_for(self, make_lock) -> None:
        def body() -> None:
            condition, items = Condition(make_lock()), []

            def put() -> None:
                for item in range(2):
                    with condition:
                        items.append(item)
                        condition.notify()

            thread = threading.Thread(target=put)
            thread.start()
            with condition:
                assert condition.wait_for(lambda: len(items) == 2)
            thread.join()

        check(body)

    def test_it_must_be_held(self, make_lock) -> None:
        def body() -> None:
            condition = Condition(make_lock())
            with pytest.raises(RuntimeError, match="cannot wait on un-acquired lock"):
                condition.wait()
            with pytest.raises(RuntimeError, match="cannot notify on un-acquired lock"):
                condition.notify()
            with pytest.raises(RuntimeError, match="cannot notify on un-acquired lock"):
                condition.notify_all()

        body()
        check(body, walks=1)


def test_waiting_without_time_lets_others_have_the_lock() -> None:
    def body() -> None:
        condition, done = Condition(), []

        def work() -> None:
            with condition:
                done.append(True)

        thread = threading.Thread(target=work)
        with condition:
            thread.start()
            while not done:
                condition.wait(0)
        thread.join()

    check(body)


def test_waiting_gives_up_a_lock_that_is_held_twice() -> None:
    def body() -> None:
        condition = Condition()

        def notify() -> None:
            with condition:
                condition.notify()

        thread = threading.Thread(target=notify)
        with condition, condition:
            thread.start()
            assert condition.wait()
        thread.join()
        with pytest.raises(RuntimeError):
            condition.release()

    check(body)


def test_a_lock_of_the_program_s_own() -> None:
    class Own:
        def __init__(self) -> None:
            self._lock = threading.Lock()
            self.acquire, self.release = self._lock.acquire, self._lock.release
            # Python 3.14 asks for it.
            self.locked = self._lock.locked

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *exception: object) -> None:
            self.release()

    def body() -> None:
        condition, ready = Condition(Own()), []

        def work() -> None:
            with condition:
                ready.append(True)
                condition.notify_all()

        thread = threading.Thread(target=work)
        thread.start()
        with condition:
            while not ready:
                condition.wait(1)
        thread.join()

    check(body)


def test_a_deadline_that_passes_before_a_notified_thread_runs() -> None:
    # A lock that is not ours: the thread waits at the condition until it runs.
    class Own(threading.Semaphore):
        # Python 3.14 asks for it.
        def locked(self) -> bool:
            return self._value == 0

    def body() -> None:
        condition, ready = Condition(Own()), []

        def wait() -> None:
            with condition:
                while not ready:
                    condition.wait(1)

        threads = [threading.Thread(target=wait) for _ in range(2)]
        for thread in threads:
            thread.start()
        with condition:
            ready.append(True)
            condition.notify_all()
        for thread in threads:
            thread.join()

    for outcome in executions(body, RandomWalk(1), 100, leaps=(0, 2)):
        require_good_end(outcome)


def test_instances() -> None:
    assert isinstance(Condition(), threading.Condition)
    assert issubclass(Condition, threading.Condition)

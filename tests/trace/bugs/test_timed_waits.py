"""Waits at conditions that time out, although another thread has made the change and notified of it."""

from __future__ import annotations

from threading import Condition

from ..telling import in_threads, quiet, steps, timeline_of_finding, told

pytestmark = quiet


class Pool:
    def __init__(self):
        self.idle, self.made, self.returned = [], 0, Condition()

    def acquire(self):
        if self.idle:  # check
            return self.idle.pop()
        if self.made < 1:
            self.made += 1
            return "connection"
        with self.returned:
            assert self.returned.wait(timeout=5)  # wait
            return self.idle.pop()

    def release(self, connection):
        with self.returned:
            self.idle.append(connection)  # change
            self.returned.notify()  # notify

    def use(self):
        self.release(self.acquire())


class Closing:
    def __init__(self):
        self.closed, self.changed, self.items = False, Condition(), []

    def wait(self):
        with self.changed:
            while not self.closed:  # check
                assert self.changed.wait(5)  # wait

    def close(self):
        with self.changed:
            self.closed = True  # change
            self.changed.notify()  # notify

    def take(self):
        with self.changed:
            while not self.items:
                assert self.changed.wait(5)
            self.items.pop()

    def put(self):
        with self.changed:
            self.items.append(1)
            self.changed.notify()


def test_a_change_between_the_check_and_the_wait():
    def body():
        pool = Pool()
        in_threads(one=pool.use, other=pool.use)

    timeline = timeline_of_finding(body)
    assert timeline.bug == "Lost wake-up on Condition: notified before the wait"
    assert [mark for _, mark in steps(timeline)] == ["check", "change", "notify", "wait"]
    assert "starts to wait" in timeline.evidence[-1].text
    assert timeline.help == "test the condition again in a loop, under the lock: while not ready: condition.wait()"


def test_one_of_two_threads_is_woken():
    def body():
        state = Closing()
        in_threads(one=state.wait, other=state.wait, closes=state.close)

    timeline = told(body).timeline
    assert timeline.bug == "Lost wake-up on Condition: notify() wakes one only"
    assert steps(timeline) == [
        ("other reads Closing.closed (False)", "check"),
        ("closes writes Closing.closed (False -> True)", "change"),
        ("closes notifies Condition", "notify"),
        ("one is woken by Condition", "wait"),
        ("other times out waiting for Condition", "wait"),
    ]
    assert timeline.help == "if the last notify() concerns other as well as one, use notify_all()"


def test_long_names():
    def body():
        state = Closing()
        in_threads(**{"a" * 40: state.wait, "other": state.wait, "closes": state.close})

    assert told(body).timeline.bug == "Lost wake-up on Condition: notify() wakes another thread"


def test_an_item_that_the_woken_thread_takes():
    def body():
        state = Closing()
        in_threads(one=state.take, other=state.take, puts=state.put)

    assert not told(body).timeline.bug.startswith("Lost wake-up")


def test_a_change_that_a_third_thread_takes_back():
    def body():
        pool = Pool()
        pool.made = 1

        def lend():
            pool.release("connection")
            pool.idle.pop()

        in_threads(lends=lend, acquires=pool.acquire)

    assert not told(body).timeline.bug.startswith("Lost wake-up")

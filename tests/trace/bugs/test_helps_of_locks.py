"""Help that names a lock: one lock of several that look alike, and code that no lock should be held around."""

from __future__ import annotations

from collections import deque
from threading import Lock

from ..telling import Marks, in_threads, quiet
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at = MARKS.at


class Account:
    def __init__(self):
        self.balance, self.lock = 10, Lock()

    def deposit(self):
        with self.lock:  # deposit: lock
            before = self.balance
            self.balance = before + 1

    def transfer(self, other):
        with self.lock:  # transfer: lock
            self.balance -= 5
            other.balance = other.balance + 5


def test_each_thread_holds_the_lock_of_another_object():
    def body():
        first, second = Account(), Account()
        in_threads(transfers=lambda: first.transfer(second), deposits=second.deposit)
        assert second.balance == 16

    assert timeline_of(body).help in (
        f"use one lock for both threads: {at(f'{one}: lock')} and {at(f'{other}: lock')} take different ones"
        for one, other in (("transfer", "deposit"), ("deposit", "transfer"))
    )


class Workers:
    def __init__(self):
        self.queues, self.locks = [deque([1]), deque()], [Lock(), Lock()]

    def take(self, number):
        with self.locks[number]:
            return self.queues[number].pop() if self.queues[number] else None  # take

    def steal(self, other):
        return self.queues[other].popleft()  # steal


def test_a_lock_of_a_list_of_locks():
    def body():
        workers = Workers()
        in_threads(takes=lambda: workers.take(0), steals=lambda: workers.queues[0] and workers.steal(0))

    assert timeline_of(body).help == (
        f"hold the same lock at {at('steal')}, too, as takes does around {at('take')}: Workers.locks[number]"
    )


class Limiter:
    def __init__(self):
        self.runs, self.lock = 0, Lock()

    def run(self, function):
        if self.runs < 1:
            function()
            self.runs += 1


def test_no_lock_is_held_while_a_function_of_the_caller_runs():
    def body():
        limiter, runs = Limiter(), []
        in_threads(left=lambda: limiter.run(lambda: runs.append(1)), right=lambda: limiter.run(lambda: runs.append(1)))
        assert len(runs) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Limiter.runs"
    assert not timeline.help


def remember(function):
    cache = {}

    def remembered(key):
        if key not in cache:  # remember: check
            cache[key] = function(key)  # remember: act
        return cache[key]

    return remembered


def test_a_lock_is_held_while_a_decorated_function_runs():
    def body():
        runs = []
        function = remember(runs.append)
        in_threads(left=lambda: function(1), right=lambda: function(1))
        assert len(runs) == 1

    assert timeline_of(body).help.startswith(
        f"make check and act one atomic step: hold one lock from {at('remember: check')} to"
    )


class Stock:
    def __init__(self):
        self.left, self.lock = 5, Lock()

    def check(self):
        with self.lock:
            assert self.left >= 0  # stock: check

    def sell(self):
        before = self.left  # stock: read
        self.left = before - 1  # stock: write

    def restock(self):
        self.left = 9  # stock: restock


def test_a_lock_that_other_accesses_hold():
    def body():
        stock = Stock()
        stock.left = 5
        in_threads(checks=stock.check, sells=stock.sell, restocks=stock.restock)
        assert stock.left >= 8

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Stock.left"
    assert timeline.help == (
        f"hold Stock.lock from {at('stock: read')} to {MARKS.line('stock: write')}, and at {at('stock: restock')}, "
        f"as {at('stock: check')} does"
    )

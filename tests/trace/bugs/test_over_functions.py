"""Bugs whose steps are in several functions: the class, and where a lock helps."""

from __future__ import annotations

from queue import Queue
from threading import Lock, RLock
from time import sleep

from ..telling import Marks, in_threads, quiet, texts, told
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


# -- checks in a function of their own --


class Session:
    def __init__(self):
        self.expires = 10
        self.user = "ann"
        self.uses = 0

    def is_valid(self):
        return self.expires is not None

    def expiry(self):
        expires = self.expires
        return expires or None

    def left(self):
        if self.is_valid():  # left: check
            return self.expires - 5  # left: act
        return 0

    def left_by_variable(self):
        expires = self.expiry()  # variable: check
        if expires is not None:
            return self.expires - 5  # variable: act
        return 0

    def owner(self):
        if not self.is_valid():  # owner: check
            return ""
        return self.user.upper()  # owner: act

    def revoke(self):
        self.expires = None  # revoke: expires
        self.user = None  # revoke: user


def test_a_check_in_a_function_that_a_condition_calls():
    def body():
        session = Session()
        in_threads(asks=session.left, revokes=session.revoke)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Session.expires"
    assert timeline.help == (
        f"make check and act one atomic step: hold one lock from {at('left: check')} to {line('left: act')}, "
        f"and at {at('revoke: expires')}"
    )


def test_a_check_of_what_a_function_returns():
    def body():
        session = Session()
        in_threads(asks=session.left_by_variable, revokes=session.revoke)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Session.expires"
    assert f"from {at('variable: check')} to {line('variable: act')}" in timeline.help


def test_what_was_read_is_no_check_if_the_function_returns_something_else():
    class Counter(Session):
        def use(self):
            self.uses = self.uses + 1
            return True

        def used_twice(self):
            if self.use():
                self.use()

    def body():
        session = Counter()
        in_threads(one=session.used_twice, other=session.used_twice)
        assert session.uses == 4

    assert timeline_of(body).bug == "Lost update on Counter.uses"


def test_a_check_of_one_attribute_before_another_one_is_read():
    def body():
        session = Session()
        in_threads(asks=session.owner, revokes=session.revoke)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Session.expires"
    assert texts(timeline) == [
        "asks reads Session.expires (10)",
        "revokes writes Session.expires (10 -> None)",
        "revokes writes Session.user ('ann' -> None)",
        "asks reads Session.user (None)",
    ]
    assert timeline.help == (
        f"make check and act one atomic step: hold one lock from {at('owner: check')} to {line('owner: act')}, "
        f"and from {at('revoke: expires')} to {line('revoke: user')}"
    )


def test_a_check_before_something_that_another_thread_has_read_too_early():
    class Bus:
        def __init__(self):
            self.seen = []
            self.closed = False

        def publish(self):
            if not self.closed:
                self.seen.append(1)

        def close(self):
            self.closed = True
            return len(self.seen)

    def body():
        bus, counts = Bus(), []
        in_threads(publishes=bus.publish, closes=lambda: counts.append(bus.close()))
        assert counts == [len(bus.seen)]

    assert timeline_of(body).bug == "Check-then-act race on Bus.closed"


# -- where a lock helps --


class Counter:
    def __init__(self):
        self._lock = Lock()
        self._value = 0
        self._changes = 0

    def get(self):
        with self._lock:
            return self._value

    def put(self, value):
        with self._lock:
            self._value = value  # private: first
            self._changes += 1  # private: second

    def changes(self):
        return self._changes


def test_a_private_lock_is_not_for_other_functions():
    def body():
        counter = Counter()

        def count():
            counter.put(counter.get() + 1)  # private: caller

        in_threads(one=count, other=count)
        assert counter.get() == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Counter._value"
    assert timeline.help == f"move {at('private: caller')} into a method of Counter that holds Counter._lock throughout"


def test_a_private_lock_is_for_the_methods_of_its_class():
    def body():
        counter = Counter()

        def look():
            assert counter._value == counter._changes  # private: look

        in_threads(counts=lambda: counter.put(1), looks=look)

    timeline = timeline_of(body)
    assert timeline.help == (
        f"do what {at('private: look')} does in a method of Counter that holds Counter._lock, "
        f"as counts does from {at('private: first')} to {line('private: second')}"
    )


class Log:
    def __init__(self):
        self.lock = Lock()
        self.size = 2
        self.rotations = 0

    def rotate(self):
        with self.lock:  # log: lock
            self.rotations += 1
            self.size = 0

    def write(self):
        if self.size >= 2:  # log: check
            self.rotate()  # log: act
        with self.lock:
            self.size += 1


def test_a_check_before_the_function_that_takes_the_lock():
    def body():
        log = Log()
        in_threads(one=log.write, other=log.write)
        assert log.rotations == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Log.size"
    assert timeline.help == (
        f"hold Log.lock from {at('log: check')} to {line('log: act')}, and make it an RLock: "
        f"{at('log: lock')} takes it as well"
    )


def test_the_check_before_two_writes_belongs_to_them():
    class Bank:
        def __init__(self):
            self.first, self.second = 100, 0

        def transfer(self):
            if self.first >= 50:  # bank: check
                self.first -= 50
                self.second += 50  # bank: last

        def total(self):
            return self.first + self.second  # bank: look

    def body():
        bank, totals = Bank(), []
        in_threads(transfers=bank.transfer, looks=lambda: totals.append(bank.total()))
        assert totals != [50]

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of Bank.first and Bank.second by looks"
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('bank: check')} to {line('bank: last')}, "
        f"and at {at('bank: look')}"
    )


def test_a_check_of_a_queue_in_a_function_that_a_condition_calls():
    class Jobs:
        def __init__(self):
            self.queue = Queue()
            self.queue.put(1)

        def has_any(self):
            return not self.queue.empty()

        def take(self):
            if self.has_any():  # jobs: check
                self.queue.get_nowait()  # jobs: act

    def body():
        jobs = Jobs()
        in_threads(one=jobs.take, other=jobs.take)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on self.queue"
    assert timeline.help == (
        f"make both uses one atomic step: hold one lock from {at('jobs: check')} to {line('jobs: act')}"
    )


class Account:
    def __init__(self, balance):
        self.balance = balance

    def withdraw(self):
        self.balance -= 50

    def deposit(self):
        self.balance += 50


def transfer(source, target):
    source.withdraw()  # transfer: first
    target.deposit()  # transfer: last


def test_the_two_parts_of_a_transfer():
    def body():
        one, other, totals = Account(100), Account(0), []
        in_threads(
            transfers=lambda: transfer(one, other),
            looks=lambda: totals.append(one.balance + other.balance),  # transfer: look
        )
        assert totals != [50]

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of Account #1.balance and Account #2.balance by looks"
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('transfer: first')} to {line('transfer: last')}, "
        f"and in the lambda at {at('transfer: look')}"
    )


def test_what_a_thread_has_written_since_is_no_longer_checked():
    class Timer:
        def __init__(self):
            self.owner = None

        def start(self, owner):
            if self.owner != owner:  # timer: check
                self.owner = owner
                assert self.owner == owner  # timer: last

    def body():
        timer = Timer()
        in_threads(one=lambda: timer.start(1), other=lambda: timer.start(2))

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on Timer.owner"
    assert timeline.help == (
        f"make both accesses one atomic step: hold one lock from {at('timer: check')} to {line('timer: last')}"
    )


def test_a_check_before_the_function_that_takes_a_reentrant_lock():
    def body():
        log = Log()
        log.lock = RLock()
        in_threads(one=log.write, other=log.write)
        assert log.rotations == 1

    assert timeline_of(body).help == (
        f"hold Log.lock from {at('log: check')} to {line('log: act')}; it is taken only at {at('log: lock')}"
    )


class Balance:
    def __init__(self):
        self.lock = Lock()
        self.value = 0

    def get(self):
        with self.lock:
            return self.value

    def set(self, value):
        with self.lock:
            self.value = value


def test_a_lock_that_each_method_takes_is_not_to_be_held_around_their_calls():
    def body():
        holder = Balance()

        def deposit():
            holder.set(holder.get() + 1)  # holder: caller

        in_threads(one=deposit, other=deposit)
        assert holder.get() == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Balance.value"
    assert timeline.help == f"move {at('holder: caller')} into a method of Balance that holds Balance.lock throughout"


def test_both_threads_check_and_one_of_them_fails_before_the_other_one_acts():
    def body():
        names, cache = set(), {}

        def make(name):
            if name in names:
                raise ValueError(name)
            names.add(name)
            sleep(1)
            return name

        def get():
            if "hits" not in cache:  # create: check
                cache["hits"] = make("hits")  # create: act
            return cache["hits"]

        in_threads(one=get, other=get)

    timeline = told(body).timeline
    assert timeline.bug == "Check-then-act race on cache['hits']"
    assert texts(timeline) == [
        "one checks, not found", "other checks, not found", "one sets 'hits' (was unset) after the failure",
    ]  # fmt: skip
    assert timeline.help == (
        f"make check and act one atomic step: hold one lock from {at('create: check')} to {line('create: act')}"
    )

"""Virtual time: it takes none, and it is the same for every clock."""

from __future__ import annotations

import abc
import datetime
import pickle
import queue
import threading
import time
from time import monotonic, sleep
from types import BuiltinFunctionType

import pytest

from tests.driving import check, value_of

#: The real ones, out of reach of what replaces names of modules in scope.
_real = {"monotonic": time.monotonic, "date": datetime.date, "datetime": datetime.datetime}


def test_an_hour_s_sleep_moves_every_clock_by_an_hour_and_takes_no_time() -> None:
    clocks = {
        "time": (lambda: time.time(), 1.0),
        "time_ns": (lambda: time.time_ns(), 1e9),
        "monotonic": (lambda: time.monotonic(), 1.0),
        "monotonic_ns": (lambda: time.monotonic_ns(), 1e9),
        "perf_counter": (lambda: time.perf_counter(), 1.0),
        "perf_counter_ns": (lambda: time.perf_counter_ns(), 1e9),
        "datetime.now": (lambda: datetime.datetime.now().timestamp(), 1.0),
        "datetime.now(tz)": (lambda: datetime.datetime.now(datetime.UTC).timestamp(), 1.0),
    }

    def body() -> None:
        before = {name: read() for name, (read, _) in clocks.items()}
        time.sleep(3600)
        for name, (read, second) in clocks.items():
            assert 3600 <= (read() - before[name]) / second < 3601, name

    began = _real["monotonic"]()
    check(body, walks=1)
    assert _real["monotonic"]() - began < 60


def test_sleeps_add_up() -> None:
    def body() -> None:
        before = time.monotonic()
        for _ in range(5):
            time.sleep(1)
        assert 5 <= time.monotonic() - before < 5.1

    check(body, walks=1)


def test_names_imported_by_modules_in_scope_are_virtual_too() -> None:
    def body() -> None:
        before = monotonic()
        sleep(3600)
        assert monotonic() - before >= 3600

    check(body, walks=1)


def test_sleep_refuses_what_the_real_one_refuses() -> None:
    def body() -> None:
        with pytest.raises(ValueError):
            time.sleep(-1)
        with pytest.raises(TypeError):
            time.sleep("1")
        time.sleep(0)

    check(body, walks=1)


def test_time_out_in_the_order_of_deadlines() -> None:
    def body() -> None:
        order: list[int] = []

        def work(seconds: int) -> None:
            time.sleep(seconds)
            order.append(seconds)

        threads = [threading.Thread(target=work, args=(seconds,)) for seconds in (30, 10, 20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert order == [10, 20, 30]

    check(body)


def test_waits_of_every_kind_take_their_time() -> None:
    def body() -> None:
        before = time.monotonic()
        condition = threading.Condition()
        with condition:
            condition.wait(10)
        threading.Event().wait(10)
        threading.Semaphore(0).acquire(timeout=10)
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=10)
        with pytest.raises(queue.Empty):
            queue.SimpleQueue().get(timeout=10)
        with pytest.raises(threading.BrokenBarrierError):
            threading.Barrier(2).wait(10)
        assert 60 <= time.monotonic() - before < 61

    check(body, walks=1)


def test_a_loop_that_polls_the_clock_ends() -> None:
    def body() -> None:
        end = time.monotonic() + 3600
        while time.monotonic() < end:
            pass

    check(body, walks=3)


def test_two_loops_that_poll_the_clock_end() -> None:
    def body() -> None:
        def work(seconds: float) -> None:
            end = time.time() + seconds
            while time.time() < end:
                pass

        threads = [threading.Thread(target=work, args=(seconds,)) for seconds in (1, 60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    check(body, walks=5)


def test_a_loop_with_short_sleeps_sees_what_another_thread_does_in_time() -> None:
    def body() -> None:
        done: list[bool] = []
        timer = threading.Timer(1, done.append, args=(True,))
        timer.start()
        end = time.monotonic() + 5
        while not done:
            assert time.monotonic() < end
            time.sleep(0.01)
        timer.join()

    check(body, walks=5)


def test_dates_and_times_are_instances_of_the_names_whatever_the_names_stand_for() -> None:
    before = datetime.datetime(2020, 1, 2)

    def body() -> None:
        made = datetime.datetime(2020, 1, 2)
        assert type(made) is _real["datetime"]
        assert made == before
        made_now = (datetime.datetime.now(), datetime.datetime.utcnow(), datetime.datetime.today())
        for instance in (made, before, *made_now):
            assert isinstance(instance, datetime.datetime)
            assert isinstance(instance, datetime.date)
            assert isinstance(instance, _real["datetime"])
        today = datetime.date.today()
        assert type(today) is _real["date"]
        assert isinstance(today, datetime.date)
        assert not isinstance(today, datetime.datetime)
        assert not isinstance(1, datetime.date)
        assert issubclass(datetime.datetime, datetime.date)
        assert datetime.datetime.fromisoformat("2020-01-02") == made
        assert datetime.datetime.strptime("2020", "%Y").year == 2020
        assert datetime.datetime.min == _real["datetime"].min

    check(body, walks=1)


def test_a_class_derived_from_datetime_under_control_makes_its_own_instances() -> None:
    def body() -> None:
        class Stamp(datetime.datetime):
            def year_only(self) -> str:
                return str(self.year)

        assert Stamp(2020, 1, 2).year_only() == "2020"
        assert isinstance(Stamp.now(), Stamp)
        assert not isinstance(datetime.datetime(2020, 1, 2), Stamp)

    check(body, walks=1)


def test_dates_are_no_other_classes_than_elsewhere() -> None:
    class Before(datetime.datetime):
        pass

    def body() -> None:
        class Stamp(datetime.datetime, abc.ABC):
            pass

        now = datetime.datetime.now()
        assert type(now) is datetime.datetime is _real["datetime"]
        assert type(datetime.date.today()) is datetime.date is _real["date"]
        assert pickle.loads(pickle.dumps(now)) == now
        assert pickle.loads(pickle.dumps(datetime.datetime)) is datetime.datetime
        assert pickle.loads(pickle.dumps(time.monotonic)) is time.monotonic
        time.sleep(86400)
        for kind in (Stamp, Before):
            assert type(kind.now()) is kind
            assert datetime.timedelta(days=1) <= kind.now() - now < datetime.timedelta(days=2)

    before = {name: vars(datetime.datetime)[name] for name in ("now", "utcnow")}
    check(body, walks=1)
    assert before == {name: vars(datetime.datetime)[name] for name in ("now", "utcnow")}
    assert abs(Before.now().timestamp() - time.time()) < 3600


def test_a_sleep_that_ends_right_after_a_timeout_may_be_over_before_what_that_leads_to() -> None:
    orders = set()

    def body() -> None:
        order, done = [], threading.Event()
        timer = threading.Timer(1, lambda: order.append("timer"))
        timer.start()

        def wait() -> None:
            assert done.wait(1.0003)

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(1.0001)
        order.append("sleep")
        done.set()
        timer.join()
        waiter.join()
        orders.add(tuple(order))

    check(body)
    assert orders == {("timer", "sleep"), ("sleep", "timer")}


def test_all_is_real_again_afterwards() -> None:
    before = (time.monotonic, time.sleep, sleep, datetime.datetime, datetime.date)
    value_of(lambda: time.sleep(3600))
    assert before == (time.monotonic, time.sleep, sleep, datetime.datetime, datetime.date)
    assert isinstance(time.monotonic, BuiltinFunctionType)

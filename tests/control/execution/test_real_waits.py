"""What counts as a real wait: time in which a thread neither ran, nor could have run, nor was kept from it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_interleave.control import SetAside
from pytest_interleave.control.execution.timing import _real_waits
from pytest_interleave.control.execution.timing._real_waits import Looks, Outing, RealWaits, Usage

MS = 1_000_000


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The clocks and counts of the operating system, in nanoseconds, to be set."""
    system = SimpleNamespace(now=0, ran=0, delayed=0, switches=0)
    monkeypatch.setattr(_real_waits, "real_monotonic_ns", lambda: system.now)
    monkeypatch.setattr(_real_waits, "usage_of", lambda _: Usage(system.ran, system.delayed))
    monkeypatch.setattr(_real_waits, "time", SimpleNamespace(thread_time_ns=lambda: system.ran))
    monkeypatch.setattr(_real_waits, "voluntary_switches", lambda: system.switches)
    monkeypatch.setattr(_real_waits, "looks", Looks())
    return system


def waits_of_a_thread() -> RealWaits:
    half = SimpleNamespace(native_id=threading.get_native_id(), gate=threading.Lock())
    unit: Any = SimpleNamespace(half=half)
    return RealWaits(unit)


def pass_time(system: Any, *, ran: int = 0, delayed: int = 0, waited: int = 0, stolen: int = 0) -> None:
    """What happens to the thread; `stolen` is time in which another virtual machine had the processor."""
    system.now += ran + delayed + waited + stolen
    system.ran += ran
    system.delayed += delayed
    system.switches += waited > 0


def park(waits: RealWaits, system: Any, length: int, *, delayed: int = 0) -> None:
    """The thread is parked for so long, the last part of it because it had to wait for the processor."""
    waits.pause()
    system.now += length
    system.delayed += delayed
    system.switches += 1
    waits.resume()


def look(system: Any, *, late: int = 0, length: int = 0, at_work: bool) -> None:
    """The watchdog runs this much later than planned, and its check takes this long."""
    looks = _real_waits.looks
    looks.rest(0)
    system.now += late
    looks.begin()
    system.now += length
    system.switches += 1
    looks.end(at_work=at_work)


def test_a_wait_counts(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, ran=MS // 10, waited=50 * MS)
    assert waits.since_last() >= 50 * MS


def test_work_does_not_count_nor_what_it_waits_for_the_processor(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, ran=300 * MS, delayed=200 * MS)
    assert waits.since_last() == 0


def test_what_another_virtual_machine_takes_does_not_count(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, ran=2 * MS, stolen=20 * MS)
    assert waits.since_last() == 0
    park(waits, system, 5 * MS)
    pass_time(system, ran=2 * MS, stolen=20 * MS)
    assert waits.since_last() == 0


def test_time_in_which_the_thread_is_parked_does_not_count(system: Any) -> None:
    waits = waits_of_a_thread()
    for _ in range(10):
        pass_time(system, ran=MS // 10)
        park(waits, system, 50 * MS, delayed=10 * MS)
    assert waits.since_last() == 0


def test_a_wait_counts_if_the_thread_is_parked_before_it_looks(system: Any) -> None:
    """On a busy machine it then has to wait for the processor: that is in the time that it was parked, too."""
    waits = waits_of_a_thread()
    park(waits, system, 30 * MS, delayed=20 * MS)
    pass_time(system, ran=MS // 10, waited=50 * MS)
    park(waits, system, 30 * MS, delayed=30 * MS)
    park(waits, system, MS // 10)
    assert waits.since_last() >= 50 * MS
    assert waits.since_last() == 0


def test_waits_between_which_the_thread_is_parked_add_up(system: Any) -> None:
    waits = waits_of_a_thread()
    for _ in range(3):
        pass_time(system, ran=MS // 10, waited=10 * MS)
        park(waits, system, MS // 10)
    assert 30 * MS <= waits.since_last() <= 40 * MS


def test_time_that_the_clock_has_advanced_already_does_not_count_again(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, waited=50 * MS)
    park(waits, system, MS)
    waits.account_for(50 * MS)
    assert waits.since_last() < MS
    pass_time(system, waited=50 * MS)
    assert waits.since_last() >= 50 * MS


def test_what_the_watchdog_takes_from_a_thread_at_work_does_not_count(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, ran=20 * MS)
    look(system, length=30 * MS, at_work=True)
    assert waits.since_last() == 0


def test_a_wait_counts_while_the_watchdog_waits_for_the_processor(system: Any) -> None:
    """On a busy machine: the thread slept meanwhile, and could run again just before the watchdog did."""
    waits = waits_of_a_thread()
    pass_time(system, ran=MS // 3, delayed=40 * MS)
    look(system, late=50 * MS, at_work=True)
    assert waits.since_last() >= 50 * MS


def test_a_check_of_a_waiting_thread_takes_no_time_from_it(system: Any) -> None:
    waits = waits_of_a_thread()
    pass_time(system, ran=20 * MS)
    look(system, late=50 * MS, at_work=False)
    assert waits.since_last() >= 50 * MS


def outing_of_a_thread(system: Any, *, computes: bool) -> Outing:
    execution: Any = SimpleNamespace(log=[], long=None, clock=SimpleNamespace(elapsed=0))
    unit: Any = SimpleNamespace(half=SimpleNamespace(native_id=threading.get_native_id()))
    return Outing(unit, system.now, execution, SetAside("Thread-1", None, computed=computes))


@pytest.mark.parametrize(("computes", "waited"), [(True, 0), (False, 9_000 * MS)])
def test_an_uncontrolled_thread_that_computes_has_not_waited_for_the_processor(
    system: Any, computes: bool, waited: int
) -> None:
    outing = outing_of_a_thread(system, computes=computes)
    pass_time(system, ran=3_000 * MS, delayed=9_000 * MS)
    outing.end()
    assert outing.waited == waited


@pytest.mark.parametrize("computes", [True, False])
def test_the_waiting_time_of_an_uncontrolled_thread_counts(system: Any, computes: bool) -> None:
    outing = outing_of_a_thread(system, computes=computes)
    pass_time(system, ran=MS, waited=50 * MS)
    outing.end()
    assert outing.waited >= 50 * MS


def test_the_operating_system_is_asked_about_threads() -> None:
    usage = _real_waits.usage_of(threading.get_native_id())
    if usage is None:
        pytest.skip("it does not tell")
    until = time.thread_time() + 0.01
    while time.thread_time() < until:
        pass
    later = _real_waits.usage_of(threading.get_native_id())
    assert later is not None
    assert later.ran > usage.ran
    assert _real_waits.usage_of(0) is None

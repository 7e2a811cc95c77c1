"""Threads that are not under control, beside an execution."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_interleave.control.execution._execution import Execution
from pytest_interleave.control.execution.outside import _outside, _patience
from pytest_interleave.control.execution.outside._foreign import note_foreign, watching
from pytest_interleave.control.execution.units import _current
from pytest_interleave.control.execution.units._at_large import LetGo
from pytest_interleave.control.execution.units._units import Unit
from pytest_interleave.control.interpreter._real_clocks import REAL
from pytest_interleave.control.primitives import Lock, RLock
from pytest_interleave.control.steps._kinds import TRY_ACQUIRE
from pytest_interleave.control.steps._operations import Operation
from pytest_interleave.control.threads import _carriers, _watchdog
from pytest_interleave.control.threads._lasting_threads import Lasting
from tests.driving import execute, require_good_end


@pytest.fixture
def _foreign_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A live thread that does nothing of interest, as a server made for the whole session."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    # Other tests may have left a process, or a thread.
    monkeypatch.setattr(_outside, "has_children", lambda: False)
    monkeypatch.setattr(_outside, "foreign_threads", lambda: (thread,))
    thread.start()
    yield
    end.set()
    thread.join()


@pytest.mark.usefixtures("_foreign_thread")
def test_a_wait_with_a_time_limit_ends_though_a_foreign_thread_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patience, "FOREIGN_PATIENCE", 0.01)

    require_good_end(execute(lambda: threading.Event().wait(60)))  # noqa: PLW0108


@pytest.mark.usefixtures("_foreign_thread")
def test_sleeping_and_joining_do_not_wait_for_a_foreign_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outside.Outside, "idle", lambda _: pytest.fail("it cannot end what they wait for"))

    def body() -> None:
        thread = threading.Thread(target=time.sleep, args=(3600,))
        thread.start()
        thread.join(60)
        assert thread.is_alive()
        thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    assert not outcome.hurried or sys.platform != "linux"


@pytest.mark.usefixtures("_foreign_thread")
def test_an_endless_wait_is_a_deadlock_though_a_foreign_thread_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patience, "FOREIGN_PATIENCE", 0.01)
    outcome = execute(lambda: threading.Event().wait())  # noqa: PLW0108
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"


def test_a_foreign_thread_ends_what_a_controlled_one_waits_for() -> None:
    begun, end = threading.Event(), threading.Event()

    def serve() -> None:
        begun.wait()
        end.set()

    thread = threading.Thread(target=serve)
    thread.start()

    def body() -> None:
        begun.set()
        assert end.wait(3600)

    require_good_end(execute(body))
    thread.join()


def test_executions_continue_after_a_thread_that_cannot_be_ended() -> None:
    receiving, sending = os.pipe()

    def leaves_a_thread() -> None:
        threading.Thread(target=os.read, args=(receiving, 1), daemon=True).start()
        time.sleep(1)

    def ends() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    try:
        assert [thread for thread, *_ in execute(leaves_a_thread).leaked] == ["Thread-1"]
        require_good_end(execute(ends))
    finally:
        os.write(sending, b"x")
        os.close(sending)
        os.close(receiving)


def test_executions_continue_after_a_thread_that_will_not_be_ended() -> None:
    def leaves_a_thread() -> None:
        def refuse() -> None:
            while True:
                with contextlib.suppress(BaseException):
                    threading.Event().wait()

        threading.Thread(target=refuse, daemon=True).start()
        time.sleep(1)

    outcome = execute(leaves_a_thread)
    assert [thread for thread, *_ in outcome.leaked] == ["Thread-1"]
    require_good_end(execute(lambda: time.sleep(1)))  # noqa: PLW0108


def test_a_thread_that_polls_for_a_foreign_thread_sees_what_it_does() -> None:
    begun, done = threading.Event(), []

    def serve() -> None:
        begun.wait()
        done.append(os.getpid())

    thread = threading.Thread(target=serve)
    thread.start()

    def body() -> None:
        begun.set()
        deadline = time.monotonic() + 3600
        while not done:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    require_good_end(execute(body))
    thread.join()


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="children cannot be looked for here")
def test_a_thread_that_polls_for_a_child_process_sees_its_end() -> None:
    def body() -> None:
        process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.close()
        deadline = time.monotonic() + 3600
        while process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    require_good_end(execute(body)._replace(set_aside=[]))


def test_real_time_passes_for_an_uncontrolled_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    receiving, sending = os.pipe()
    set_aside = _outside.Outside.set_aside

    def end_later(outside: _outside.Outside, unit: Unit, since: int | None) -> None:
        # From here on, and not from the start of the test: on a busy machine the thread may begin to wait much later.
        threading.Timer(0.2, os.write, (sending, b"x")).start()
        set_aside(outside, unit, since)

    monkeypatch.setattr(_outside.Outside, "set_aside", end_later)

    def body() -> None:
        os.read(receiving, 1)
        threading.Event().is_set()
        assert time.monotonic() - before > 0.2

    before = time.monotonic()
    try:
        require_good_end(execute(body)._replace(set_aside=[]))
    finally:
        os.close(receiving)
        os.close(sending)


def test_steps_at_the_end_of_the_test_are_not_left_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Lasting.keep

    def take_long(lasting: Lasting, execution: Execution) -> None:
        REAL["sleep"](0.3)
        keep(lasting, execution)

    monkeypatch.setattr(Lasting, "keep", take_long)
    outcome = execute(lambda: threading.Thread(target=time.sleep, args=(1,)).start())
    require_good_end(outcome)
    assert outcome.set_aside == []


def test_a_thread_that_ends_just_as_it_becomes_uncontrolled_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = _carriers.finish

    def take_long(execution: Execution, unit: Unit) -> None:
        # As if the watchdog had found it a moment ago, and was about to say so.
        unit.done = unit.outside = True
        execution.outside.set_aside(unit, None)
        unit.outside = True
        finish(execution, unit)

    monkeypatch.setattr(_carriers, "finish", take_long)

    def body() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    assert outcome.set_aside == []


def _compute() -> None:
    # Until Python 3.11, each round takes several times as long.
    sum(number * number for number in range(3_000_000 if sys.version_info >= (3, 12) else 800_000))


def test_a_thread_that_computes_for_long_is_not_said_to_be_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watchdog, "COMPUTING_LOOKS", 5)
    lock = threading.Lock()

    def take_the_lock() -> None:
        with lock:
            pass

    def body() -> None:
        computing = threading.Thread(target=_compute, name="computing")
        other = threading.Thread(target=take_the_lock)
        computing.start()
        other.start()
        computing.join()
        other.join()

    # On a busy machine, more than that one may take long.
    found = execute(body).set_aside
    assert "computing" in {aside.thread for aside in found}
    assert all(aside.computed for aside in found)


def test_a_thread_that_comes_back_as_the_wait_for_it_ends_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    receiving, sending = os.pipe()

    def may_come_back(outside: _outside.Outside) -> bool:
        if outside._out:
            os.write(sending, b"x")
            while outside._out:
                os.sched_yield()
        return False

    monkeypatch.setattr(_patience, "OUTSIDE_PATIENCE", 0.0)
    monkeypatch.setattr(_outside.Outside, "_may_come_back", may_come_back)

    def body() -> None:
        thread = threading.Thread(target=os.read, args=(receiving, 1))
        thread.start()
        thread.join()

    try:
        outcome = execute(body)
        assert outcome.stuck is None
        assert outcome.exception is None
    finally:
        os.close(sending)
        os.close(receiving)


@pytest.fixture
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watchdog, "COMPUTING_LOOKS", 5)
    monkeypatch.setattr(_patience, "OUTSIDE_PATIENCE", 0.5)
    monkeypatch.setattr(_patience, "TIMEOUT_PATIENCE", 0.5)


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("compute", [_compute, lambda: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 3_000_000)])
def test_a_thread_that_waits_for_a_long_computation_waits_until_it_is_done(compute: Callable[[], object]) -> None:
    def body() -> None:
        done = threading.Event()
        thread = threading.Thread(target=lambda: (compute(), done.set()))
        thread.start()
        assert done.wait(60)
        other = threading.Thread(target=compute)
        other.start()
        other.join()
        thread.join()

    outcome = execute(body)
    assert outcome.exception is None
    assert outcome.stuck is None
    assert all(aside.computed for aside in outcome.set_aside)


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("timeout", [None, 3600])
def test_a_computation_that_takes_too_long_is_a_timeout_and_no_deadlock(timeout: float | None) -> None:
    def compute() -> None:
        # One call: a loop in Python takes a step each time, which is progress. It lasts several times the time limits.
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 6_000_000)

    def body() -> None:
        threading.Thread(target=compute, daemon=True).start()
        threading.Event().wait(timeout)

    outcome = execute(body, longest=0.1)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "timeout"


@pytest.mark.usefixtures("_little_patience")
def test_a_timeout_expires_beside_a_computation_that_takes_longer_and_does_not_end() -> None:
    def compute() -> None:
        while True:
            pass

    def body() -> None:
        thread = threading.Thread(target=compute, daemon=True)
        thread.start()
        thread.join(0.2)

    outcome = execute(body, longest=0.4)
    assert outcome.stuck is None
    assert outcome.exception is None


@pytest.mark.usefixtures("_little_patience")
def test_a_test_that_computes_forever_is_a_timeout() -> None:
    def body() -> None:
        thread = threading.Thread(target=time.monotonic)
        thread.start()
        thread.join()
        while True:
            pass

    outcome = execute(body, longest=0.1)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "timeout"


@contextlib.contextmanager
def alarm(seconds: float, handler: Callable[..., object]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send a signal")
@pytest.mark.parametrize("timeout", [None, 60])
def test_a_wait_that_the_handler_of_a_signal_ends(timeout: float | None) -> None:
    def body() -> None:
        done = threading.Event()
        with alarm(0.5, lambda *_: done.set()):
            thread = threading.Thread(target=done.wait)
            thread.start()
            assert done.wait(timeout)
            thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    assert outcome.uncontrolled
    assert not outcome.uneventful


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send a signal")
def test_a_time_limit_of_the_program_that_does_not_strike_concerns_no_wait() -> None:
    def body() -> None:
        with alarm(600, lambda *_: pytest.fail("too late")):
            for _ in range(10):
                assert not threading.Event().wait(5)
                time.sleep(5)

    outcome = execute(body)
    require_good_end(outcome)
    assert outcome.uneventful
    assert not outcome.uncontrolled


@pytest.mark.parametrize("make", [Lock, RLock])
@pytest.mark.parametrize("arguments", [(), (True, 60), (True, 0), (False,)])
def test_a_thread_that_is_let_go_as_it_takes_a_lock_has_it(
    make: Callable[[], Any], arguments: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def let_go(_: Execution, unit: Unit, operation: Operation, *__: object) -> None:
        if operation.target is not lock:
            return
        unit.at_large = unit.special = True
        del _current.units[unit.half.ident]
        if operation.kind != TRY_ACQUIRE:
            raise LetGo

    lock = make()

    def body() -> None:
        unit = _current.current_unit()
        assert unit is not None
        with monkeypatch.context() as patch:
            patch.setattr(Execution, "wait_for", let_go)
            patch.setattr(Execution, "point", let_go)
            taken = lock.acquire(*arguments)
        unit.at_large = False
        _current.units[unit.half.ident] = unit
        assert taken
        # An execution that is over would not free the lock.
        assert lock.owner is None

    require_good_end(execute(body))
    lock.release()


def test_a_thread_that_is_not_controlled_may_use_a_primitive_just_as_an_execution_ends() -> None:
    assert not watching
    note_foreign()

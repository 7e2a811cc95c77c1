"""How long an execution waits in real time for what is not controlled, and how it ends if that does not come."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator

import pytest

from pytest_interleave.control import Control, Outcome
from pytest_interleave.control.execution.outside import _in_vain, _outside, _patience
from pytest_interleave.control.execution.outside._patience import Patience
from pytest_interleave.control.execution.progress import _progress
from pytest_interleave.control.interpreter._task_files import waits_for_lock
from pytest_interleave.explore import NonPreemptive
from tests.driving import MAX_STEPS, execute, require_good_end

LATE = [sys.executable, "-S", "-c", "import sys, time; time.sleep(0.5); sys.stdout.write('x')"]


@pytest.fixture
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTSIDE_PATIENCE", "TIMEOUT_PATIENCE", "FOREIGN_PATIENCE"):
        monkeypatch.setattr(_patience, name, 0.1)
    monkeypatch.setattr(_outside, "POLLING_PATIENCE", 0.1)
    monkeypatch.setattr(_progress, "PATIENCE", 0.1)


@pytest.fixture
def _no_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the threads that other tests have left behind in this process, perhaps in the operating system."""
    others = {int(task) for task in os.listdir("/proc/self/task")} - {threading.get_native_id()}
    bystanders = _in_vain._bystanders
    monkeypatch.setattr(_in_vain, "_bystanders", lambda out: bystanders(out) | others)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def patiently(body: Callable[[], object]) -> Outcome:
    with Control() as control:
        control.patient = True
        control.prepare()
        return control.run(body, NonPreemptive(), max_steps=MAX_STEPS)


# -- threads outside --------------------------------------------------------------------------------------------


def read_from_a_child() -> None:
    with subprocess.Popen(LATE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b"x"


def in_a_thread() -> None:
    thread = threading.Thread(target=read_from_a_child)
    thread.start()
    thread.join()


def in_a_thread_with_a_time_limit() -> None:
    thread = threading.Thread(target=read_from_a_child)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("body", [read_from_a_child, in_a_thread, in_a_thread_with_a_time_limit])
def test_a_thread_that_waits_for_a_child_process_waits_until_it_is_done(body):
    outcome = execute(body)
    assert outcome.stuck is None
    assert outcome.exception is None
    assert not outcome.failures


@pytest.mark.skipif(sys.platform != "linux", reason="the operating system does not say what a thread waits for")
@pytest.mark.usefixtures("_little_patience", "_no_other_threads")
def test_locks_that_nothing_in_the_process_will_release_are_a_deadlock():
    lock = multiprocessing.get_context("fork").Lock()
    cleaned = []

    def body() -> None:
        lock.acquire()
        try:
            lock.acquire()
        finally:
            cleaned.append(1)

    outcome = execute(body)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"
    # The test's own thread is interrupted in the operating system.
    assert cleaned == [1]


@pytest.mark.usefixtures("_little_patience")
def test_what_may_still_come_but_does_not_is_a_timeout(pipe):
    cleaned = []

    def body() -> None:
        try:
            os.read(pipe[0], 1)
        finally:
            cleaned.append(1)

    outcome = execute(body, longest=0.4)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "timeout"
    assert outcome.stuck.waits[0].outside
    assert cleaned == [1]


@pytest.mark.usefixtures("_little_patience")
def test_a_clean_up_that_blocks_is_interrupted_as_well(pipe):
    def body() -> None:
        try:
            os.read(pipe[0], 1)
        finally:
            os.read(pipe[0], 1)

    outcome = execute(body, longest=0.4)
    assert outcome.stuck is not None


# -- polling ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def late_child() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(LATE, stdout=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def sleep_until_it_ends() -> None:
    with late_child() as child:
        while child.poll() is None:
            time.sleep(0.05)


def sleep_until_it_ends_within_a_limit() -> None:
    with late_child() as child:
        deadline = time.monotonic() + 50
        while child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def yield_until_it_ends() -> None:
    with late_child() as child:
        while child.poll() is None:
            time.sleep(0)


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("body", [sleep_until_it_ends, sleep_until_it_ends_within_a_limit, yield_until_it_ends])
def test_a_thread_that_polls_a_child_process_gets_full_patience(body):
    outcome = execute(body)
    if outcome.stuck is not None or outcome.exception is not None:
        assert outcome.hurried
    again = patiently(body)
    assert not again.hurried
    require_good_end(again)


#: Whether the child process of the last execution was alive when the pause began: not always, on a busy machine.
was_alive: list[bool] = []


def sleep_once() -> None:
    with late_child() as child:
        was_alive.append(child.poll() is None)
        thread = threading.Thread(target=time.sleep, args=(2,))
        thread.start()
        thread.join()
        assert child.poll() == 0


def wait_for_what_is_not_set() -> None:
    with late_child() as child:
        was_alive.append(child.poll() is None)
        threading.Event().wait(2)
        assert child.poll() == 0


def join_with_a_time_limit() -> None:
    with late_child() as child:
        was_alive.append(child.poll() is None)
        thread = threading.Thread(target=time.sleep, args=(10,), daemon=True)
        thread.start()
        thread.join(2)
        assert child.poll() == 0


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("body", [sleep_once, wait_for_what_is_not_set, join_with_a_time_limit])
def test_with_full_patience_a_pause_beside_a_child_process_takes_real_time(body):
    outcome = execute(body)
    if was_alive[-1]:
        assert isinstance(outcome.exception, AssertionError)
        assert outcome.hurried
    again = patiently(body)
    assert again.exception is None
    # The search cannot say that it has run everything.
    assert again.uncontrolled or not was_alive[-1]


@pytest.mark.usefixtures("_little_patience")
def test_so_it_does_beside_an_uncontrolled_thread(monkeypatch):
    stranger = types.SimpleNamespace(ident=1, native_id=threading.get_native_id())
    monkeypatch.setattr(_outside, "foreign_threads", lambda: (stranger,))
    again = patiently(wait_for_what_is_not_set)
    assert again.exception is None
    assert again.uncontrolled or not was_alive[-1]


def test_a_failure_without_anything_outside_has_not_hurried(monkeypatch):
    # Other tests may have left a process, or a thread.
    monkeypatch.setattr(_outside, "has_children", lambda: False)
    monkeypatch.setattr(_outside, "foreign_threads", lambda: ())

    def body() -> None:
        time.sleep(2)
        raise AssertionError

    outcome = execute(body)
    assert isinstance(outcome.exception, AssertionError)
    assert not outcome.hurried


def test_a_thread_in_the_operating_system_may_do_something_while_others_sleep(pipe):
    done = []

    def serve(seconds: float) -> None:
        select.select([pipe[0]], [], [], seconds)
        done.append(1)

    def body() -> None:
        time.sleep(2)
        assert done

    # A busy machine may need half a second to get to the body.
    for run, seconds, expected in ((execute, 60, AssertionError), (patiently, 0.5, type(None))):
        done.clear()
        thread = threading.Thread(target=serve, args=(seconds,))
        thread.start()
        try:
            outcome = run(body)
        finally:
            os.write(pipe[1], b"x")
            thread.join()
            os.read(pipe[0], 1)
        assert isinstance(outcome.exception, expected)
        assert outcome.hurried is (expected is AssertionError)


@pytest.mark.usefixtures("_little_patience")
def test_a_foreign_thread_at_work_gets_full_patience():
    begun, end = threading.Event(), threading.Event()

    def serve() -> None:
        begun.wait()
        time.sleep(0.5)
        end.set()

    def body() -> None:
        begun.set()
        end.wait()

    def with_server(run: Callable[[], Outcome]) -> Outcome:
        begun.clear()
        end.clear()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return run()
        finally:
            begun.set()
            thread.join()

    outcome = with_server(lambda: execute(body))
    assert outcome.hurried or outcome.stuck is None
    again = with_server(lambda: patiently(body))
    assert again.stuck is None


@pytest.mark.skipif(sys.platform != "linux", reason="the operating system does not say what a thread waits for")
@pytest.mark.usefixtures("_little_patience")
def test_a_deadlock_beside_a_foreign_thread_that_waits_is_found_at_once(monkeypatch):
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    # Other tests may have left a process, or a thread.
    monkeypatch.setattr(_outside, "has_children", lambda: False)
    monkeypatch.setattr(_outside, "foreign_threads", lambda: (thread,))
    thread.start()
    try:
        while not waits_for_lock(thread.native_id):
            time.sleep(0.001)
        outcome = execute(lambda: threading.Event().wait())  # noqa: PLW0108
    finally:
        end.set()
        thread.join()
    assert outcome.stuck is not None
    assert not outcome.hurried


def test_full_patience_lasts_longer():
    usual, full = Patience(60.0, full=False), Patience(60.0, full=True)
    assert (usual.lasts(5.0, 10.0), full.lasts(5.0, 10.0)) == (False, True)
    assert (usual.hurried, full.hurried) == (True, False)
    assert not full.lasts(11.0, 10.0)


def test_a_thread_that_would_not_wait_longer_has_not_hurried():
    usual = Patience(60.0, full=False)
    assert not usual.lasts(11.0, 10.0)
    assert not usual.hurried


# -- signals ----------------------------------------------------------------------------------------------------


class Late(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such timers")
def test_the_alarm_of_the_program_ends_a_sleep():
    def strike(*_: object) -> None:
        raise Late

    def body() -> None:
        before = signal.signal(signal.SIGALRM, strike)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            with pytest.raises(Late):
                time.sleep(30)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    require_good_end(execute(body))


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal")
@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize("number", ["SIGUSR1", "SIGCHLD"])
def test_a_thread_that_waits_for_the_signal_of_a_child_process_gets_full_patience(number):
    send = f"import os, signal, time; time.sleep(0.5); os.kill({os.getpid()}, signal.SIGUSR1)"
    come = threading.Event()

    def body() -> None:
        child = subprocess.Popen([sys.executable, "-S", "-c", send])
        assert come.wait(40)
        child.wait()

    handler = signal.signal(getattr(signal, number), lambda *_: come.set())
    other = signal.signal(signal.SIGUSR1, signal.SIG_IGN) if number == "SIGCHLD" else None
    try:
        require_good_end(patiently(body))
    finally:
        signal.signal(getattr(signal, number), handler)
        if other is not None:
            signal.signal(signal.SIGUSR1, other)

"""Real threads: started, let go together, waited for, ended."""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time

import pytest

from pytest_interleave.stress import _run, make_plan, run_stress


def run(operation, *, check=None, ends=(), prepare=None, **plan):
    return run_stress(
        (lambda _: operation) if prepare is None else prepare,
        make_plan(**{"threads": 3, "operations": 20, **plan}),
        name="it",
        check=check,
        ends=ends,
    )


def names_left():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("stress-")]


@pytest.fixture(autouse=True)
def nothing_left():
    before = sys.getswitchinterval()
    yield
    assert names_left() == []
    assert sys.getswitchinterval() == before
    assert not _run._intervals


def test_every_thread_repeats_it_so_often():
    seen = []
    intervals = set()

    def operation():
        seen.append(threading.current_thread().name)
        intervals.add(sys.getswitchinterval())

    figures = run(operation)
    assert sorted(seen) == [f"stress-{number}" for number in range(3) for _ in range(20)]
    assert max(intervals) < 2e-6
    assert (figures.operations, figures.planned, figures.succeeded, figures.failed) == (60, 60, 60, 0)
    assert figures.success_rate == 1.0
    done = [(thread.name, thread.operations) for thread in figures.per_thread]
    assert done == [(f"stress-{number}", 20) for number in range(3)]
    assert figures.throughput == pytest.approx(60 / figures.seconds)
    assert sum(part.operations for part in figures.throughput_over_time) == 60
    assert sum(figures.histogram["counts"]) == 60
    assert figures.latency.min <= figures.latency.p50 <= figures.latency.p99 <= figures.latency.max
    assert figures.peak_threads >= 4
    assert 1 / 3 <= figures.fairness <= 1
    assert not figures.errors
    assert not figures.hung


def test_all_are_there_before_any_begins():
    prepared, early = [], []

    def prepare(index):
        prepared.append(index)
        return lambda: early.append(len(prepared))

    run(None, prepare=prepare, threads=8, operations=1)
    assert early == [8] * 8


def test_figures_of_long_runs_are_put_away(monkeypatch):
    monkeypatch.setattr("pytest_interleave.stress._worker._KEPT", 1_000)
    figures = run(int, threads=2, operations=3_001)
    assert figures.operations == 6_002
    assert sum(figures.histogram["counts"]) == 6_002


def test_exceptions_of_any_kind_are_failures_and_the_thread_continues():
    raised = [ValueError("1"), KeyboardInterrupt(), SystemExit(3), pytest.fail.Exception("4"), GeneratorExit()]
    turns = iter(range(1_000))

    def operation():
        turn = next(turns)
        if turn % 4 == 0:
            raise raised[turn // 4 % 5]

    figures = run(operation, threads=1, operations=100)
    assert (figures.operations, figures.failed, figures.succeeded) == (100, 25, 75)
    assert figures.success_rate == 0.75
    assert sorted((group.type, group.count) for group in figures.errors) == [
        ("Failed", 5),
        ("GeneratorExit", 5),
        ("KeyboardInterrupt", 5),
        ("SystemExit", 5),
        ("ValueError", 5),
    ]
    assert figures.latency.p50 >= 0


def test_time_is_the_limit():
    count = []
    figures = run(lambda: count.append(1), operations=None, seconds=0.05)
    assert figures.planned is None
    assert figures.operations == len(count) >= 3
    few = run(int, operations=5, seconds=60)
    assert few.operations == 15


def test_a_ramp_lets_them_begin_one_after_the_other():
    before, begun = time.perf_counter(), {}

    def prepare(index):
        return lambda: begun.setdefault(index, time.perf_counter() - before)

    figures = run(None, prepare=prepare, operations=2, ramp=0.3)
    assert figures.operations == 6
    # Not before: how much later depends on the machine.
    assert begun[1] >= 0.1
    assert begun[2] >= 0.2


def test_what_setup_raises_is_counted_and_shown():
    def prepare(index):
        if index == 1:
            raise LookupError("no connection")
        return int

    figures = run(None, prepare=prepare)
    assert (figures.operations, figures.succeeded, figures.failed) == (41, 40, 1)
    (group,) = figures.errors
    assert (group.type, group.thread, group.in_setup) == ("LookupError", "stress-1", True)
    assert group.line == prepare.__code__.co_firstlineno + 2


def test_without_any_operation_nothing_has_succeeded():
    def prepare(index):
        raise LookupError("never")

    figures = run(None, prepare=prepare)
    assert (figures.operations, figures.success_rate, figures.fairness, figures.throughput) == (3, 0.0, 0.0, 0.0)


def test_an_exception_that_ends_the_run():
    class Enough(BaseException):
        pass

    turns = iter(range(10_000))

    def operation():
        if next(turns) == 10:
            raise Enough("done")

    figures = run(operation, threads=2, operations=4_000, ends=(Enough,))
    assert isinstance(figures.ended_by, Enough)
    assert figures.failed == 0
    assert figures.operations < 8_000


def test_one_that_ends_the_run_does_not_leave_the_others_waiting(controllable):
    class Enough(BaseException):
        pass

    never = threading.Event()

    def prepare(index):
        def operation():
            if index == 0:
                raise Enough
            never.wait()

        return operation

    figures = run(None, prepare=prepare, ends=(Enough,))
    assert isinstance(figures.ended_by, Enough)
    assert not figures.hung


@pytest.mark.parametrize("fails", [lambda: False, lambda: 1 / 0, lambda: pytest.fail("inconsistent")])
def test_a_check_that_fails(fails):
    figures = run(int, check=fails)
    assert isinstance(figures.check_error, (AssertionError, ZeroDivisionError, pytest.fail.Exception))
    assert not figures.check_left_out


def test_a_check_that_passes_is_run_once_after_all():
    done, checked = [], []
    figures = run(lambda: done.append(1), check=lambda: checked.append(len(done)))
    assert checked == [60]
    assert figures.check_error is None


def test_threads_that_compute_forever_are_ended_and_reported():
    def spin():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    checked = []
    figures = run(spin, timeout=0.2, check=lambda: checked.append(1))
    assert [(thread.name, thread.operation, thread.ended) for thread in figures.hung] == [
        (f"stress-{number}", 1, True) for number in range(3)
    ]
    assert "in spin" in figures.hung[0].stack
    assert "_worker.py" not in figures.hung[0].stack
    assert "threading.py" not in figures.hung[0].stack
    assert (figures.operations, figures.failed, figures.errors) == (3, 3, [])
    assert figures.check_left_out
    assert not checked


def test_one_that_swallows_what_ends_it_is_ended_in_the_end():
    swallowed = []

    def spin():
        while len(swallowed) < 3:
            try:
                while True:
                    pass
            except BaseException as error:
                swallowed.append(error)
        raise ValueError("must not be counted")

    figures = run(spin, threads=1, timeout=0.1)
    assert [thread.ended for thread in figures.hung] == [True]
    assert figures.errors == []


def test_one_that_cannot_be_ended_is_reported_and_disturbs_no_other(monkeypatch):
    monkeypatch.setattr("pytest_interleave.stress._hung.end_threads.__kwdefaults__", {"asked": 0.05, "patience": 0.1})
    # A lock that the plugin did not create: no thread can be taken out of its wait.
    gate, out = _thread.allocate_lock(), _thread.allocate_lock()
    real = getattr(gate, "_real", gate)
    real.acquire()
    out.acquire()

    def blocked():
        real.acquire()
        real.release()

    figures = run(blocked, threads=1, timeout=0.1)
    (hung,) = figures.hung
    assert not hung.ended
    assert hung.where.rpartition(":")[0].endswith("test_run.py")
    again = run(int)
    assert again.operations == 60
    thread = next(thread for thread in threading.enumerate() if thread.name == "stress-0")
    assert thread.daemon
    real.release()
    thread.join(20)


def test_a_setup_that_hangs():
    def prepare(index):
        while index == 1:
            pass
        return int

    figures = run(None, prepare=prepare, timeout=0.2)
    (hung,) = figures.hung
    assert (hung.name, hung.operation, hung.ended) == ("stress-1", 0, True)
    assert (figures.operations, figures.succeeded, figures.seconds) == (1, 0, 0.0)


def test_an_interrupted_run_leaves_no_thread(monkeypatch):
    running = threading.Event()

    def spin():
        running.set()
        while True:
            pass

    real = _run.Samples.take

    def interrupted(self, seconds, operations):
        real(self, seconds, operations)
        if running.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr(_run.Samples, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(spin)


def test_too_many_threads_is_one_error(monkeypatch):
    real = threading.Thread.start

    def start(self):
        if self.name == "stress-2":
            raise RuntimeError("can't start new thread")
        real(self)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="could only start 2 of 5 threads .*: lower threads="):
        run(int, threads=5)


def test_a_run_within_a_run():
    figures = run(lambda: run(int, threads=2, operations=2), threads=2, operations=2)
    assert figures.failed == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_that_is_not_ended_does_not_continue(tmp_path):
    told = tmp_path / "told"

    def operation():
        child = os.fork()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        else:
            with told.open("a") as out:
                out.write("x")

    figures = run(operation, threads=2, operations=2)
    assert (figures.operations, figures.failed) == (4, 0)
    assert told.read_text() == "xxxx"

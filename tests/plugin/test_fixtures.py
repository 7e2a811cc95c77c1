"""`run_concurrent`, `thread_pool` and `barrier`, under control and in unmarked tests."""

from __future__ import annotations

import re

BOTH = """
import re

def test_results_in_order(run_concurrent):
    assert run_concurrent(lambda: 1) == [1, 1]
    assert run_concurrent(lambda a, b=0: a + b, 1, b=2, workers=3) == [3, 3, 3]
    assert run_concurrent.each(lambda item: item * 2, [3, 1, 2]) == [6, 2, 4]
    assert run_concurrent.together(lambda: "a", lambda: "b") == ["a", "b"]
    assert run_concurrent.each(str, []) == []

def test_all_exceptions(run_concurrent):
    def fail(number):
        raise ValueError(number)
    with pytest.raises(ExceptionGroup, match="2 of 3 workers failed") as raised:
        run_concurrent.each(lambda number: number and fail(number), [1, 0, 2])
    assert [error.args for error in raised.value.exceptions] == [(1,), (2,)]
    assert [error.__notes__ for error in raised.value.exceptions] == [["raised in worker-0"], ["raised in worker-2"]]

def test_returned_exceptions_are_results(run_concurrent):
    assert [type(result) for result in run_concurrent(ValueError)] == [ValueError, ValueError]

def test_base_exceptions(run_concurrent):
    with pytest.raises(BaseExceptionGroup) as raised:
        run_concurrent.together(lambda: pytest.fail("failed"), lambda: exit(3))
    assert [str(error) for error in raised.value.exceptions] == ["failed", "3"]

def test_too_few_workers(run_concurrent):
    with pytest.raises(ValueError, match="^workers must be >= 1, got 0$"):
        run_concurrent(print, workers=0)

@pytest.mark.parametrize(("call", "said"), [
    (lambda run, barrier: run(print, workers="2"), "workers must be an integer >= 1, got '2'"),
    (lambda run, barrier: run(print, timeout="3"), "timeout must be a number of seconds, got '3'"),
    (lambda run, barrier: run.each(print, 3), "run_concurrent.each(func, items): items must be iterable, got 3"),
    (lambda run, barrier: run(3), "run_concurrent() needs functions, got 3: write run_concurrent(func), not func()"),
    (lambda run, barrier: run.together(print, None), "run_concurrent.together() needs functions, got None"),
    (lambda run, barrier: run.each(None, [1]), "run_concurrent.each() needs functions, got None"),
    (lambda run, barrier: barrier.of("x"), "parties must be an integer >= 1, got 'x'"),
])
def test_wrong_arguments(run_concurrent, barrier, call, said):
    with pytest.raises(TypeError, match=re.escape(said)):
        call(run_concurrent, barrier)

def test_pool(thread_pool):
    futures = [thread_pool.submit(pow, 2, number) for number in range(5)]
    assert [future.result() for future in futures] == [1, 2, 4, 8, 16]
    assert list(thread_pool.map(abs, [-1, -2])) == [1, 2]
    with pytest.raises(ZeroDivisionError):
        thread_pool.submit(divmod, 1, 0).result()
    assert isinstance(thread_pool.submit(divmod, 1, 0).exception(), ZeroDivisionError)

def test_barrier(barrier, run_concurrent):
    assert barrier.parties == 2
    assert sorted(run_concurrent(barrier.wait)) == [0, 1]
    assert sorted(run_concurrent(barrier.wait)) == [0, 1]
    assert barrier.of(3).parties == 3

def test_barrier_one_short(barrier, run_concurrent):
    with pytest.raises(ExceptionGroup) as raised:
        run_concurrent(barrier.of(3).wait, 0.1)
    said = "barrier timed out after 0.1 s: 2 of 3 threads arrived (worker-? and worker-?)"
    for error in raised.value.exceptions:
        assert isinstance(error, threading.BrokenBarrierError)
        assert str(error).replace("-0", "-?").replace("-1", "-?") == said

def test_barrier_aborted_and_broken(barrier, run_concurrent):
    waits = barrier.of(2)
    def abort():
        while not waits.n_waiting:
            time.sleep(0.01)
        waits.abort()
    with pytest.raises(ExceptionGroup) as raised:
        run_concurrent.together(waits.wait, abort)
    assert str(raised.value.exceptions[0]) == "barrier was aborted or reset: 1 of 2 threads arrived (worker-0)"
    waits.reset()
    with pytest.raises(threading.BrokenBarrierError, match="barrier timed out after 0.1 s: 1 of 2 threads arrived"):
        waits.wait(0.1)
    with pytest.raises(threading.BrokenBarrierError, match="barrier for 2 threads is broken: call reset.. before"):
        waits.wait(0.1)
"""

SLOW = r"""
LATE = r"^run_concurrent timed out after 0.05 s: worker-1 still running at .*test_it.py:\d+$"

def test_timeout(run_concurrent):
    gate = threading.Event()
    with pytest.raises(TimeoutError, match=LATE):
        run_concurrent.each(lambda wait: wait and gate.wait(WAIT), [False, True], timeout=0.05)
    gate.set()
"""

UNSEEN = """
def test_unseen(thread_pool):
    thread_pool.submit(divmod, 1, 0)
"""


def test_under_control(run):
    done = run("pytestmark = pytest.mark.concurrency(schedules=10, seconds=None)\n" + BOTH)
    done.result.assert_outcomes(passed=16, warnings=8)
    assert "could not stop" not in done.text


def test_unmarked(run):
    run(BOTH).result.assert_outcomes(passed=16)


def test_timeout_is_virtual_under_control(run):
    source = "WAIT = 3600\npytestmark = pytest.mark.concurrency(schedules=10, seconds=None)\n" + SLOW
    run(source).result.assert_outcomes(passed=1)


def test_timeout_unmarked(run):
    run("WAIT = 10\n" + SLOW).result.assert_outcomes(passed=1)


def test_unseen_exception_in_the_pool_is_a_finding(run):
    done = run("pytestmark = pytest.mark.concurrency\n" + UNSEEN)
    done.result.assert_outcomes(failed=1)
    handle = "*unchecked exception in thread_pool: call future.result() to handle it"
    done.result.stdout.fnmatch_lines(["*ZeroDivisionError*", "*raised in pool_0", handle, "Probably not a race: *"])
    assert "Unwind" not in done.text


def test_unseen_exceptions_of_one_thread_of_the_pool_are_counted_as_tasks(run):
    done = run(
        """
pytestmark = pytest.mark.concurrency(schedules=10)

def two_tasks(thread_pool):
    for _ in range(2):
        thread_pool.submit(divmod, 1, 0)
        time.sleep(1)

def fail(error):
    raise error

def test_tasks(thread_pool):
    two_tasks(thread_pool)

def test_beside_a_thread(thread_pool):
    two_tasks(thread_pool)
    threading.Thread(target=fail, args=(ValueError("thread"),)).start()

def test_beside_the_test(thread_pool):
    two_tasks(thread_pool)
    raise KeyError("test")

def test_beside_a_deadlock(thread_pool):
    two_tasks(thread_pool)
    threading.Event().wait()
"""
    )
    done.result.assert_outcomes(failed=4)
    assert done.text.count("raised in pool_0") == 8
    assert done.text.count("unchecked exception in thread_pool: call future.result() to handle it") == 6
    for said in (
        "unchecked exceptions in thread_pool (call future.result() to handle them) (2 sub-exceptions)",
        "1 thread and 2 tasks of thread_pool failed (3 sub-exceptions)",
        "the test and 2 tasks of thread_pool failed (3 sub-exceptions)",
        "deadlock, and 2 tasks of thread_pool raised exceptions (3 sub-exceptions)",
    ):
        assert said in done.flat


def test_unseen_exception_in_the_pool_unmarked(run):
    done = run(UNSEEN)
    done.result.assert_outcomes(passed=1, errors=1)
    said = "*ExceptionGroup: unchecked exceptions in thread_pool (call future.result() to handle them)*"
    done.result.stdout.fnmatch_lines([said, "*raised in pool_0"])


def test_workers_of_the_marker_size_them_and_a_barrier_fails_the_test_that_is_one_short(run):
    done = run(
        """
@pytest.mark.concurrency(workers=3)
def test_sizes(barrier, run_concurrent):
    assert barrier.parties == 3
    assert len(run_concurrent(int)) == 3
    barrier.wait()

@pytest.mark.concurrency
def test_it(barrier, run_concurrent):
    run_concurrent.each(lambda wait: wait and barrier.of(2).wait(), [True, False])
"""
    )
    done.result.assert_outcomes(failed=1, passed=1)
    assert "BrokenBarrierError: barrier timed out after 10 s: 1 of 2 threads arrived (worker-0)" in done.flat


def test_fixtures_of_a_parametrized_test_are_made_once_if_none_has_an_end(run):
    done = run(
        """
made = []

@pytest.fixture
def plain():
    made.append("plain")

@pytest.fixture
def ending():
    made.append("ending")
    yield

@pytest.mark.concurrency
@pytest.mark.parametrize("number", [1])
def test_plain(number, plain):
    pass

@pytest.mark.concurrency
@pytest.mark.parametrize("number", [1])
def test_ending(number, ending):
    pass

def test_made():
    # The one with an end is ended after the first execution, to learn whether that starts threads.
    assert made == ["plain", "ending", "ending"]
"""
    )
    done.result.assert_outcomes(passed=3)


def test_workers_that_are_late_at_one_place_are_named_together(run):
    done = run(
        """
def test_it(run_concurrent):
    gate = threading.Event()
    def wait():
        gate.wait(20)
    try:
        run_concurrent(wait, workers=6, timeout=0.05)
    finally:
        gate.set()
"""
    )
    late = "worker-0, worker-1, worker-2 and 3 more still running at"
    said = f"*TimeoutError: run_concurrent timed out after 0.05 s: {late} *:*"
    done.result.stdout.fnmatch_lines([said])


def test_the_barrier_names_threads_as_reports_do(run):
    source = """
def test_it(barrier):
    waits = barrier.of(3)
    thread = threading.Thread(target=lambda: waits.wait(0.1))
    thread.start()
    try:
        waits.wait(0.1)
    finally:
        thread.join()
"""
    for mark in ("", "@pytest.mark.concurrency"):
        assert re.search(r"2 of 3 threads arrived \((main and Thread-1|Thread-1 and main)\)", run(mark + source).flat)

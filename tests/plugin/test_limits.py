"""The fixture `resource_limits`: the limits apply, are removed, and what is left open is reported."""

from __future__ import annotations

import sys
from fnmatch import fnmatch

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the system sets other limits")

BITES = """
import errno
import _thread
from pytest_interleave import InterleaveWarning
from pytest_interleave.resources._rlimits import memory_used as memory_now

def open_now():
    return len(os.listdir("/proc/self/fd")) - 1

# Limits of memory leave room beyond what is in use: a free-threaded interpreter reserves a GiB for itself.
MiB = 1024**2

def limits_now():
    import resource
    return [resource.getrlimit(which) for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_DATA)]

@pytest.fixture(autouse=True)
def put_back(request):
    def state():
        # Under control, what starts threads is replaced anyway.
        marked = request.node.get_closest_marker("concurrency")
        starters = [getattr(threading, name, None) for name in ("_start_new_thread", "_start_joinable_thread")]
        return limits_now(), None if marked else (*starters, _thread.start_new_thread)
    before = state()
    yield
    assert state() == before
    assert not threading._limbo

def test_files(resource_limits):
    most = open_now() + 10
    kept = []
    with pytest.raises(OSError) as raised:
        with resource_limits(open_files=most) as limits:
            while True:
                kept.append(open(__file__))
    assert raised.value.errno == errno.EMFILE
    assert open_now() == most
    assert len(kept) == 10
    assert [leak.what for leak in limits.leaks] == [__file__] * 10
    for file in kept:
        file.close()

def test_files_with_high_numbers_count(resource_limits):
    with open(__file__) as file:
        high = [os.dup2(file.fileno(), 500 + number) for number in range(5)]
        most = open_now() + 2
        kept = []
        with resource_limits(open_files=most):
            with pytest.raises(OSError):
                while True:
                    kept.append(open(__file__))
            assert len(kept) == 2
            for opened in kept:
                opened.close()
        with pytest.raises(ValueError, match=rf"open_files={most - 3}: this process already has {most - 2} open files"):
            with resource_limits(open_files=most - 3):
                pass
        for number in high:
            os.close(number)

def test_none_left_at_all(resource_limits):
    with resource_limits(open_files=open_now()):
        with pytest.raises(OSError):
            open(__file__)
        with pytest.raises(ValueError, match="open files"), resource_limits(open_files=1):
            pass

def test_inner_limits_do_not_widen(resource_limits):
    outer = open_now() + 1
    with resource_limits(open_files=outer, threads=threading.active_count() + 1, memory=memory_now() + 800 * MiB):
        with resource_limits(open_files=outer + 10, threads=100, memory=memory_now() + 1600 * MiB):
            with open(__file__), pytest.raises(OSError):
                open(__file__)
            with pytest.raises(MemoryError):
                bytearray(1200 * MiB)
            gate = threading.Event()
            thread = threading.Thread(target=gate.wait)
            thread.start()
            with pytest.raises(RuntimeError):
                threading.Thread(target=int).start()
            gate.set()
            thread.join()
        with open(__file__), pytest.raises(OSError):
            open(__file__)

def test_memory(resource_limits):
    most = memory_now() + 700 * MiB
    with resource_limits(memory=most) as limits:
        with pytest.raises(MemoryError):
            bytearray(900 * MiB)
        small = []
        with pytest.raises(MemoryError):
            while True:
                small.append(bytes(100_000))
        small.clear()
    assert limits.memory == most
    bytearray(900 * MiB)
    with pytest.raises(ValueError, match=r"memory=1048576: this process already uses \\d.* [MG]iB \\(\\d+ bytes\\)"):
        with resource_limits(memory="1MiB"):
            pass

def test_threads(resource_limits):
    already = threading.active_count()
    gate = threading.Event()
    threads = []
    with resource_limits(threads=already + 3):
        with pytest.raises(RuntimeError, match="^can't start new thread$"):
            while True:
                threads.append(threading.Thread(target=gate.wait))
                threads[-1].start()
        failed = threads.pop()
        assert len(threads) == 3
        with pytest.raises(RuntimeError, match="^can't start new thread$"):
            _thread.start_new_thread(int, ())
        with pytest.raises(ValueError, match=f"threads=1: {already + 3} threads are already alive. Use"):
            with resource_limits(threads=1):
                pass
        gate.set()
        for thread in threads:
            thread.join()
        # It can be started now, and there is room for three without `threading`.
        failed.start()
        failed.join()
        gate.clear()
        for number in range(3):
            _thread.start_new_thread(gate.wait, ())
        for start in (lambda: _thread.start_new_thread(int, ()), threading.Thread(target=int).start):
            with pytest.raises(RuntimeError, match="^can't start new thread$"):
                start()
        with pytest.raises(TypeError):
            _thread.start_new_thread(3, ())
        gate.set()

def test_blocks_of_threads_overlap(resource_limits, run_concurrent):
    most = threading.active_count() + 2
    first, second = threading.Event(), threading.Event()
    def low():
        with resource_limits(threads=most):
            first.set()
            second.wait()
    def high():
        first.wait()
        with resource_limits(threads=most + 1):
            second.set()
    run_concurrent.together(low, high)

def test_restored_after_an_interruption(resource_limits):
    for error in (KeyboardInterrupt, SystemExit, pytest.skip.Exception, ZeroDivisionError):
        with pytest.raises(error):
            with resource_limits(open_files=open_now() + 3, threads=50, memory=memory_now() + 800 * MiB):
                raise error

def test_a_block_that_never_ends(resource_limits):
    resource_limits(open_files=open_now() + 3, threads=50, memory=memory_now() + 800 * MiB).__enter__()

def test_again_but_not_twice_at_once(resource_limits):
    limits = resource_limits(threads=50)
    for _ in range(2):
        with limits, pytest.raises(RuntimeError, match="already in force"):
            limits.__enter__()
    assert repr(limits) == "<ResourceLimits threads=50>"

@pytest.mark.parametrize(("given", "error", "said"), [
    ({}, TypeError, "needs a limit: open_files=64"),
    ({"open_files": 0}, ValueError, "open_files must be >= 1, got 0"),
    ({"threads": -1}, ValueError, "threads must be >= 1, got -1"),
    ({"threads": True}, TypeError, "threads must be an integer >= 1, got True"),
    ({"open_files": 2.5}, TypeError, "open_files must be an integer >= 1, got 2.5"),
    ({"memory": "12 apples"}, ValueError, "memory='12 apples' is not a size: write it as"),
    ({"memory": 0}, ValueError, "memory=0 is not a size > 0: write"),
    ({"memory": 1.5}, TypeError, "memory=1.5: write it as"),
])
def test_wrong(resource_limits, given, error, said):
    with pytest.raises(error) as raised:
        resource_limits(**given)
    assert said in str(raised.value)

@pytest.mark.concurrency(schedules=30, seconds=None)
def test_controlled_threads(resource_limits, run_concurrent):
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait) for _ in range(3)]
    with resource_limits(threads=threading.active_count() + 2) as limits:
        threads[0].start()
        threads[1].start()
        with pytest.raises(RuntimeError, match="^can't start new thread$"):
            threads[2].start()
        with pytest.raises(RuntimeError, match="^can't start new thread$"):
            _thread.start_new_thread(int, ())
        assert not threading._limbo
        gate.set()
        for thread in threads[:2]:
            thread.join()
        run_concurrent(int, workers=2)
        _thread.start_new_thread(int, ())
    assert limits.leaks == []

@pytest.fixture
def limited(resource_limits):
    with resource_limits(threads=threading.active_count() + 1):
        yield

@pytest.mark.concurrency(schedules=5)
def test_limits_of_a_fixture(limited, thread_pool, run_concurrent):
    assert thread_pool.submit(int).result() == 0
    with pytest.raises(RuntimeError, match="^can't start new thread$"):
        run_concurrent(int)
    with pytest.raises(RuntimeError, match="^can't start new thread$"):
        _thread.start_new_thread(int, ())

def test_no_limit_is_left(resource_limits):
    done = threading.Event()
    _thread.start_new_thread(done.set, ())
    done.wait()
    with resource_limits(threads=threading.active_count()):
        with pytest.raises(RuntimeError, match="^can't start new thread$"):
            _thread.start_new_thread(int, ())

@pytest.mark.concurrency(schedules=5)
def test_controlled_memory(resource_limits, run_concurrent):
    def work():
        with pytest.raises(MemoryError):
            bytearray(1200 * MiB)
        with pytest.raises(OSError):
            for number in range(20):
                kept.append(open(__file__))
    kept = []
    with resource_limits(memory=memory_now() + 800 * MiB, open_files=open_now() + 12):
        run_concurrent(work)
        for file in kept:
            file.close()
"""

LEAKS = """
kept = []

def test_block(resource_limits):
    with resource_limits(threads=50) as limits:
        kept.append(open(__file__))
    assert [(leak.kind, leak.what) for leak in limits.leaks] == [("file", __file__)]

@pytest.mark.concurrency(schedules=4)
def test_marked(resource_limits, run_concurrent):
    with resource_limits(threads=50):
        with resource_limits(threads=40) as limits:
            kept.append(open(__file__))
    run_concurrent(int)
"""


def test_limits(run):
    done = run(BITES)
    done.result.assert_outcomes(passed=22)


@pytest.mark.parametrize("mode", ["warn", "error", "ignore"])
def test_what_a_block_leaves_open(run, report, mode):
    done = run(LEAKS, "-o", f"interleave_leaks={mode}", "--interleave-json=report.json")
    text = "resource leak inside resource_limits(): 1 file still open (*test_it.py)"
    if mode == "error":
        done.result.assert_outcomes(failed=2)
        assert fnmatch(done.flat, f"*ResourceLeak: {text}*ResourceLeak: {text}*")
        done.result.stdout.fnmatch_lines(["Found in schedule 1*"])
        assert report()["tests"][0]["finding"]["kind"] == "leak"
    elif mode == "warn":
        # Reported once, also for the whole test and all of its executions.
        done.result.assert_outcomes(passed=2, warnings=2)
        done.result.stdout.fnmatch_lines([f"*InterleaveWarning: {text}", "    with resource_limits(threads=50)*"])
        assert done.text.count("resource leak ") == 2
    else:
        done.result.assert_outcomes(passed=2)
        assert "resource leak" not in done.text

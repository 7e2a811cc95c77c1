"""Threads that a test leaves blocked forever: a finding, if they are no daemons and nothing can wake them any more."""

from __future__ import annotations

import pytest

from tests.thorough import thorough

SOURCE = """
import asyncio
import concurrent.futures
import queue

C = pytest.mark.concurrency(schedules=20, seconds=None)

class Worker:
    def __init__(self, daemon=False):
        self.q = queue.Queue(); self.t = None; self.daemon = daemon
    def put(self, x):
        if self.t is None:
            self.t = threading.Thread(target=self.run, daemon=self.daemon); self.t.start()
        self.q.put(x)
    def run(self):
        while True:
            x = self.q.get()
            if x is None: return
    def close(self):
        if self.t is not None:
            self.q.put(None); self.t.join(); self.t = None

@pytest.fixture
def fw():
    w = Worker(); yield w; w.close()
@pytest.fixture(scope="module")
def mw():
    w = Worker(); yield w; w.close()
@pytest.fixture
def pw():
    return Worker()
@pytest.fixture
def finw(request):
    w = Worker(); request.addfinalizer(w.close); return w
G = Worker()
POOL = concurrent.futures.ThreadPoolExecutor(2)

@C
def test_fixture_ok(fw, run_concurrent): fw.put(1); run_concurrent(lambda: fw.put(2))
@C
def test_module_ok(mw, run_concurrent): mw.put(1); run_concurrent(lambda: mw.put(2))
@C
def test_plain_bad(pw, run_concurrent): pw.put(1); run_concurrent(lambda: pw.put(2))
@C
def test_finalizer_ok(finw, run_concurrent): finw.put(1); run_concurrent(lambda: finw.put(2))
@C
def test_request_ok(request, run_concurrent):
    w = Worker(); request.addfinalizer(w.close); w.put(1); run_concurrent(lambda: w.put(2))
@C
def test_global_ok(run_concurrent): G.put(1); run_concurrent(lambda: G.put(2))
@C
def test_pool_ok(run_concurrent):
    run_concurrent(lambda: POOL.submit(int).result())
@C
def test_local_pool_ok(run_concurrent):
    p = concurrent.futures.ThreadPoolExecutor(2)
    run_concurrent(lambda: p.submit(int).result())
@C
def test_pool_blocked_bad(run_concurrent):
    p = concurrent.futures.ThreadPoolExecutor(2); e = threading.Event()
    run_concurrent(lambda: p.submit(e.wait))
@C
def test_daemon_ok(run_concurrent):
    w = Worker(daemon=True); run_concurrent(lambda: None); w.put(1)
@C
def test_timer_ok(run_concurrent):
    t = threading.Timer(5, int); t.start(); run_concurrent(int)
@C
def test_daemon_wakes_ok(run_concurrent):
    e = threading.Event()
    threading.Thread(target=e.wait).start()
    def late(): time.sleep(3); e.set()
    threading.Thread(target=late, daemon=True).start()
    run_concurrent(int)
@C
def test_lock_bad(run_concurrent):
    l = threading.Lock(); l.acquire()
    def take():
        with l: pass
    threading.Thread(target=take).start()
    run_concurrent(int)
@C
def test_join_chain_bad(run_concurrent):
    e = threading.Event()
    t = threading.Thread(target=e.wait); t.start()
    threading.Thread(target=t.join).start()
    run_concurrent(int)
@C
def test_to_thread_ok(run_concurrent):
    async def main(): return await asyncio.to_thread(int)
    run_concurrent(lambda: asyncio.run(main()))
@C
def test_failed_body_is_that(run_concurrent):
    e = threading.Event()
    threading.Thread(target=e.wait).start()
    run_concurrent(int)
    assert 0, "mine"
@C
def test_skip_ok(run_concurrent):
    e = threading.Event()
    threading.Thread(target=e.wait).start()
    pytest.skip("x")
class TestX:
    def teardown_method(self):
        self.w.close()

    @C
    def test_teardown_method_ok(self, run_concurrent):
        self.w = Worker(); self.w.put(1); run_concurrent(int)
class TestU(unittest.TestCase):
    @pytest.mark.concurrency
    def test_cleanup_ok(self):
        w = Worker(); self.addCleanup(w.close); w.put(1)
        t = threading.Thread(target=w.put, args=(2,)); t.start(); t.join()
class Del:
    def __init__(self): self.w = Worker(); self.w.put(1)
    def __del__(self): self.w.q.put(None)
@pytest.fixture
def dele(): return Del()
@C
def test_del_ok(dele, run_concurrent): dele.w.put(1); run_concurrent(int)
@C
def test_local_del_ok(run_concurrent):
    d = Del(); run_concurrent(int)
@C
def test_condition_bad(run_concurrent):
    c = threading.Condition()
    def w():
        with c: c.wait()
    threading.Thread(target=w).start(); run_concurrent(int)
@C
def test_conditional_bad(run_concurrent):
    "lost wakeup of nondaemon never joined"
    e = threading.Event(); box=[0]
    def w():
        box[0] or e.wait()
    def s():
        box[0] = 1
    threading.Thread(target=w).start(); threading.Thread(target=s).start()
"""


@thorough
def test_what_ends_well_passes_and_what_hangs_python_fails(run, report):
    done = run(SOURCE, "--interleave-json=report.json")
    rows = {row["nodeid"].rpartition("::")[2]: row for row in report()["tests"]}
    assert len(rows) == SOURCE.count("def test_")
    for name, row in rows.items():
        if name.endswith("_ok"):
            assert (row["outcome"], row["finding"]) in (("passed", None), ("skipped", None)), name
        elif name.endswith("_bad"):
            assert (row["outcome"], row["finding"]["kind"]) == ("failed", "deadlock"), name
            assert "when the test ends" in row["finding"]["message"]
            # It replays, and it is the same finding when it is repeated.
            assert row["finding"]["repeatable"], name
    assert rows["test_failed_body_is_that"]["finding"]["kind"] == "test failure"
    # A thread that may be woken later continues: it is controlled in the next execution, too.
    for name in ("test_module_ok", "test_global_ok"):
        assert rows[name]["coverage"]["uncontrolled"] == [], name
    assert done.text.count("help: wake the thread and join it before the test ends, or start it") >= 6


LEFT = """
@pytest.mark.concurrency
def test_it(run_concurrent):
    event = threading.Event()
    threading.Thread(target=event.wait, name="listener").start()
    run_concurrent(lambda: None)
"""


@pytest.mark.parametrize("leaks", ["warn", "error", "ignore"])
def test_the_message_names_the_cause(run, leaks):
    done = run(LEFT, "-o", f"interleave_leaks={leaks}")
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*Deadlock: listener still waits for Event when the test*",
            "*listener waits for Event at *threading.py:*",
            "*started at test_it.py:25",
            "*help: wake the thread and join it before the test ends, or start it",
            "*with daemon=True. Otherwise Python hangs at exit: it waits for",
            "*all threads that are not daemons.",
        ]
    )
    again = run(None, *done.command[1:])
    again.result.assert_outcomes(failed=1)
    assert "listener still waits for Event" in again.text


def test_a_wake_up_that_is_lost_in_some_schedules(run, report):
    """No thread joins it, so only this shows it."""
    source = """
@pytest.mark.concurrency(strategy="exhaustive")
def test_it():
    ready, flag = threading.Event(), []
    def waits():
        if not flag:
            ready.wait()
    def sets():
        if ready.is_set():
            return
        flag.append(1)
    threading.Thread(target=waits).start()
    threading.Thread(target=sets).start()
"""
    run(source, "--interleave-json=report.json").result.assert_outcomes(failed=1)
    (row,) = report()["tests"]
    assert row["finding"]["kind"] == "deadlock"
    fixed = source.replace("flag.append(1)", "flag.append(1); ready.set()")
    run(fixed, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert row["exhaustive"]

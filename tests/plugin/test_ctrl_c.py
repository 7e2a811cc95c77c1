"""Ctrl-C in the middle of a test: the reports have what was done so far, that test's schedules too."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from .conftest import PRELUDE

SOURCE = """
@pytest.mark.concurrency(schedules=5)
def test_done(counter, run_concurrent):
    run_concurrent(counter.increment)

runs = []

MARK
def test_interrupted(counter, run_concurrent):
    runs.append(1)
    run_concurrent(counter.increment)
    if len(runs) == 3:
        os.write(int(os.environ["BEGUN"]), b"x")
        while True:
            DOES

@pytest.mark.concurrency
def test_after(run_concurrent):
    run_concurrent(int)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals between processes")
@pytest.mark.parametrize(
    ("mark", "does", "shards"),
    [
        ("@pytest.mark.concurrency(schedules=50)", "time.sleep(0.001)", 1),
        ("@pytest.mark.concurrency(schedules=50)", "counter.increment()", 1),
        ("@pytest.mark.concurrency(schedules=50)", "run_concurrent(counter.increment)", 2),
    ],
)
def test_the_reports_have_what_was_done_so_far(pytester, monkeypatch, report, mark, does, shards):
    pytester.makepyfile(test_it=PRELUDE + SOURCE.replace("MARK", mark).replace("DOES", does))
    # A shell may have started us in the background, where Ctrl-C is ignored.
    pytester.makepyfile(
        start="import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import pytest\nsys.exit(pytest.main(sys.argv[1:]))\n"
    )
    begun, told = os.pipe()
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("BEGUN", str(told))
    reports = [f"--interleave-{kind}=report.{kind}" for kind in ("json", "html", "markdown")]
    process = pytester.popen(
        [sys.executable, "start.py", "-p", "pytest_interleave.plugin", f"--interleave-shards={shards}", *reports],
        stdin=subprocess.DEVNULL,
        pass_fds=(told,),
    )
    os.close(told)
    # Nothing, if it ends before it starts.
    assert os.read(begun, 1) == b"x"
    os.close(begun)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=60)[0].decode()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    assert "INTERNALERROR" not in text
    # The first of the three was run once more, which does not count.
    assert re.search(
        r"\nINTERRUPTED test_it.py::test_interrupted  sampled: .* \(interrupted at 2 of \d+ schedules", text
    )
    done, interrupted = report()["tests"]
    assert (done["nodeid"], done["outcome"], done["schedules"]) == ("test_it.py::test_done", "passed", 5)
    assert (interrupted["nodeid"], interrupted["outcome"]) == ("test_it.py::test_interrupted", "interrupted")
    assert (interrupted["schedules"], interrupted["exhaustive"], interrupted["finding"]) == (2, False, None)
    for kind in ("html", "markdown"):
        assert "test_interrupted" in (pytester.path / f"report.{kind}").read_text("utf-8")


BLOCKED = """
import signal

@pytest.mark.concurrency(schedules=3)
def test_it():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
        thread.start()
        thread.join()
        received = signal.sigtimedwait([signal.SIGUSR1], 10)
        assert received is not None and received.si_signo == signal.SIGUSR1
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
"""


@pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="no thread can wait for a signal there")
def test_a_signal_that_the_program_has_blocked_waits_for_it(run):
    # A thread of ours that took the signal would end the process.
    run(BLOCKED).result.assert_outcomes(passed=1, warnings=1)

"""The fixture `process_pool`: what it can run, its messages, and that no process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.thorough import some

from .conftest import XDIST

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="finds processes in /proc")

WORK = """
import os
import re
import time
from pathlib import Path

def square(number):
    return number * number

def here():
    return __name__, __file__

class Box:
    def __init__(self, value):
        self.value = value

def unbox(box):
    return Box(box.value + 1)

def begun(path):
    Path(path).write_text(str(os.getpid()))

def spin(path):
    begun(path)
    while True:
        pass

def spin_in_c(path):
    begun(path)
    re.match("(a+)+$", "a" * 80 + "b")

def leave(code):
    os._exit(code)

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)

def fail_oddly():
    raise Odd(1, 2)
"""

USES = (
    WORK
    + """
def test_it(process_pool):
    assert process_pool.submit(here).result() == (__name__, __file__)
    assert process_pool.submit(unbox, Box(1)).result().value == 2
    assert list(process_pool.map(square, range(4), chunksize=3)) == [0, 1, 4, 9]
"""
)


def wait_until(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def processes_of(session):
    """The processes of a session of the operating system, except ended ones that were not waited for."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("how", ["module", "script", "importlib", "xdist"])
def test_functions_of_test_modules_can_be_sent(run, pytester, how):
    for folder in ("flat/inner", "package/sub"):
        path = pytester.path / "tests" / folder
        path.mkdir(parents=True)
        path.joinpath(f"test_{path.name}.py").write_text(USES)
    for folder in ("package", "package/sub"):
        (pytester.path / "tests" / folder / "__init__.py").touch()
    pytester.makepyfile(test_top=USES)
    # In the same process locks are the plugin's own.
    pytester.makepyfile(test_marked=MARKED)
    if how == "script":
        script = Path(sys.executable).with_name("pytest")
        if not script.exists():
            pytest.skip("there is no script of that name")
        done = subprocess.run(
            [script, "-p", "pytest_interleave.plugin", "-k", "it"],
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            cwd=pytester.path, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert "4 passed" in done.stdout, done.stdout
        return
    options = {"module": (), "importlib": ("--import-mode=importlib",), "xdist": XDIST}[how]
    run(None, "-k", "it", *options).result.assert_outcomes(passed=4)


MARKED = """
import pytest

@pytest.mark.concurrency(schedules=5)
def test_it_first(run_concurrent):
    run_concurrent(int)
"""


@needs_proc
def test_its_messages(run, pytester):
    done = run(
        WORK
        + """
import pickle
from concurrent.futures.process import BrokenProcessPool

def test_size(process_pool):
    assert 2 <= process_pool._max_workers <= 4
    for wrong, error in ((0, ValueError), (True, TypeError), ("2", TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="max_workers must be .*>= 1, got "):
            process_pool.of(wrong)
    other = process_pool.of(1)
    Path("pid").write_text(str(other.submit(os.getpid).result()))

def test_what_cannot_be_sent(process_pool):
    def local():
        pass
    for wrong in (lambda: 1, local):
        with pytest.raises(pickle.PicklingError, match=r"^cannot pickle .*test_it.py:\\d+\\) for a worker process"):
            process_pool.submit(wrong)
    with pytest.raises(pickle.PicklingError, match="cannot pickle square .* without locks"):
        process_pool.submit(square, threading.Lock())

def test_exceptions_that_are_seen(process_pool):
    with pytest.raises(ZeroDivisionError):
        process_pool.submit(divmod, 1, 0).result()
    with pytest.raises(RuntimeError, match="Odd: 1 .the exception itself cannot be pickled"):
        process_pool.submit(fail_oddly).result()
    with pytest.raises(SystemExit):
        process_pool.submit(exit, 3).result()
    assert process_pool.submit(square, 2).result() == 4

def test_exit(process_pool):
    process_pool = process_pool.of(1)
    lost = process_pool.submit(leave, 3)
    with pytest.raises(BrokenProcessPool) as raised:
        lost.result()
    assert "ended with exit code 3 while running leave (test_it.py:" in raised.value.__notes__[0]
    with pytest.raises(BrokenProcessPool) as raised:
        process_pool.submit(square, 2)
    assert "ended with exit code 3 while running leave (test_it.py:" in raised.value.__notes__[0]

def test_unseen(process_pool):
    process_pool.submit(divmod, 1, 0)
    process_pool.of(1).submit(leave, 4)

def test_hung(process_pool):
    process_pool.grace = 0.1
    process_pool.submit(spin, "spin")
    process_pool.submit(spin_in_c, "spin_in_c")
    while not (os.path.exists("spin") and os.path.exists("spin_in_c")):
        pass

@pytest.mark.concurrency
def test_marked(process_pool):
    pass

@pytest.mark.concurrency
def test_marked_by_itself():
    from pytest_interleave import ProcessPool
    ProcessPool(1).submit(square, 1)
"""
    )
    done.result.assert_outcomes(passed=6, failed=1, errors=3)
    done.result.stdout.fnmatch_lines_random(
        [
            "*unchecked exceptions in process_pool (call future.result() to handle them) (2 sub-exceptions)",
            "*ZeroDivisionError: *",
            "*worker process * ended with exit code 4 while running leave (test_it.py:*)",
            "*HungProcess: 2 processes of the pool did not exit within 0.1 s after the test and were killed: "
            "process * (spin*(test_it.py:*)), process * (spin*(test_it.py:*)). Wait for the futures*",
            "process_pool cannot be used in a concurrency test: processes are not interleaved. Remove the marker, or *",
            "E   *RuntimeError: process_pool cannot be used in a concurrency test: processes are not interleaved*",
        ]
    )
    for name in ("pid", "spin", "spin_in_c"):
        assert gone((pytester.path / name).read_text())


@needs_proc
@pytest.mark.parametrize("how", some(["ctrl-c", "timeout", "SIGINT", "SIGTERM", "SIGKILL", "xdist"], 2))
def test_no_process_outlives_pytest(pytester, how):
    pytester.makepyfile(
        WORK
        + """
def test_it(process_pool):
    process_pool.submit(spin_in_c, "spin_in_c")
    process_pool.submit(spin, "spin").result()
"""
    )
    timeout = ["-p", "pytest_timeout", "--timeout=2", "--timeout-method=thread"]
    options = {"timeout": timeout, "xdist": XDIST}.get(how, ())
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "pytest_interleave.plugin", *options],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        wait_until(lambda: (pytester.path / "spin").exists() and (pytester.path / "spin_in_c").exists())
        assert len(processes_of(process.pid)) >= 3
        if how in ("ctrl-c", "xdist"):
            os.killpg(process.pid, signal.SIGINT)
        elif how != "timeout":
            process.send_signal(getattr(signal, how))
        # Not by the end of its output, which its children would keep open.
        process.wait(timeout=30)
        wait_until(lambda: not processes_of(process.pid), 10)
        if how in ("ctrl-c", "SIGINT"):
            assert process.returncode == pytest.ExitCode.INTERRUPTED
            assert process.stdout is not None
            output = process.stdout.read()
            assert "no tests ran" in output
            # Workers leave it to pytest.
            assert "Traceback" not in output
    finally:
        for pid in processes_of(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

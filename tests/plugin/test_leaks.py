"""What marked tests leave open: warned of, a finding, or ignored; and what is no leak."""

from __future__ import annotations

import os
import shlex
from fnmatch import fnmatch

import pytest

from tests.thorough import thorough

from .conftest import XDIST

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="lists what is open in /proc")

SOURCE = """
import atexit
import socket
import subprocess
import sys

kept = []

@atexit.register
def end_all():
    for end in kept:
        end()

@pytest.fixture(scope="module")
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server

@pytest.mark.concurrency(schedules=3)
def test_file(run_concurrent):
    file = open(__file__)
    kept.append(file.close)
    run_concurrent(int)

@pytest.mark.concurrency(schedules=3)
def test_socket(server, run_concurrent):
    client = socket.create_connection(server.getsockname())
    kept.append(client.close)
    run_concurrent(int)

@pytest.mark.stress(threads=1, operations=1)
def test_thread():
    gate = threading.Event()
    def wait_there():
        gate.wait()
    thread = threading.Thread(target=wait_there, name="stays", daemon=True)
    thread.start()
    kept.append(gate.set)

@pytest.mark.thread_safety(workers=2, schedules=1)
def test_process():
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, text=True)
    kept.append(lambda: process.communicate("x"))

def test_unmarked():
    kept.append(open(__file__).close)
"""

TOLD = [
    "resource leak: * files still open after the test (*test_it.py ×*)",
    "resource leak: * still open after the test (TCP 127.0.0.1:* connected to 127.0.0.1:*",
    "resource leak: 1 thread still running after the test (stays, daemon, at test_it.py:* in *wait_there)",
    "resource leak: * files still open after the test (pipe ×*); * processes still running after * (* -S -c input())*",
]


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_warned_of(run, options):
    done = run(SOURCE, *options)
    done.result.assert_outcomes(passed=5)
    # In the last test of a worker, the server ends before the look, and with it the connection.
    told = [text.replace(" connected to 127.0.0.1:", "") if options else text for text in TOLD]
    done.result.stdout.fnmatch_lines_random([f"*InterleaveWarning: {text}" for text in told])
    assert done.text.count("resource leak: ") == 4


def test_a_finding(run, report):
    done = run(SOURCE, "-o", "interleave_leaks=error", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=5, errors=4)
    assert [text for text in TOLD if not fnmatch(done.flat, f"*pytest_interleave.ResourceLeak: {text}*")] == []
    assert "hidden" not in done.text
    done.result.stdout.fnmatch_lines(["Found in schedule * of up to 3 (*"])
    for row in report()["tests"]:
        finding = row["finding"]
        assert (row["outcome"], finding["kind"]) == ("failed", "leak")
        assert "resource leak: " in finding["message"]
    # The token runs the same schedule, which leaves it open again.
    (command,) = done.lines("pytest 'test_it.py::test_socket'")
    again = run(None, "-o", "interleave_leaks=error", *shlex.split(command)[1:])
    again.result.assert_outcomes(passed=1, errors=1)
    again.result.stdout.fnmatch_lines(["Replayed from token*", "pytest 'test_it.py::test_socket' *"])


OUT_OF_SIGHT = """
import select

kept = []

@pytest.mark.concurrency(schedules=1)
def test_it(counter, run_concurrent):
    kept.append(open(__file__))

    def wait_really():
        select.select([], [], [], 0.3)
        counter.value = 1

    run_concurrent.together(wait_really, counter.increment)
"""


def test_a_finding_whose_order_real_time_has_decided_may_not_replay(run, report):
    done = run(OUT_OF_SIGHT, "-o", "interleave_leaks=error", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1, errors=1)
    assert "so real time decided a part of the order. The token below may not replay." in " ".join(done.text.split())
    assert "Replay this schedule" not in done.text
    (row,) = report()["tests"]
    assert row["finding"]["repeatable"] is False


def test_warnings_as_errors_and_ignored(run):
    done = run(SOURCE, "-W", "error::pytest_interleave.InterleaveWarning")
    done.result.assert_outcomes(passed=5, errors=4)
    assert [text for text in TOLD if not fnmatch(done.flat, f"*InterleaveWarning: {text}*")] == []
    ignored = run(SOURCE, "-o", "interleave_leaks=ignore")
    ignored.result.assert_outcomes(passed=5)
    assert "resource leak" not in ignored.text


def test_what_is_no_leak(run):
    done = run(
        """
import logging
import multiprocessing
import multiprocessing.pool
import socket
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

pytestmark = pytest.mark.concurrency(schedules=20, seconds=None)

class Connection:
    def __init__(self):
        self.socket = socket.socket()
        self.itself = self
        self.uses = 0

@pytest.fixture(scope="session")
def log(tmp_path_factory):
    handler = logging.FileHandler(tmp_path_factory.mktemp("logs") / "log")
    yield handler
    handler.close()

@pytest.fixture
def connection():
    # Nobody closes it.
    return Connection()

@pytest.fixture
def opened(tmp_path):
    with open(tmp_path / "file", "w") as file:
        yield file

@pytest.mark.concurrency(schedules=30, strategy="exhaustive")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_nobody_refers_to(connection, run_concurrent):
    other = Connection()
    by_name = {}
    def work():
        by_name["other"] = other
        connection.uses += other.uses
        open(__file__).read()
    run_concurrent(work)

@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class TestOfAClass:
    def test_what_it_keeps(self, run_concurrent):
        self.connection = Connection()
        def work():
            self.connection.uses += 1
        run_concurrent(work)

def test_fixtures(log, opened, capfd, run_concurrent, caplog):
    def work():
        logging.getLogger().warning("x")
        opened.write("x")
    logging.getLogger().addHandler(log)
    run_concurrent(work)
    logging.getLogger().removeHandler(log)

def test_ended(run_concurrent):
    subprocess.run([sys.executable, "-S", "-c", ""])
    with tempfile.TemporaryFile():
        run_concurrent(int)

def test_pool_that_is_not_shut_down(run_concurrent):
    pool = ThreadPoolExecutor(2)
    assert list(pool.map(abs, [-1, 1])) == [1, 1]

def test_pool_of_multiprocessing_threads():
    # A thread of the pool waits at a pipe, which the pool closes when nothing refers to it any more.
    with multiprocessing.pool.ThreadPool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]

def test_daemon_and_timer():
    gate = threading.Event()
    threading.Thread(target=gate.wait, daemon=True).start()
    threading.Timer(3600, gate.set).start()
    gate.wait()

@pytest.mark.xfail
def test_failed(run_concurrent):
    file = open(__file__)
    assert run_concurrent(int) == file

def test_skipped(run_concurrent):
    file = open(__file__)
    pytest.skip("no")

def test_helper_process(spawning):
    threading.Thread(target=spawning.Lock).start()

@pytest.fixture
def spawning():
    return multiprocessing.get_context("spawn")
""",
        "--log-file=log", "-o", "log_cli=true",
    )  # fmt: skip
    done.result.assert_outcomes(passed=8, skipped=1, xfailed=1, warnings=done.text.count("InterleaveWarning: "))
    assert "resource leak" not in done.text, done.text


@thorough
def test_processes_and_pools_of_the_fixtures_are_none(run):
    done = run(
        """
def square(number):
    return number * number

@pytest.mark.stress
def test_it(process_pool, thread_pool, run_concurrent):
    assert run_concurrent(lambda: process_pool.submit(square, 2).result()) == [4, 4]
    assert thread_pool.submit(square, 2).result() == 4
""",
    )
    done.result.assert_outcomes(passed=1)
    assert "resource leak" not in done.text


def test_a_file_that_is_left_open_is_written_at_the_end(run, pytester):
    source = """
kept = []


@pytest.mark.concurrency(schedules=1)
def test_it(run_concurrent):
    kept.append(open("left.txt", "w", encoding="utf-8"))
    run_concurrent(kept[-1].write, "x", workers=2)
"""
    done = run(source, fresh=True)
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "Exception ignored" not in done.text
    assert (pytester.path / "left.txt").read_text("utf-8") == "xx"

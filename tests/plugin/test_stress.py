"""The marker `stress`: outcomes of tests, their reports, and other plugins."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.thorough import thorough

from .conftest import PRELUDE, XDIST
from .test_summary import section

SOURCE = """
import sys

LOCKS = threading.Lock(), threading.Lock()
made = []

@pytest.fixture
def box():
    made.append(1)
    return []

@pytest.mark.stress(threads=3, operations=20)
def test_passes(box):
    assert sys.getswitchinterval() < 2e-6
    box.append(threading.current_thread().name)

def test_fixtures_were_made_once():
    assert made == [1]
    assert sys.getswitchinterval() > 1e-3

@pytest.mark.stress(threads=1, operations=20)
def test_fails(box):
    box.append(1)
    assert len(box) % 10

@pytest.mark.stress(threads=1, operations=20, min_success_rate=0.9)
def test_enough(box):
    box.append(1)
    if len(box) % 10 == 0:
        raise ValueError("every tenth")

@pytest.mark.stress(threads=2, operations=3, timeout=0.3)
def test_deadlock(barrier):
    assert barrier.parties == 2
    first, second = LOCKS if threading.current_thread().name == "stress-0" else LOCKS[::-1]
    with first:
        barrier.wait()
        with second:
            pass

@pytest.mark.stress(threads=2, operations=3)
def test_locks_are_free_again():
    with LOCKS[0], LOCKS[1]:
        pass

@pytest.mark.stress(threads=2, operations=3)
def test_interrupts_itself():
    raise KeyboardInterrupt

@pytest.mark.stress(threads=2, operations=3)
def test_skipped():
    pytest.skip("not here")

@pytest.mark.stress(threads=2, operations=3)
def test_expected():
    pytest.xfail("not yet")

@pytest.mark.stress(threads=2, operations=3)
@pytest.mark.xfail(raises=AssertionError)
def test_marked_expected():
    assert 1 == 2

@pytest.mark.stress(threads=1, operations=50)
def test_skip_hides_no_failure(box):
    box.append(1)
    if len(box) == 7:
        raise LookupError("seventh")
    if len(box) == 20:
        pytest.skip("too many")

class TestCase(unittest.TestCase):
    pytestmark = pytest.mark.stress(threads=2, operations=5)

    def setUp(self):
        self.count = []

    def test_method(self):
        self.count.append(1)

    def tearDown(self):
        assert len(self.count) in (0, 10)

    def test_fails(self):
        self.assertEqual(1, 2)

    def test_skips(self):
        self.skipTest("not here")

@pytest.mark.parametrize("size", [1, 2])
class TestClass:
    @pytest.mark.stress(threads=2, operations=5)
    def test_method(self, size, tmp_path, request):
        assert type(self) is type(request.instance)
        tmp_path.joinpath(threading.current_thread().name).touch()
        assert size in (1, 2)
"""


def test_outcomes(run, report):
    done = run(SOURCE, "--interleave-json=report.json", "-p", "no:cacheprovider", "-rA", verbose=False)
    done.result.assert_outcomes(passed=7, failed=5, skipped=2, xfailed=2)
    text = done.text
    assert "interleave: 15 stress tests\n" in text
    assert "INTERNALERROR" not in text
    assert "PytestUnraisable" not in text
    assert "PytestUnhandledThread" not in text
    assert "All traceback entries are hidden" not in text
    failed = re.findall(r"^FAILED test_it.py::(\S+) - (.*?)(?:\.\.\.)?$", text, re.MULTILINE)
    assert [name for name, _ in failed] == [
        "test_fails",
        "test_deadlock",
        "test_interrupts_itself",
        "test_skip_hides_no_failure",
        "TestCase::test_fails",
    ]
    assert "success rate 90.0 % (2 of 20 failed), required >= 100 %" in text
    # The first traceback, with what pytest says of the assertion.
    assert "assert (10 % 10)" in text
    assert "2 of 2 threads hung (timeout 0.3 s)" in text
    assert re.search(r"stress-0 hung:\n.*Stack \(most recent call last\):\n.*in test_deadlock\nE +with second:", text)
    _check_summary(text)
    _check_json(report())


def _check_summary(text):
    lines = section(text)
    assert max(map(len, lines[:12])) <= 80
    head, *rows = lines
    assert head.split() == ["test", "thr", "ops", "ok", "%", "ops/s", "p50", "p99", "max", "fair", "errors"]
    # Names are too long for the table: each has a line above its figures. Those that failed come first; those that were
    # skipped at once are not there.
    wrong = [line for line in rows[:10:2] if line.startswith("! test_it.py::")]
    assert len(wrong) == 5
    assert not any(line.startswith("! ") for line in rows[10:])
    (enough,) = [number for number, line in enumerate(rows) if line == "  test_it.py::test_enough"]
    assert rows[enough + 1].split()[-1] == "2"
    assert not any("skipped" in line for line in rows)
    (told,) = [line for line in rows if line.startswith("test_enough: ")]
    assert re.fullmatch(r"test_enough: 2 × ValueError at test_it\.py:\d+ \(1 thread\): every tenth", told)
    assert any(re.fullmatch(r"test_deadlock: stress-[01](, stress-1)? hung at test_it\.py:\d+", line) for line in rows)


def _check_json(report):
    assert report["tests"] == []
    rows = {row["nodeid"].partition("::")[2]: row for row in report["stress"]}
    assert len(report["stress"]) == len(rows) == 15
    outcomes = {name: row["outcome"] for name, row in rows.items()}
    assert outcomes["test_passes"] == outcomes["TestCase::test_method"] == "passed"
    assert outcomes["test_fails"] == outcomes["TestCase::test_fails"] == "failed"
    assert outcomes["test_skipped"] == outcomes["TestCase::test_skips"] == "skipped"
    assert outcomes["test_expected"] == outcomes["test_marked_expected"] == "xfailed"
    passes, enough, hung = rows["test_passes"], rows["test_enough"], rows["test_deadlock"]
    assert (passes["marker"], passes["name"], passes["min_success_rate"]) == ("stress", "test_passes", 1.0)
    assert (passes["threads"], passes["operations"], passes["planned"], passes["missed"]) == (3, 60, 60, [])
    assert (enough["outcome"], enough["success_rate"], enough["missed"]) == ("passed", 0.9, [])
    (group,) = enough["errors"]
    assert (group["type"], group["count"], group["file"]) == ("ValueError", 2, "test_it.py")
    assert hung["missed"][0] == "2 of 2 threads hung (timeout 0.3 s)"
    assert [thread["ended"] for thread in hung["hung"]] == [True, True]
    (errors,) = rows["test_interrupts_itself"]["errors"]
    assert (errors["type"], errors["count"]) == ("KeyboardInterrupt", 6)
    assert rows["test_skip_hides_no_failure"]["failed"] == 1


def test_what_the_marker_refuses(run, write):
    arguments = {
        "threads=0": ": threads=0: must be an integer >= 1",
        "seconds=-1": ": seconds=-1: must be a finite number of seconds > 0",
        "min_success_rate=95": ": min_success_rate=95: must be from 0 to 1, such as 0.95",
        "treads=3": " has no argument 'treads'. Did you mean 'threads'?",
        "7": " takes keyword arguments only: write threads=7",
    }
    for given, told in arguments.items():
        write(f"@pytest.mark.stress({given})\ndef test_it(): pass\n")
        assert run(None, "test_0.py").refused_alone() == f"@stress{told}"


def test_what_cannot_be_repeated(run, write):
    write("@pytest.mark.stress\nasync def test_it(): pass\n")
    said = run(None, "test_0.py").refused_alone()
    assert "@stress does not support async def tests: threads only" in said
    write("@pytest.mark.stress\n@pytest.mark.interleaving('x')\ndef test_it(): pass\n")
    said = run(None, "test_0.py").refused_alone()
    assert said == "@stress and @interleaving cannot be combined: stress threads are not scheduled. Remove one."


CLOSEST = """
pytestmark = pytest.mark.concurrency(schedules=3)

@pytest.mark.stress(threads=3, operations=4)
def test_real(request, run_concurrent, thread_pool, race_detector):
    assert "Thread" in type(threading.current_thread()).__name__
    assert threading.current_thread().name.startswith("stress-")
    assert race_detector.watch([]) == []
    assert run_concurrent(threading.get_ident, workers=2) != [threading.get_ident()] * 2
    assert thread_pool.submit(int).result() == 0

def test_controlled(run_concurrent):
    run_concurrent(int)
"""


def test_the_closest_marker_counts_and_a_token_is_for_the_other_tests(run, token_of, report):
    done = run(CLOSEST, "--interleave-json=report.json", "-W", "ignore::pytest_interleave.InterleaveWarning")
    done.result.assert_outcomes(passed=2)
    assert "interleave: 1 concurrency test, 1 stress test, seed 1\n" in done.text
    both = report()
    assert [row["nodeid"] for row in both["tests"]] == ["test_it.py::test_controlled"]
    assert [row["operations"] for row in both["stress"]] == [12]
    racy = """
@pytest.mark.concurrency
def test_racy(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@pytest.mark.stress
def test_stressed():
    raise AssertionError("never run")
"""
    again = run(racy, f"--interleave-replay={token_of(racy.partition('@pytest.mark.stress')[0])}")
    again.result.assert_outcomes(failed=1, deselected=1)


@thorough
def test_with_xdist_there_is_one_table_and_one_file(run, report):
    source = """
@pytest.mark.stress(threads=2, operations=5)
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    assert number != 2
"""
    done = run(source, *XDIST, "--interleave-json=report.json", verbose=False)
    done.result.assert_outcomes(passed=3, failed=1)
    assert len([line for line in section(done.text) if re.match(r"[ !] test_it\[\d\]  ", line)]) == 4
    assert sorted(row["outcome"] for row in report()["stress"]) == ["failed", "passed", "passed", "passed"]
    assert "= interleave =" not in run(None, "-q", verbose=False).text


def test_a_test_that_is_run_again_has_one_row(run, report, pytester):
    # As plugins do that run a test again.
    pytester.makeconftest(
        """
        import pytest
        from _pytest.runner import runtestprotocol

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item, nextitem):
            for again in range(3):
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
                failed = any(report.failed for report in reports)
                for report in reports:
                    if report.failed and again < 2:
                        report.outcome = "rerun"
                        item.ihook.pytest_runtest_logreport(report=report)
                        item._initrequest()
                        break
                    item.ihook.pytest_runtest_logreport(report=report)
                if not failed:
                    break
            return True
        """
    )
    source = """
times = []

@pytest.mark.stress(threads=2, operations=5)
def test_it(request):
    times.append(1)
    assert len(times) > 10
"""
    done = run(source, "--interleave-json=report.json")
    assert "1 passed, 1 rerun" in done.text
    (row,) = report()["stress"]
    assert (row["outcome"], row["operations"], row["failed"]) == ("passed", 10, 0)


ENDLESS = """
import signal

# It is ignored where the whole test run is in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)

@pytest.mark.stress(threads=3, timeout=60)
def test_endless():
    os.write(int(os.environ.get("BEGUN", "1")), b"x")
    while True:
        time.sleep(0.001)

def test_next():
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stress-")]
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals between processes")
def test_ctrl_c_ends_the_run_at_once(pytester, monkeypatch):
    pytester.makepyfile(test_it=PRELUDE + ENDLESS)
    begun, told = os.pipe()
    command = [sys.executable, "-m", "pytest", "-p", "pytest_interleave.plugin", "-p", "no:cacheprovider"]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("BEGUN", str(told))
    process = pytester.popen(command, stdin=subprocess.DEVNULL, pass_fds=(told,))
    os.close(told)
    # Nothing, if it ends before it starts.
    assert os.read(begun, 1) == b"x"
    os.close(begun)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    text = out.decode()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    assert "KeyboardInterrupt" in text
    assert "Traceback (most recent call last)" not in text


def test_a_time_limit_of_pytest_timeout(run):
    done = run(ENDLESS, "-p", "pytest_timeout", "--timeout=1")
    done.result.assert_outcomes(passed=1, failed=1)
    assert "Timeout (>1.0s) from pytest-timeout" in done.text


@thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_cannot_be_ended_keeps_no_process(run):
    source = """
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

@pytest.mark.stress(threads=2, timeout=0.2)
def test_sleeps():
    time.sleep(1e6)

@pytest.mark.stress(threads=2, operations=3)
def test_child():
    child = os.fork()
    if not child:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3

@pytest.mark.stress(threads=2, operations=3)
def test_next():
    pass
"""
    done = run(source, verbose=False)
    done.result.assert_outcomes(passed=2, failed=1)
    assert "could not be stopped, still running" in done.text
    assert any(line.endswith(", could not be stopped") for line in section(done.text))


def test_a_marker_on_what_is_no_function(run, pytester):
    pytester.makepyfile(
        test_it="""
        import pytest
        pytestmark = pytest.mark.stress

        def half(number):
            '''
            >>> half(2)
            1
            '''
            return number // 2
        """
    )
    done = run(None, "--doctest-modules", "test_it.py")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "@stress has no effect here: the test is not a Python function" in done.text


def test_fixtures_of_each_thread(run):
    done = run(
        """
import pytest_interleave

seen = []

@pytest.fixture
def connection(worker):
    assert threading.current_thread() is threading.main_thread()
    yield [worker.name]

@pytest.fixture
def shared():
    return []

class TestStress:
    def setup_method(self):
        self.calls = 0
        self.names = set()

    @pytest.mark.stress(threads=4, operations=25)
    def test_each_its_own(self, connection, shared, tmp_path, worker, request):
        assert connection[0] == threading.current_thread().name == worker.name == tmp_path.name
        assert request.getfixturevalue("connection") is connection
        self.calls += 1
        connection.append(self.calls)
        assert connection[1:] == list(range(1, self.calls + 1))
        shared.append(worker.index)
        self.names.add(worker.name)
        seen[:] = shared, self.names

def test_after_it():
    shared, names = seen
    assert sorted(shared) == sorted([0, 1, 2, 3] * 25)
    assert names == {f"stress-{number}" for number in range(4)}
"""
    )
    done.result.assert_outcomes(passed=2)


def test_fixtures_that_threads_cannot_share(refused_test):
    said = refused_test("import pytest\n@pytest.mark.stress\ndef test_it(capsys): pass")
    assert "cannot run in several workers: capsys captures one shared stdout. Use it in a fixture" in said


def test_a_failure_is_said_to_be_in_the_test(run):
    done = run(
        """
@pytest.mark.stress(threads=2, operations=2)
def test_it():
    assert 0
""",
        "--tb=line",
    )
    assert "_pytest" not in done.text
    done.result.stdout.fnmatch_lines(["*test_it.py:*: AssertionError: success rate 0 %*"])

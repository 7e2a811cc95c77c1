"""Other plugins and pytest's own options beside marked tests."""

from __future__ import annotations

import json
import signal

import pytest

from .conftest import XDIST
from .sources import BOTH_INCREMENT, LOST_UPDATE

RACE = "pytestmark = pytest.mark.concurrency(seconds=None)\n" + LOST_UPDATE


@pytest.mark.parametrize("core", ["", "sysmon"])
def test_coverage_counts_what_controlled_threads_ran(run, pytester, monkeypatch, core):
    if core:
        monkeypatch.setenv("COVERAGE_CORE", core)
    pytester.makepyfile(
        library="""
def in_a_worker(number):
    if number < 0:
        return "never"
    return sum(
        part for part in range(number)
    )

def never():
    return 1
"""
    )
    done = run(
        """
import library

@pytest.mark.concurrency(schedules=5)
def test_it(run_concurrent):
    run_concurrent(library.in_a_worker, 3)
""",
        "--cov=library",
        "--cov-report=json:cov.json",
        plugins=True,
    )
    done.result.assert_outcomes(passed=1)
    measured = json.loads((pytester.path / "cov.json").read_text("utf-8"))["files"]["library.py"]
    assert measured["missing_lines"] == [3, 9]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no such signal")
def test_timeout_by_signal_fails_the_test_and_continues(run):
    bodies = ("os.read(os.pipe()[0], 1)", "while True: pass", "run_concurrent(os.read, os.pipe()[0], 1)")
    tests = (
        f"""
@pytest.mark.concurrency
def test_{number}(run_concurrent):
    {body}
"""
        for number, body in enumerate(bodies)
    )
    done = run(
        "".join(tests) + "\ndef test_after():\n    pass\n",
        "--timeout=1",
        "--timeout-method=signal",
        plugins=True,
    )
    done.result.assert_outcomes(failed=3, passed=1, warnings=done.text.count("InterleaveWarning: "))
    for number in range(3):
        done.result.stdout.fnmatch_lines(
            [
                f"____* test_{number} ____*",
                "*Timeout (>1.0s) from pytest-timeout*",
                f"FAILED *::test_{number}  sampled: * (interrupted at 1 of 200 schedules)",
            ]
        )
    assert "interleave-replay" not in done.text


def test_timeout_by_thread_ends_the_process(run):
    done = run(
        """

@pytest.mark.concurrency
def test_hangs(run_concurrent):
    run_concurrent(os.read, os.pipe()[0], 1)
""",
        "--timeout=2",
        "--timeout-method=thread",
        plugins=True,
    )
    assert done.result.ret not in (0, None)
    assert "Timeout" in done.text
    assert "test_hangs" in done.text


def test_timeout_does_not_disturb_what_is_quick(run):
    done = run(RACE.replace("== 2", "in (1, 2)"), "--timeout=30", plugins=True)
    done.result.assert_outcomes(passed=1)


def test_debugger_after_the_failure_finds_the_fixtures_alive(run):
    done = run(
        """
@pytest.fixture
def resource():
    counter = Counter()
    counter.alive = True
    yield counter
    counter.alive = False

@pytest.mark.concurrency(seconds=None)
def test_it(resource, run_concurrent):
    run_concurrent(resource.increment)
    assert resource.value == 2
""",
        "--pdb",
        stdin=b"p 'alive', resource.alive, resource.value\nq\n",
    )
    done.result.stdout.fnmatch_lines(["*('alive', True, 1)*", "*Exit: Quitting debugger*"])


def test_debugger_after_the_failure_of_a_thread_is_in_the_first_that_failed(run):
    done = run(
        """
@pytest.mark.concurrency
def test_thread(counter):
    def work():
        mine = counter.value + 41
        raise ValueError(mine)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

@pytest.mark.concurrency(seconds=None)
@pytest.mark.parametrize("workers", [1, 3])
def test_workers(counter, run_concurrent, workers):
    def work():
        mine = workers
        counter.increment()
        raise ValueError(mine)
    run_concurrent(work, workers=workers)
""",
        "--pdb",
        stdin=b"p 'mine', mine\nc\n" * 3,
    )
    done.result.assert_outcomes(failed=3, warnings=done.text.count("InterleaveWarning: "))
    for mine in (41, 1, 3):
        assert done.text.count(f"('mine', {mine})") == 1


def test_a_breakpoint_in_a_replay_stops_there_once_and_the_others_stay_parked(run):
    source = """
@pytest.mark.concurrency(seconds=None)
def test_it(counter, run_concurrent):
    def work():
        seen = counter.value
        LOOK
        counter.value = seen + 1
    run_concurrent(work)
    assert counter.value == 2
"""
    *arguments, last = run(source.replace("LOOK", "seen += 0")).command[1:]
    looking = source.replace("LOOK", "threading.current_thread().name == 'worker-1' and breakpoint()")
    done = run(looking, *arguments, last, stdin=b"p 'seen', seen, counter.value\nc\np 'a second time'\n")
    done.result.assert_outcomes(failed=1)
    # Both have read it, and the other one waits to write.
    assert done.text.count("('seen', 0, 0)") == 1
    assert "a second time" not in done.text
    done.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


def test_a_breakpoint_in_a_controlled_thread_stops_where_it_stands(run):
    done = run(
        """
@pytest.mark.concurrency(schedules=1)
def test_it(counter, run_concurrent):
    def work():
        counter.increment()
        before = counter.value
        breakpoint()
        counter.value = before + 10
        after = counter.value
        return after
    run_concurrent(work, workers=1)
    assert counter.value == 11
""",
        stdin=b"p 'before', before, counter.value\nn\nn\np 'then', counter.value\nc\n",
    )
    done.result.assert_outcomes(passed=1, warnings=done.text.count("InterleaveWarning: "))
    done.result.stdout.fnmatch_lines(["*('before', 1, 1)*", "*('then', 11)*"])
    assert "unknown debugging event" not in done.text


@pytest.mark.parametrize(
    "options",
    [
        ("--setup-show", "--durations=2", "-vv"),
        ("-p", "no:cacheprovider", "-p", "no:logging", "-s"),
        ("-p", "no:terminal"),
    ],
    ids=" ".join,
)
def test_options_of_pytest(run, options, report):
    done = run(RACE, *options, "--interleave-json=report.json", verbose="no:terminal" not in options)
    assert "INTERNALERROR" not in done.text
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    assert report()["tests"][0]["outcome"] == "failed"


def test_setup_plan_and_collect_only_run_nothing(run):
    for option in ("--collect-only", "--setup-plan"):
        done = run(RACE, option)
        assert done.result.ret == 0
        assert "INTERNALERROR" not in done.text
        assert "= interleave =" not in done.text


def test_xdist_workers_use_one_seed(run, report):
    tests = "".join(
        f"\ndef test_{number}(counter, run_concurrent):\n"
        "    run_concurrent(counter.increment)\n    assert counter.value == 2\n"
        for number in range(3)
    )
    mark = "pytestmark = pytest.mark.concurrency(seconds=None)\n"
    run(mark + tests, "--interleave-json=report.json", seed=5).result.assert_outcomes(failed=3)
    alone = {row["nodeid"]: row["finding"]["preemptions"] for row in report()["tests"]}
    done = run(mark + tests, "--interleave-json=report.json", "-n2", seed=5, plugins=True)
    done.result.assert_outcomes(failed=3)
    assert {row["nodeid"]: row["finding"]["preemptions"] for row in report()["tests"]} == alone
    assert report()["seed"] == 5
    done.result.stdout.fnmatch_lines(["seed 5"])


def test_xdist_and_a_wrong_marker(run):
    done = run("@pytest.mark.concurrency(workers=0)\ndef test_it():\n    pass\n", *XDIST)
    done.result.assert_outcomes(errors=1)
    done.result.stdout.fnmatch_lines(["@concurrency(workers=0): must be an integer >= 1"])
    assert "INTERNALERROR" not in done.text


def test_hypothesis(run):
    pytest.importorskip("hypothesis")
    done = run(
        BOTH_INCREMENT
        + """
from hypothesis import given, settings, strategies

@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(counter):
    both_increment(counter)
    assert counter.value in (1, 2)

@settings(max_examples=5, database=None, deadline=None)
@given(number=strategies.integers())
def test_beside(number):
    counter = Counter()
    both_increment(counter)
    assert counter.value in (1, 2)
""",
        "-p",
        "no:randomly",
        plugins=True,
    )
    done.result.assert_outcomes(passed=2)


def test_nothing_is_left_of_the_affinity_and_the_trace_function(run):
    done = run(
        """
import sys

before = []

def state():
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return cpus, sys.gettrace(), threading.gettrace(), sys.getprofile(), time.sleep, threading.Thread.start

def test_before():
    before.append(state())

@pytest.mark.concurrency(schedules=3)
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)

def test_after():
    assert state() == before[0]
    assert threading.active_count() == 1
"""
    )
    done.result.assert_outcomes(passed=3)


def test_what_a_test_puts_in_the_place_of_functions_of_os_is_not_called(run, pytester):
    pytester.makepyfile(late="class Box:\n    n = 0\n    def add(self):\n        n = self.n\n        self.n = n + 1\n")
    done = run(
        """
from unittest import mock

@pytest.fixture
def getcwd(monkeypatch):
    fake = mock.MagicMock()
    monkeypatch.setattr(os, "getcwd", fake)
    return fake

@pytest.mark.concurrency
def test_right(getcwd, run_concurrent):
    run_concurrent(os.getcwd)
    assert getcwd.call_count == 2

@pytest.mark.concurrency
def test_wrong(monkeypatch, run_concurrent):
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    import late
    box = late.Box()
    run_concurrent(box.add)
    assert box.n == 2

@pytest.mark.concurrency
def test_nowhere(monkeypatch, tmp_path, counter, run_concurrent):
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    run_concurrent(counter.increment)
    assert counter.value == 2
"""
    )
    done.result.assert_outcomes(passed=1, failed=2)
    assert "Traceback" not in done.text


def test_a_run_within_a_test_leaves_the_outer_run_as_it_was(run, pytester):
    inner = pytester.mkdir("inner")
    inner.joinpath("test_inner.py").write_text("def test_nothing():\n    pass\n", "utf-8")
    done = run(
        """
def test_another_run():
    here = os.path.join(os.path.dirname(__file__), "inner")
    assert pytest.main([here, f"--rootdir={here}", "-q", "-p", "no:cacheprovider"]) == 0

@pytest.mark.concurrency
def test_race(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@pytest.mark.concurrency
def test_deadlock(run_concurrent):
    run_concurrent(threading.Event().wait)
""",
        "test_it.py",
    )
    done.result.assert_outcomes(passed=1, failed=2)
    done.result.stdout.fnmatch_lines(
        ["FAILED *::test_race  lost update on *", "FAILED *::test_deadlock  deadlock: * (schedule 1 of *"]
    )


def test_subtests_are_failures_of_their_test(run, report):
    pytest.importorskip("_pytest.subtests")
    done = run(
        """
@pytest.mark.concurrency
def test_race(subtests, counter, run_concurrent):
    run_concurrent(counter.increment)
    with subtests.test("value", expected=2):
        assert counter.value == 2
    with subtests.test():
        pytest.skip("this one alone")

@pytest.mark.concurrency(schedules=5)
def test_two(subtests):
    thread = threading.Thread(target=int)
    thread.start()
    for number in range(2):
        with subtests.test(number=number):
            assert not thread
    thread.join()

@pytest.mark.concurrency(schedules=5)
def test_fine(subtests, counter, run_concurrent):
    run_concurrent(counter.increment)
    with subtests.test():
        assert counter.value > 0
    with subtests.test():
        pytest.skip("this one alone")
""",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(failed=2, passed=1)
    assert "in subtest [value] (expected=2)" in done.text
    done.result.stdout.fnmatch_lines(["*2 failures in one test*", "*::test_fine  * (5 schedules, * s)"])
    assert [test["finding"] is None for test in report()["tests"]] == [False, False, True]


def test_names_of_temporary_directories_are_the_same_in_each_schedule(run):
    run(
        """
@pytest.mark.concurrency(schedules=5, seconds=None)
def test_it(tmp_path, counter, run_concurrent):
    run_concurrent(counter.increment)
    assert tmp_path.name == "test_it0"
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
"""
    ).result.assert_outcomes(passed=1)


def test_what_each_schedule_gives_is_reported_once(run, pytester):
    done = run(
        """
import warnings

@pytest.fixture
def warning():
    warnings.warn("made")

@pytest.mark.concurrency(schedules=20, seconds=None)
def test_it(warning, record_property, run_concurrent):
    record_property("one", 1)
    run_concurrent(warnings.warn, "in a worker")
""",
        "--junitxml=junit.xml",
        "-o",
        "junit_family=legacy",
    )
    done.result.assert_outcomes(passed=1, warnings=2)
    assert pytester.path.joinpath("junit.xml").read_text("utf-8").count('<property name="one"') == 1

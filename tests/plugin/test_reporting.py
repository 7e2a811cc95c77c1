"""What is shown of findings."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.thorough import thorough

from .sources import LOST_UPDATE

MARK = "pytestmark = pytest.mark.concurrency(seconds=None)\n"
RACE = MARK + LOST_UPDATE


#: What a thread may do, and what of it is shown.
ESCAPES = {
    "raise ValueError('escaped')": "*ValueError: escaped",
    "raise BaseException('base')": "*BaseException: base",
    "sys.exit(1)": "*SystemExit: 1",
    "pytest.fail('told')": "*Failed: told",
    "raise KeyboardInterrupt": "*KeyboardInterrupt",
    "assert [1] == [2]": "*assert ?1? == ?2?",
}


def test_what_escapes_a_thread_is_a_finding(run):
    tests = (
        f"""
def test_{number}():
    def work():
        {body}
    thread = threading.Thread(target=work, name="helper")
    thread.start()
    thread.join()
"""
        for number, body in enumerate([*ESCAPES, "sys.exit(0)"])
    )
    done = run(f"import sys\n{MARK}{''.join(tests)}")
    # A quiet exit is no finding; that nothing could be interleaved is said of it alone.
    done.result.assert_outcomes(failed=len(ESCAPES), passed=1, warnings=1)
    for number, shown in enumerate(ESCAPES.values()):
        done.result.stdout.fnmatch_lines(
            [
                f"____* test_{number} ____*",
                shown,
                "*raised in helper",
                "Probably not a race: the test fails in every schedule tried (11).",
            ]
        )


def test_all_threads_that_fail_are_shown(run):
    done = run(
        MARK
        + """
def test_it():
    def work(number):
        raise ValueError(number)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not threads
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*the test and 3 threads failed (4 sub-exceptions)",
            "*AssertionError*",
            "*ValueError: 0",
            "*ValueError: 1",
            "*ValueError: 2",
        ]
    )
    done.result.stdout.no_fnmatch_line("*All traceback entries are hidden*")


def test_deadlock_names_all_and_the_exception_before_it(run):
    done = run(
        MARK
        + """
def test_it(run_concurrent):
    queue = []
    ready = threading.Condition()
    def produce():
        raise ValueError("before it could notify")
    def consume():
        with ready:
            while not queue:
                ready.wait()
    run_concurrent.together(produce, consume)
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*deadlock, and 1 thread raised an exception",
            "*waits for *Condition*",
            "*ValueError: before it could notify",
        ]
    )
    done.result.stdout.fnmatch_lines(["Deadlock: *", "Found in schedule 1 of *"])


def test_deadlock_says_who_holds_what_since_where(run):
    done = run(
        MARK
        + """
def test_it(run_concurrent):
    first = threading.Lock()
    second = threading.Lock()
    def one():
        with first:
            with second:
                pass
    def two():
        with second:
            with first:
                pass
    run_concurrent.together(one, two)
"""
    )
    done.result.stdout.fnmatch_lines_random(
        [
            "E       pytest_interleave.Deadlock: lock-order inversion between Lock #1 and",
            "E           Lock #2",
            "E*worker-0 waits for Lock #2 at test_it.py:28,",
            "E*  holds Lock #1 since test_it.py:27",
            "E*worker-1 waits for Lock #1 at test_it.py:32,",
            "E*  holds Lock #2 since test_it.py:31",
            "E*Lock #1 was created at test_it.py:24",
            "E*Lock #2 was created at test_it.py:25",
            "Deadlock: lock-order inversion between Lock #1 and Lock #2",
        ]
    )


@thorough
def test_livelock_says_how_to_raise_the_bound(run):
    done = run(
        """
@pytest.mark.concurrency(max_steps=200)
def test_it(counter, run_concurrent):
    def work():
        while True:
            counter.increment()
    run_concurrent(work)
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*TooLong: still running after * steps; the*",
            "E * help: if the loop ends at a larger number, raise max_steps in the",
            "E * marker of the test. Otherwise add the missing exit condition.",
            "Suspected livelock: worker-0 and worker-1 only count",
            "The test took * steps. The first 20? (max_steps) were explored, *",
            "Found in schedule 1 *",
        ]
    )


def test_the_table_of_a_livelock_shows_the_loops(run):
    done = run(
        """
@pytest.mark.concurrency(schedules=3)
def test_it(counter, run_concurrent):
    def work():
        counter.value = 1
        while counter.value:
            if counter.value < 0:
                break
    run_concurrent(work)
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.re_match_lines(
        [
            r"Livelock: worker-0 and worker-1 make no progress",
            r"Probably not a race: this livelock occurs in every schedule tried \(11\)\.",
            r" +worker-0 +worker-1 +where +source",
            r" {5}repeats lines 26-27, \d+ times:",
            r" {5}read 1 +test_it\.py:26  while counter\.value:",
            r" {5}read 1 +test_it\.py:27  if counter\.value < 0:",
            r" {15}repeats lines 26-27, \d+ times:",
            r" {15}read 1 +test_it\.py:26  while counter\.value:",
            r" {15}read 1 +test_it\.py:27  if counter\.value < 0:",
            r"     main waits for worker-0 \(test_it\.py:29\)",
            r"Found in schedule 1 .*",
        ]
    )


@pytest.mark.parametrize("style", ["long", "short", "line", "native", "no"])
def test_traceback_styles(run, style):
    done = run(RACE, f"--tb={style}")
    done.result.assert_outcomes(failed=1)
    # The summary has the command where pytest may show no section.
    commands = done.lines("  pytest 'test_it.py::test_it' --interleave-replay=")
    assert len(commands) == (style in ("no", "line"))
    if style == "no":
        assert "write 1 -> 1" not in done.text
    elif style != "line":
        assert len(done.lines("pytest 'test_it.py::test_it' --interleave-replay=")) == 1
        assert "  3. worker-0 writes 1 -> 1  test_it.py:15  self.value = value + 1" in done.text
        assert "   3 1 -> 1              test_it.py:15  self.value = value + 1" in done.text


def test_without_a_terminal_a_report_has_120_columns(run, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    done = run(RACE)
    report = done.text.partition("interleaving ---")[2].partition("Found in schedule")[0].splitlines()[1:]
    assert max(map(len, report)) == 120


def test_quiet_and_short_summaries(run):
    done = run(RACE, "-q", "-rA")
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["FAILED test_it.py::test_it - *assert 1 == 2*"])


def test_the_table_keeps_to_its_size(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    done = run(
        MARK
        + """
def test_it(counter, run_concurrent):
    def work():
        for _ in range(100):
            counter.increment()
    run_concurrent(work, workers=3)
    assert counter.value == 300
"""
    )
    begin = done.result.outlines.index("Lost update on Counter.value")
    end = done.result.outlines.index("Replay this schedule:")
    shown = done.result.outlines[begin:end]
    rule = next(number for number, line in enumerate(shown) if line.startswith("     -----"))
    table = shown[rule - 1 : shown.index("", rule)]
    assert 20 < len(table) <= 25
    assert max(len(line) for line in shown) <= 90
    assert any(re.fullmatch(r"     … \d+ steps not shown \(--interleave-trace prints all\)", line) for line in table)


def test_bodies_in_workers_show_no_line_of_pytest_itself(run):
    done = run(
        """
@pytest.mark.concurrency(workers=2, seconds=None)
def test_it(counter):
    counter.increment()
    assert counter.value != 1
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        ["Race condition: AssertionError in worker-0 in this *", "*read 0 *value = self.value*"]
    )
    assert "testfunction" not in done.text


def test_junit_has_the_whole_report(run, pytester):
    run(RACE, "--junitxml=junit.xml")
    case = ElementTree.parse(pytester.path / "junit.xml").getroot().find(".//testcase")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert "--interleave-replay=" in (failure.text or "")


def test_one_item_for_everybody(run, pytester):
    pytester.makeconftest(
        """
calls = []

def pytest_runtest_logreport(report):
    calls.append(report.when)

def pytest_runtest_call(item):
    calls.append("run")

def pytest_sessionfinish():
    print("calls:", calls)
"""
    )
    done = run(MARK + "def test_it(run_concurrent):\n    run_concurrent(int)\n", "-s")
    assert "calls: ['setup', 'run', 'call', 'teardown']" in done.text


def test_an_exception_that_cannot_be_printed_hides_nothing(run, report):
    done = run(
        """
class Unprintable(Exception):
    def __str__(self):
        raise ValueError

@pytest.mark.concurrency
def test_it(run_concurrent):
    def work():
        raise Unprintable
    run_concurrent.together(work)

@pytest.mark.concurrency
def test_thread():
    def work():
        raise Unprintable
    threading.Thread(target=work).start()
""",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(failed=2)
    assert len(done.lines("Probably not a race: the test fails in every schedule tried (11).")) == 2
    message = report()["tests"][1]["finding"]["message"]
    assert message == "Unprintable: (its text is not available: __str__ raised ValueError)"


def test_the_reason_of_a_worker_s_skip_is_the_reason(run):
    done = run(
        """
@pytest.mark.concurrency
def test_it(run_concurrent):
    run_concurrent(lambda: pytest.skip("not here"))
""",
        "-rs",
    )
    done.result.assert_outcomes(skipped=1)
    done.result.stdout.fnmatch_lines(["SKIPPED * not here"])
    assert "raised in worker" not in done.text

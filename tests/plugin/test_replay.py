"""The last line of a failure runs in a fresh process and gives the same finding; tokens that do not fit say so."""

from __future__ import annotations

import re

import pytest

from pytest_interleave.explore import Token
from tests.thorough import some, thorough

from .conftest import XDIST, token_in
from .sources import DEADLOCK, LOST_UPDATE

KINDS = {
    "test failure": LOST_UPDATE,
    "thread exception": """
def test_it(counter):
    def work():
        counter.increment()
        if counter.value == 1 and threading.current_thread().name == "b":
            raise ValueError("lost")
    threads = [threading.Thread(target=work, name=name) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
""",
    "deadlock": DEADLOCK.replace("test_deadlock", "test_it"),
    "livelock": """
@pytest.mark.concurrency(max_steps=300)
def test_it(counter, run_concurrent):
    def wait():
        counter.value = 1
        while counter.value:
            pass
    run_concurrent(wait)
""",
}
#: They fail after the first `max_steps` steps, and what they fail with depends on all that follows these.
LONG = {
    "sleeps": """
@pytest.mark.concurrency(max_steps=150)
def test_it(run_concurrent):
    calls, lock, seen = [], threading.Lock(), []
    def work():
        name = threading.current_thread().name[-1]
        for _ in range(3):
            while True:
                with lock:
                    now = time.monotonic()
                    while calls and now - calls[0] >= 10:
                        calls.pop(0)
                if len(calls) < 2:
                    with lock:
                        calls.append(now)
                    seen.append(name)
                    break
                time.sleep(1)
    run_concurrent(work, workers=6)
    assert not seen, "".join(seen)
""",
    "queue": """
@pytest.mark.concurrency(max_steps=150, strategy="pct")
def test_it(run_concurrent):
    items, seen = queue.Queue(3), []
    def put():
        for _ in range(60):
            items.put(threading.current_thread().name[-1])
    def get():
        try:
            while True:
                seen.append(items.get(timeout=0.5) + threading.current_thread().name[-1])
        except queue.Empty:
            pass
    run_concurrent.together(put, put, get, get, get)
    assert not seen, " ".join(seen)
""",
    "timeout": """
@pytest.mark.concurrency(max_steps=150, strategy="random")
def test_it(counter, run_concurrent):
    stop = threading.Event()
    def spin():
        while not stop.is_set():
            counter.increment()
    def wait():
        threading.Event().wait(0.1)
        stop.set()
    run_concurrent.together(spin, wait, spin)
    rounds = counter.value
    assert not rounds, f"{rounds:,} rounds"
""",
}
MARK = "pytestmark = pytest.mark.concurrency(seconds=None)\n"


@pytest.mark.parametrize("kind", KINDS)
def test_same_finding_in_a_fresh_process(run, report, kind):
    first = run(MARK + KINDS[kind], "--interleave-json=report.json")
    first.result.assert_outcomes(failed=1)
    found = report()["tests"][0]["finding"]
    assert found["kind"] == kind
    program, *arguments = first.command
    assert program == "pytest"
    assert first.lines("pytest '")[-1] == f"pytest 'test_it.py::test_it' --interleave-replay={found['token']}"
    again = run(None, *arguments, "--interleave-json=report.json", seed=99)
    again.result.assert_outcomes(failed=1)
    row = report()["tests"][0]
    assert (row["strategy"], row["schedules"], row["found_at"]) == ("replay", 1, 1)
    # A replay has nothing to make smaller.
    unlike = {"message": row["finding"]["message"], "shrunk_from": None, "shrink_seconds": 0.0}
    assert row["finding"] == found | unlike
    strip = re.compile(r"0x[0-9a-f]+").sub
    assert strip("", row["finding"]["message"]) == strip("", found["message"])
    assert "Could not reproduce" not in first.text
    assert "did not follow" not in again.text


@pytest.mark.parametrize("what", some(LONG, 1))
def test_the_same_past_max_steps(run, report, pytester, what):
    # Steps that take long, as on a busy machine, count for more: how many there are would differ.
    pytester.makeconftest(
        "from pytest_interleave.control.execution.progress import _long_run\n_long_run._PART_OF_A_SECOND = 1_000_000\n"
    )
    source = "import queue, time\n" + LONG[what]
    # Another test has run before, which takes and frees memory.
    both = source + source[source.index("@") :].replace("test_it", "test_other")
    # That it takes long on a busy machine is no reason not to run it again.
    first = run(both, "--interleave-json=report.json", "--interleave-seconds=600", "--interleave-shrink-seconds=600")
    first.result.assert_outcomes(failed=2)
    for row in report()["tests"]:
        found = row["finding"]
        assert found["repeatable"]
        again = run(None, row["nodeid"], f"--interleave-replay={found['token']}", "--interleave-json=report.json")
        again.result.assert_outcomes(failed=1)
        assert report()["tests"][0]["finding"]["message"] == found["message"]
    text = " ".join(first.text.split())
    assert text.count("ran without preemptions. The schedule was run again with the same result, but not shrunk.") == 2
    assert first.text.count("Replay this schedule:") == 2


def test_a_long_schedule_that_is_not_run_again(run, report):
    done = run("import time\n" + LONG["sleeps"], "--interleave-shrink-seconds=0", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    text = " ".join(done.text.split())
    assert "neither run again, which would take too long, nor shrunk. The token may not replay." in text
    assert "Run this schedule again: pytest 'test_it.py::test_it' --interleave-replay=" in text
    assert not report()["tests"][0]["finding"]["repeatable"]


def test_a_long_schedule_that_gives_something_else(run):
    done = run(
        """
runs = []

@pytest.mark.concurrency(max_steps=100)
def test_it(counter, run_concurrent):
    runs.append(1)
    run_concurrent(lambda: [counter.increment() for _ in range(50)])
    assert len(runs) != 2
"""
    )
    done.result.assert_outcomes(failed=1)
    text = " ".join(done.text.split())
    assert "Could not reproduce: the same schedule passed when run again." in text
    assert "ran without preemptions. The schedule was not shrunk." in text
    assert "Run this schedule again:" in text
    assert "Replay this schedule" not in text


def test_the_replayed_table_is_the_one_that_was_shown(run):
    def table(text):
        return text[text.index("  ----") : text.index("> preemption: ")].splitlines()

    first = run(MARK + KINDS["deadlock"])
    again = run(None, *first.command[1:])
    assert table(first.text) == table(again.text)
    assert len(table(first.text)) > 3


@thorough
def test_node_ids_with_quotes_brackets_and_classes_from_a_subdirectory(run, pytester, monkeypatch):
    run_source = """
class TestOuter:
    class TestInner:
        @pytest.mark.concurrency(seconds=None)
        @pytest.mark.parametrize("text", ["it's [a] \\"b\\"; $HOME"])
        def test_it(self, text, counter, run_concurrent):
            run_concurrent(counter.increment)
            assert counter.value == 2
"""
    pytester.makeini("[pytest]\n")
    below = pytester.mkdir("below")
    first = run(run_source, "--rootdir=.")
    first.result.assert_outcomes(failed=1)
    monkeypatch.chdir(below)
    from_below = run(None, "..")
    command = [line for line in from_below.text.splitlines() if "--interleave-replay=" in line][-1]
    assert "../test_it.py" in command
    import shlex

    arguments = shlex.split(command)[1:]
    again = run(None, *arguments)
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


def test_only_the_test_of_the_token_runs(run):
    first = run(MARK + KINDS["deadlock"] + "\ndef test_other():\n    pass\n")
    first.result.assert_outcomes(failed=1, warnings=1, passed=1)
    again = run(None, f"--interleave-replay={token_in(first.text)}")
    again.result.assert_outcomes(failed=1, deselected=1)


def test_token_of_another_test(run, token_of):
    token = token_of(MARK + KINDS["deadlock"])
    error = run(
        "@pytest.mark.concurrency\ndef test_other():\n    pass\n", f"--interleave-replay={token}"
    ).one_line_error()
    assert "token belongs to another test than test_it.py::test_other. Copy the whole command from the report." in error


def test_token_without_any_marked_test(run, token_of):
    token = token_of(MARK + KINDS["deadlock"])
    error = run("def test_other():\n    pass\n", f"--interleave-replay={token}").one_line_error()
    assert "no marked test was collected for this token. Copy the whole command from the report." in error


def test_a_change_of_the_test_elsewhere_leaves_its_token_as_it_is(run):
    first = run(MARK + KINDS["deadlock"])
    changed = "\n\n\n" + KINDS["deadlock"].replace("pass", "assert True")
    again = run(MARK + changed, *first.command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


ADDS = """
class Adding(Counter):
    def add(self):
        self.value = 1 + self.value

@pytest.fixture
def counter():
    return Adding()
"""


def test_a_change_at_a_context_switch_of_the_token_is_reported(run):
    first = run(MARK + KINDS["test failure"])
    changed = KINDS["test failure"].replace("counter.increment", "counter.add")
    again = run(MARK + ADDS + changed, *first.command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(
        [
            "*pytest_interleave.ScheduleLost: cannot replay *: *",
            "*(context switch 1 of 1: its line was edited or is no longer reached).",
            "FAILED *  the token's schedule cannot be replayed: the code may have changed (1 schedule, * s)",
        ]
    )


def test_a_change_at_a_context_switch_is_reported_beside_a_new_failure(run):
    """Though the test has to be run once more to know it."""
    first = run(MARK + KINDS["test failure"])
    changed = KINDS["test failure"].replace("counter.increment", "counter.add").replace("== 2", "== 3")
    again = run(MARK + ADDS + changed, *first.command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(
        [
            "E *assert 2 == 3",
            "* read 2 * assert counter.value == 3",
            "cannot replay *: the test no longer runs as recorded",
            "Replayed from token (0 preemptions).",
        ]
    )


def test_mangled_token(run, token_of):
    token = token_of(MARK + KINDS["deadlock"])
    node, option = "test_it.py::test_it", "--interleave-replay"
    cut = run(MARK + KINDS["deadlock"], node, f"{option}={token[:-3]}").one_line_error()
    assert "(truncated?): copy it to the end of the line" in cut
    swapped = token[:9] + token[9:12][::-1] + token[12:]
    assert swapped != token
    assert "invalid token" in run(None, node, f"{option}={swapped}").one_line_error()


def test_a_token_of_choices_is_for_its_python_alone(run, token_of):
    source = MARK + KINDS["deadlock"]
    found = Token.parse(token_of(source))
    token = Token.of_choices([0, 1], test=found.test, warm=False)._replace(python="3.99")
    error = run(source, f"--interleave-replay={token}").one_line_error()
    assert re.search(r"token needs Python 3\.99 \(this is 3\.\d+t?\): replay it there, or run the test again", error)


def test_a_test_that_depends_on_more_than_the_schedule_is_reported(run):
    done = run(
        MARK
        + """
runs = []

def test_it(counter, run_concurrent):
    runs.append(1)
    if len(runs) == 3:
        counter.increment()
        counter.increment()
    run_concurrent(counter.increment)
    assert len(runs) != 3
"""
    )
    done.result.assert_outcomes(failed=1)
    assert re.search(
        r"Could not reproduce: the same schedule passed when run again\."
        r" First difference at step \d+: first main ran .* at test_it.py:",
        " ".join(done.text.split()),
    )


WEAKLY_KEPT = """
import weakref

class Connection:
    made = weakref.WeakValueDictionary()

    def __init__(self, name):
        self.name = name

    @classmethod
    def to(cls, name):
        try:
            return cls.made[name]
        except KeyError:
            new = cls.made[name] = cls(name)
            return new

@pytest.mark.concurrency
def test_it(run_concurrent):
    first, second = run_concurrent(Connection.to, "here")
    assert first is second
"""


def test_what_a_failure_keeps_alive_does_not_hide_the_next_one(run):
    done = run(WEAKLY_KEPT)
    done.result.assert_outcomes(failed=1)
    assert "Could not reproduce" not in done.text
    assert "Check-then-act race on cls.made" in done.text
    # The variables are shown, and so they are not forgotten.
    shown = run(WEAKLY_KEPT, "--showlocals")
    assert "Could not reproduce" in shown.text
    assert re.search(r"^second += <.*Connection object", shown.text, re.MULTILINE)


def test_what_only_the_first_execution_does_is_no_difference(run):
    first = run(
        """
import pytest

BUILT = []

@pytest.mark.concurrency(strategy="random")
def test_it(run_concurrent):
    if not BUILT:
        BUILT.append(1)
        BUILT.append(2)
    box = {"n": 0}

    def add():
        n = box["n"]
        box["n"] = n + 1

    run_concurrent(add, workers=2)
    assert box["n"] == 2
""",
        seed=4,
    )
    first.result.assert_outcomes(failed=1)
    assert "in schedule 1 of" in first.text
    assert "Could not reproduce" not in first.text
    run(None, *first.command[1:]).result.assert_outcomes(failed=1)


def test_a_replay_that_finds_nothing_and_leaves_the_schedule_fails_and_says_where(run, pytester):
    source = (
        MARK
        + """
import pathlib

def test_it(counter, run_concurrent):
    if pathlib.Path("other").exists():
        run_concurrent(int)
    else:
        run_concurrent(counter.increment)
        assert counter.value == 2
"""
    )
    first = run(source)
    pytester.path.joinpath("other").touch()
    again = run(None, *first.command[1:])
    again.result.assert_outcomes(failed=1)
    assert re.search("ScheduleLost: cannot replay [^ ]+: the test no longer runs as recorded", again.flat)


def test_under_xdist(run):
    first = run(MARK + KINDS["deadlock"] + "\ndef test_other():\n    pass\n", *XDIST)
    first.result.assert_outcomes(failed=1, passed=1, warnings=first.text.count("InterleaveWarning: "))
    again = run(None, *XDIST, *first.command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


def test_a_wrong_token_under_xdist_is_a_clear_error(run, token_of):
    token = token_of(MARK + KINDS["deadlock"])
    done = run("@pytest.mark.concurrency\ndef test_other():\n    pass\n", *XDIST, f"--interleave-replay={token}")
    assert done.result.ret != 0
    assert "token belongs to another test than test_it.py::test_other" in done.text


def test_the_command_has_what_makes_the_test_what_it_is(run, pytester):
    pytester.makefile(".ini", other="[pytest]\nmarkers = mine: of ours\n")
    done = run(
        """
@pytest.mark.mine
@pytest.mark.concurrency
def test_it(counter, run_concurrent, pytestconfig):
    assert pytestconfig.getini("junit_suite_name") == "a name"
    run_concurrent(counter.increment)
    assert counter.value == 2
""",
        "-c",
        "other.ini",
        "-o",
        "junit_suite_name=a name",
        "--strict-markers",
    )
    assert done.command[2:6] == ["-c", "other.ini", "-o", "junit_suite_name=a name"]
    again = run(None, *done.command[1:])
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])

"""The parts of a failure's report: the bug, the evidence, what helps, the table, how it was found, the command."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from .conftest import XDIST
from .sources import DEADLOCK, LOST_UPDATE

MARK = "pytestmark = pytest.mark.concurrency(seconds=None)\n"
RACE = MARK + LOST_UPDATE
BUG = "Lost update on Counter.value"
#: Its second worker fails, and only if the first one has been interrupted.
ONE_FAILS = """
def test_it(counter, run_concurrent):
    def work(fails):
        before = counter.value
        counter.value = before + 1
        if fails and counter.value != before + 1:
            raise ValueError("changed")
    run_concurrent.each(work, [False, True])
"""
#: Strategies, and what reports call them.
SEARCHES = {"pct": "random priorities", "random": "random walk", "swarm": "random weights of the threads"}
ALONE = "Not a race: the test fails before it starts a thread."
ALWAYS = "Probably not a race: the test fails in every schedule tried (11)."


def sections(text):
    """The lines under each title `interleaving`, up to the next rule."""
    found, inside = [], False
    for line in text.splitlines():
        if re.fullmatch("-+ interleaving -+", line):
            found.append([])
            inside = True
        elif re.match("[=_]{5,}", line):
            inside = False
        elif inside:
            found[-1].append(line)
    return found


def section(text):
    (lines,) = sections(text)
    return lines


def test_the_parts_are_in_order(run):
    shown = section(run(RACE).text)
    assert shown[0] == BUG
    begins = [
        "  1. worker-0 reads 0 ",
        "  2. worker-1 writes 0 -> 1 ",
        "  3. worker-0 writes 1 -> 1 ",
        "help: make read and write one atomic step: hold one lock from",
        "     worker-0  worker-1  where ",
        "     --------  --------  ------",
        "     main starts worker-0 and worker-1 (test_it.py:24)",
        "   1 read 0 ",
        "> ",
        "   2 ",
        "   3 1 -> 1 ",
        "     main joins worker-0 and worker-1 (test_it.py:24)",
        "     main: read 1 (test_it.py:25)  assert counter.value == 2",
        "> preemption: worker-0 could have continued",
        "Found in schedule 2 of up to 200 (exhaustive, seed 1, 1 preemption).",
        "Replay this schedule:",
        "pytest 'test_it.py::test_it' --interleave-replay=",
    ]
    positions = []
    for begin in begins:
        after = positions[-1] if positions else 0
        positions.append(next(at for at in range(after + 1, len(shown)) if shown[at].startswith(begin)))
    # The command is the last line.
    assert positions[-1] == len(shown) - 1
    # An empty line is between two parts, and nowhere else.
    assert [at for at, line in enumerate(shown) if not line] == [
        positions[0] - 1,
        positions[3] - 1,
        positions[4] - 1,
        positions[14] - 1,
    ]
    assert all(len(line) <= 80 for line in shown[:-1])


def test_a_bug_at_one_place_of_a_loop_of_thousands_is_shown_alone(run):
    done = run(
        f"""{MARK}
def test_it(run_concurrent):
    counts = {{"n": 0}}
    def work():
        for number in range(2000):
            if number == 1500:
                value = counts["n"]
                counts["n"] = value + 1
            else:
                counts.get(number)
    run_concurrent(work, workers=2)
    assert counts["n"] == 2
"""
    )
    done.result.assert_outcomes(failed=1)
    shown = section(done.text)
    assert shown[0] == "Lost update on counts['n']"
    # Threads that run for so long are left again and again, which is of no interest here.
    begin = next(at for at, line in enumerate(shown) if "worker-0" in line and "worker-1" in line and "where" in line)
    does = [" ".join(line[5:24].split()) for line in shown[begin + 2 : begin + 9] if "main" not in line]
    assert does == ["read 0", "read 0", "0 -> 1", "1 -> 1"]


def test_a_deadlock_has_its_diagnosis_in_the_exception_and_no_evidence(run):
    shown = section(run(MARK + DEADLOCK).text)
    assert shown[:3] == [
        "Deadlock: lock-order inversion between Lock #1 and Lock #2",
        "",
        "help: acquire these locks in the same order everywhere, or guard both with one",
    ]
    assert shown[-1].startswith("pytest 'test_it.py::test_deadlock' --interleave-replay=")


def test_a_failure_of_one_thread_is_not_a_race(run, report):
    done = run(
        MARK
        + """
def test_before(counter):
    counter.nothing()

def test_after(counter, run_concurrent):
    run_concurrent(counter.increment)
    counter.nothing()
""",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(failed=2)
    # Neither a table nor a command: plain pytest shows the same.
    assert sections(done.text) == [[ALONE], [ALWAYS]]
    assert "interleave-replay" not in done.text
    for row in report()["tests"]:
        assert row["finding"]["bug"] is None
        assert row["finding"]["token"]


def test_a_failure_in_every_schedule_is_not_a_race(run):
    done = run(MARK + LOST_UPDATE.replace("counter.value == 2", "not counter"))
    done.result.assert_outcomes(failed=1)
    assert section(done.text) == [ALWAYS]


@pytest.mark.parametrize(
    ("wait", "hint"),
    [
        (
            "ready.wait()",
            "Probably not a race: this deadlock occurs in every schedule tried (11).",
        ),
        (
            "seen.append(1)\n        if len(seen) == 2:\n            ready.wait()",
            "Probably not a race: this deadlock occurs in every schedule tried (11).",
        ),
        (
            "name = threading.current_thread().name\n        seen.append(name)\n"
            "        if seen[-1] == 'worker-1' and len(seen) == 2:\n            ready.wait()",
            "No preemption is needed: each thread runs until it blocks or ends, in start order. Other schedules pass.",
        ),
    ],
    ids=["always", "always, in one thread or the other", "in this order"],
)
def test_a_deadlock_without_a_preemption_says_whether_it_is_a_race(run, wait, hint):
    done = run(
        f"{MARK}\ndef test_it(run_concurrent):\n    ready, seen = threading.Event(), []\n"
        f"    def work():\n        {wait}\n    run_concurrent(work, workers=2)\n"
    )
    done.result.assert_outcomes(failed=1)
    shown = section(done.text)
    # The deadlock comes first, as it is the bug; the table and the command are useful, too.
    assert shown[0].startswith("Deadlock: Event (created at test_it.py:")
    assert hint in " ".join(shown)
    assert shown[-1].startswith("pytest 'test_it.py::test_it' --interleave-replay=")


def test_a_failure_in_every_schedule_in_which_a_timeout_has_expired(run):
    done = run(
        f"""{MARK}
def test_it(run_concurrent):
    ready = threading.Event()
    def work():
        assert ready.wait(5)
    run_concurrent(work, workers=2)
"""
    )
    done.result.assert_outcomes(failed=1)
    shown = section(done.text)
    # That may not be so if the timeout expires early.
    assert "Not a race" not in done.text
    assert shown[0] == "AssertionError in worker-0 in every schedule tried (11)"
    assert shown[-1].startswith("pytest 'test_it.py::test_it' --interleave-replay=")


def test_deadlocks_of_two_kinds_are_no_evidence_that_it_is_no_race(run):
    done = run(
        f"""{MARK}
def test_it(run_concurrent):
    import queue
    ready, jobs, seen = threading.Event(), queue.Queue(), []
    def work():
        seen.append(threading.current_thread().name)
        if len(seen) == 2:
            if seen[-1] == "worker-1":
                ready.wait()
            jobs.get()
    run_concurrent(work, workers=2)
"""
    )
    done.result.assert_outcomes(failed=1)
    assert "Not a race" not in done.text


@pytest.mark.parametrize(
    ("body", "bug"),
    [
        # It passes if the second worker is the first one.
        (
            "out = []\n    run_concurrent.together(lambda: out.append(1), lambda: out.append(2))\n"
            "    assert out == [2, 1]",
            "Race condition: the test fails in this interleaving",
        ),
        # It passes if the thread runs at once.
        (
            "out = []\n    threading.Thread(target=lambda: out.append(1)).start()\n    assert out == [1]",
            "Order violation: main reads out before Thread-1 writes it",
        ),
    ],
    ids=["order", "no join"],
)
def test_what_fails_without_a_preemption_and_passes_in_other_schedules_is_a_race(run, report, body, bug):
    done = run(f"{MARK}\ndef test_it(run_concurrent):\n    {body}\n", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    assert "Not a race" not in done.text
    shown = section(done.text)
    assert shown[0] == bug
    assert (
        "No preemption is needed: each thread runs until it blocks or ends, in start order. Other schedules pass."
        in (" ".join(shown))
    )
    assert "Found in schedule 1 of up to 200 (exhaustive, seed 1, 0 preemptions)." in shown
    again = run(None, *done.command[1:])
    again.result.assert_outcomes(failed=1)
    assert section(again.text)[0] == bug
    assert "Replayed from token (0 preemptions)." in section(again.text)


@pytest.mark.parametrize("style", ["long", "short", "line", "native", "no", "auto"])
@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_the_only_worker_that_fails_is_shown_by_its_own_exception(run, style, options):
    if options and style not in ("long", "short"):
        pytest.skip("takes long, and is the same")
    done = run(MARK + ONE_FAILS, f"--tb={style}", *options)
    done.result.assert_outcomes(failed=1)
    assert "ExceptionGroup" not in done.text
    done.result.stdout.fnmatch_lines(["FAILED test_it.py::test_it - ValueError: changed"])
    if style == "no":
        return
    notes = ["raised in worker-1", "1 of 2 workers failed"]
    if style == "line":
        done.result.stdout.fnmatch_lines(["*test_it.py:28: ValueError: changed"])
    elif style == "native":
        done.result.stdout.fnmatch_lines(['*test_it.py", line 28, in work', "ValueError: changed", *notes])
    else:
        done.result.stdout.fnmatch_lines(["E *ValueError: changed", *(f"E *{note}" for note in notes)])
    if style != "line":
        assert done.command[1] == "test_it.py::test_it"
        assert "Counter.value" in section(done.text)[0]


def test_the_test_itself_gets_the_group(run):
    done = run(
        MARK
        + """
def test_it(run_concurrent):
    def work(fails):
        if fails:
            raise ValueError("one")
    with pytest.raises(ExceptionGroup, match="1 of 2 workers failed") as raised:
        run_concurrent.each(work, [False, True])
    assert raised.value.exceptions[0].__notes__ == ["raised in worker-1"]
"""
    )
    done.result.assert_outcomes(passed=1)


def test_two_workers_that_fail_are_shown_as_a_group(run):
    done = run(
        MARK
        + """
def test_it(run_concurrent):
    def work(number):
        if number:
            raise ValueError(number)
    run_concurrent.each(work, range(3))
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*ExceptionGroup: 2 of 3 workers failed (2 sub-exceptions)",
            "*ValueError: 1",
            "*raised in worker-1",
            "*ValueError: 2",
            "*raised in worker-2",
        ]
    )


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_json_and_junit_have_the_bug(run, report, pytester, options):
    source = RACE + DEADLOCK + "\ndef test_ordinary():\n    assert not 1\n"
    run(source, "--interleave-json=report.json", "--junitxml=junit.xml", *options)
    bugs = {row["nodeid"].partition("::")[2]: row["finding"]["bug"] for row in report()["tests"]}
    deadlock = "Deadlock: lock-order inversion between Lock #1 and Lock #2"
    assert bugs == {"test_it": BUG, "test_deadlock": deadlock, "test_ordinary": None}
    for case in ElementTree.parse(pytester.path / "junit.xml").getroot().iter("testcase"):
        properties = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
        assert properties.get("interleave_bug") == bugs[case.attrib["name"]]


def test_quiet(run):
    shown = section(run(RACE).text)
    # The run before is remembered.
    done = run(RACE, "-q", "-p", "no:cacheprovider", verbose=False)
    assert section(done.text) == shown


def test_an_expected_failure_is_not_reported(run, report):
    source = "@pytest.mark.xfail\n@pytest.mark.concurrency(seconds=None)" + LOST_UPDATE
    done = run(source, "-rx", "--interleave-json=report.json")
    done.result.assert_outcomes(xfailed=1)
    assert sections(done.text) == []
    assert "interleave-replay" not in done.text
    (row,) = report()["tests"]
    assert (row["outcome"], row["finding"]["kind"], row["finding"]["bug"]) == ("xfailed", "test failure", BUG)
    # One that is raised by a worker is expected as a group, as ever.
    group = source.replace("mark.xfail", "mark.xfail(raises=ExceptionGroup)").replace(LOST_UPDATE, ONE_FAILS)
    run(group).result.assert_outcomes(xfailed=1)


@pytest.mark.parametrize("name", SEARCHES)
def test_how_it_was_found_is_said_in_words(run, name):
    done = run(RACE, f"--interleave-strategy={name}", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    assert f" of up to 200 ({SEARCHES[name]}, seed 1, 1" in " ".join(section(done.text))


def test_a_file_that_threads_share_is_in_the_table(run):
    source = """
def add(path):
    count = len(path.read_text().splitlines())
    with open(path, "a") as file:
        file.write(f"{count}\\n")

@pytest.mark.concurrency(seconds=None, schedules=400)
def test_it(tmp_path, run_concurrent):
    path = tmp_path / "log"
    path.write_text("")
    run_concurrent(add, path)
    assert path.read_text() == "0\\n1\\n"
"""
    shown = section(run(source).text)
    assert any("read log (" in line for line in shown)
    assert any("append to log (" in line for line in shown)
    assert not any("threading.py" in line for line in shown)


TEARDOWN = """
@pytest.fixture
def checked():
    counter = Counter()
    yield counter
    assert counter.value == 2

@pytest.mark.concurrency
def test_it(checked, run_concurrent):
    run_concurrent(checked.increment, workers=2)
"""


def test_a_teardown_between_two_schedules_is_explained(run, report):
    done = run(TEARDOWN, "--interleave-json=report.json")
    shown = section(done.text)
    assert shown[0] == "Teardown failure: lost update on Counter.value"
    begins = ["  1. worker-0 reads 0 ", "  2. worker-1 writes 0 -> 1 ", "  3. worker-0 writes 1 -> 1 "]
    assert [line[: len(begin)] for line, begin in zip(shown[2:], begins, strict=False)] == begins
    found = report()["tests"][0]["finding"]
    assert (found["kind"], found["bug"]) == ("teardown failure", shown[0])
    again = run(TEARDOWN, f"--interleave-replay={found['token']}")
    assert "assert 1 == 2" in again.text


def test_a_teardown_that_always_fails_has_no_class(run):
    body = TEARDOWN.replace("counter.value == 2", "counter.value == 3")
    assert section(run(body).text)[0] == "Teardown failure in fixture checked: AssertionError"


RAISES_AT_LAST = """
ended = []


class TestIt:
    @pytest.fixture
    def checked(self, request):
        yield
        ended.append(1)
        if len(ended) == 5:
            raise ValueError("not closed")

    @pytest.mark.concurrency(schedules=4)
    def test_it(self, checked, run_concurrent, counter):
        run_concurrent(counter.increment)
"""


def test_a_teardown_after_the_last_schedule_names_the_fixture_and_the_exception(run):
    assert section(run(RAISES_AT_LAST).text)[0] == "Teardown failure in fixture checked: ValueError"


def test_a_teardown_method_and_a_finalizer_are_named_by_their_functions(run):
    source = """
def close():
    raise ValueError("not closed")

@pytest.fixture
def closed(request):
    request.addfinalizer(close)

@pytest.mark.concurrency(schedules=4)
def test_finalizer(closed, run_concurrent, counter):
    run_concurrent(counter.increment)

class TestIt:
    def teardown_method(self):
        raise KeyError(1)

    @pytest.mark.concurrency(schedules=4)
    def test_it(self, run_concurrent, counter):
        run_concurrent(counter.increment)
"""
    lines = run(source).lines("Teardown failure")
    assert lines == ["Teardown failure in close(): ValueError", "Teardown failure in teardown_method(): KeyError"]


@pytest.mark.parametrize(
    ("check", "is_known"),
    [
        ("assert len(found) == 3", True),
        # The text depends on the order, so another order may pass.
        ("assert found == []", False),
    ],
    ids=["alike", "different"],
)
def test_failures_that_differ_between_schedules_may_be_a_race(run, check, is_known):
    done = run(
        f"""{MARK}
def test_it(run_concurrent):
    found = []
    run_concurrent.each(found.append, [1, 2])
    {check}
"""
    )
    done.result.assert_outcomes(failed=1)
    shown = section(done.text)
    if is_known:
        assert shown == [ALWAYS]
    else:
        assert shown[0] == "The test fails in every schedule tried (11)"
        assert shown[-1].startswith("pytest 'test_it.py::test_it' --interleave-replay=")


SEATS = """
@pytest.mark.concurrency
def test_it(run_concurrent):
    seats, booked = {}, []
    def book():
        if "12A" not in seats:
            seats["12A"] = object()
            booked.append(1)
    run_concurrent(book)
    assert len(booked) == 1
"""
COUNTS = """
@pytest.mark.concurrency
def test_it(run_concurrent):
    counts = {}
    def count():
        if "word" in counts:
            counts["word"] += 1
        else:
            counts["word"] = 1
    run_concurrent(count)
    assert counts["word"] == 2
"""


def test_an_atomic_call_is_named_if_it_does_the_same(run):
    helps = "or use an atomic call such as dict.setdefault()"
    shown = section(run(SEATS).text)
    assert shown[0] == "Check-then-act race on seats['12A']"
    assert helps in " ".join(line.strip() for line in shown)
    shown = section(run(COUNTS).text)
    assert shown[0].startswith("Check-then-act race on counts['word']")
    assert helps not in " ".join(line.strip() for line in shown)


def test_a_line_of_pytest_does_not_follow_the_command_at_once(run):
    text = run(RACE, "--tb=line").text
    command, after, crash = text.partition("\npytest '")[2].splitlines()[:3]
    assert "--interleave-replay=" in command
    assert after == ""
    assert "test_it.py:" in crash


def test_the_steps_of_the_plugin_have_no_place_of_their_own(run):
    done = run(
        """
seen = []
@pytest.mark.concurrency
def test_it(counter, run_concurrent):
    seen.append(1)
    def work():
        if len(seen) % 2:
            counter.increment()
        counter.increment()
    run_concurrent(work)
"""
    )
    assert "the test is nondeterministic" in done.text
    assert "_workers.py" not in done.text

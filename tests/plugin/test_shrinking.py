"""What is shown of a finding is its smallest schedule; whatever happens on the way there, the finding is reported."""

from __future__ import annotations

import pytest

from pytest_interleave.explore import Token
from tests.thorough import some, thorough

from .conftest import token_in

MARK = "pytestmark = pytest.mark.concurrency(seconds=None, strategy='random')\n"
#: Random schedules switch more often than is needed.
RACE = """
def test_it(counter, run_concurrent):
    def work():
        for _ in range(3):
            counter.increment()
    run_concurrent(work)
    assert counter.value == 6
"""
#: Fails for the third time, after the search and the repetition, where shrinking begins; from then on it does more.
WHEN_SHRINKING = """
failed = []
came_to_it = []

def test_it(counter, run_concurrent):
    if len(failed) >= 3:
        came_to_it.append(1)
        DOES
    run_concurrent(counter.increment)
    if counter.value != 2:
        failed.append(1)
        raise ValueError("lost an update")

def test_after(counter, run_concurrent):
    run_concurrent.together(int, str)
    assert came_to_it
"""


def test_a_random_schedule_becomes_one_of_one_context_switch(run, report):
    done = run(MARK + RACE, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["preemptions"] == 1 < finding["shrunk_from"]
    assert finding["shrink_seconds"] > 0
    # It is wrapped at 80 columns.
    found = f"(random walk, seed 1, 1 preemption, shrunk from {finding['shrunk_from']} preemptions)."
    assert found in done.text.replace("\n", " ")
    run(None, *done.command[1:]).result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


@pytest.mark.parametrize("by_ini", [False, True])
def test_it_can_be_turned_off(run, report, pytester, by_ini):
    if by_ini:
        pytester.makeini("[pytest]\ninterleave_shrink_seconds = 0\n")
    options = () if by_ini else ("--interleave-shrink-seconds=0",)
    done = run(MARK + RACE, "--interleave-json=report.json", *options)
    done.result.assert_outcomes(failed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["preemptions"] == finding["shrunk_from"] > 1
    done.result.stdout.fnmatch_lines([f"*(random walk, seed 1, {finding['preemptions']} preemptions)."])
    again = run(None, *done.command[1:])
    again.result.stdout.fnmatch_lines([f"Replayed from token ({finding['preemptions']} preemptions)."])


@pytest.mark.parametrize("given", ["-1", "nan", "inf", "soon", ""])
def test_what_is_no_time(refused, given):
    assert refused(f"--interleave-shrink-seconds={given}") == (
        f"--interleave-shrink-seconds (ini: interleave_shrink_seconds): {given!r} is not a number of seconds (>= 0)"
    )


@thorough
def test_another_failure_on_the_way_is_not_taken_for_it(run, report):
    source = """
def test_it(counter, run_concurrent):
    seen = []
    def work():
        for _ in range(3):
            counter.increment()
        seen.append(counter.value)
    run_concurrent(work)
    # One of the two comes first; schedules with a single switch have the other one.
    if FIRST:
        raise ValueError("lost less")
    assert counter.value == 6
"""
    for first, kind in (("counter.value == 5", "ValueError"), ("counter.value == 4", "AssertionError")):
        run(MARK + source.replace("FIRST", first), "--interleave-json=report.json", "-p", "no:cacheprovider")
        finding = report()["tests"][0]["finding"]
        found = finding["message"].partition(":")[0]
        off = "--interleave-shrink-seconds=0"
        run(None, "--interleave-json=report.json", "-p", "no:cacheprovider", off)
        assert report()["tests"][0]["finding"]["message"].partition(":")[0] == found
        token = Token.parse(finding["token"])
        again = run(None, f"--interleave-replay={token}", "--interleave-json=report.json")
        again.result.assert_outcomes(failed=1)
        assert report()["tests"][0]["finding"]["message"].partition(":")[0] == found, kind


def test_only_what_the_last_execution_gives_is_in_the_report(run, pytester):
    source = """
import itertools, logging, sys

executions = itertools.count(1)

def test_it(counter, run_concurrent, tmp_path, caplog, record_property):
    number = next(executions)
    print("printed", number)
    print("printed to stderr", number, file=sys.stderr)
    os.write(1, b"written %d\\n" % number)
    logging.getLogger().warning("logged %s", number)
    record_property("number", number)
    assert os.listdir(tmp_path) == []
    assert len(caplog.records) == 1
    (tmp_path / "file").touch()
    def work():
        for _ in range(3):
            counter.increment()
    run_concurrent(work)
    assert counter.value == 6
"""
    for capture in ("fd", "sys"):
        done = run(MARK + source, f"--capture={capture}", "--junitxml=junit.xml", "-p", "no:cacheprovider")
        done.result.assert_outcomes(failed=1)
        for start in ("printed ", "printed to stderr ", "WARNING  root:test_it.py", "written "):
            wanted = 1 if start != "written " or capture == "fd" else None
            lines = done.lines(start)
            # Of "printed" and "printed to stderr" both begin with "printed".
            lines = [line for line in lines if line.startswith("printed to") == start.startswith("printed to")]
            assert wanted is None or len(lines) == wanted, (start, done.text)
        last = done.lines("printed to stderr ")[0].split()[-1]
        assert done.lines(f"printed {last}")
        xml = pytester.path.joinpath("junit.xml").read_text("utf-8")
        assert xml.count('name="number"') == 1
        assert f'name="number" value="{last}"' in xml


@thorough
def test_a_test_that_changes_while_it_is_shrunk_fails_as_it_did(run, report, write):
    changes = [
        "pytest.skip('not now')",
        "pytest.xfail('not now')",
        "raise SystemExit(3)",
        "raise OSError",
        "counter.increment()",
        "threading.Thread(target=pytest.skip, args=('not now',)).start()",
        "assert counter is None",
    ]
    write(*(MARK + WHEN_SHRINKING.replace("DOES", does) for does in changes))
    done = run(None, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=len(changes), passed=len(changes))
    assert "INTERNALERROR" not in done.text
    findings = {row["nodeid"]: row["finding"] for row in report()["tests"] if row["nodeid"].endswith("::test_it")}
    assert len(findings) == len(changes)
    for nodeid, finding in findings.items():
        assert (finding["kind"], finding["message"]) == ("test failure", "ValueError: lost an update"), nodeid
        assert len(done.lines(f"pytest '{nodeid}' --interleave-replay={finding['token']}")) == 1
    assert len(done.lines("E           ValueError: lost an update")) == len(changes)


def test_a_time_limit_that_is_over_while_shrinking_ends_it(run, report):
    does = "import signal; signal.raise_signal(signal.SIGALRM)"
    source = MARK + WHEN_SHRINKING.replace("DOES", does) + "    assert len(came_to_it) == 1\n"
    done = run(
        source, "-p", "pytest_timeout", "--timeout=600", "--timeout-method=signal", "--interleave-json=report.json"
    )
    done.result.assert_outcomes(failed=1, passed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["message"] == "ValueError: lost an update"
    assert finding["repeatable"]
    assert token_in(done.text) == finding["token"]


def test_a_time_limit_that_is_over_when_it_is_run_again(run, report, write):
    does = "import signal; signal.raise_signal(signal.SIGALRM)"
    source = MARK + WHEN_SHRINKING.replace("DOES", does)
    write(*(source.replace(">= 3", f">= {executions}") for executions in (1, 2)))
    done = run(
        None, "-p", "pytest_timeout", "--timeout=600", "--timeout-method=signal", "--interleave-json=report.json"
    )
    done.result.assert_outcomes(failed=2, passed=2)
    messages = [row["finding"]["message"] for row in report()["tests"] if row["nodeid"].endswith("::test_it")]
    assert messages == ["ValueError: lost an update"] * 2
    assert "depends on something besides the schedule" not in done.text


@pytest.mark.parametrize(
    ("does", "ends"),
    [
        ("import signal; signal.raise_signal(signal.SIGINT)", "KeyboardInterrupt"),
        ("pytest.exit('enough')", "enough"),
        ("run_concurrent(pytest.exit, 'enough')", "enough"),
    ],
)
@pytest.mark.parametrize("executions", some([1, 3], 1))
def test_what_ends_the_session_while_shrinking_ends_it_after_the_report(run, does, ends, executions):
    source = WHEN_SHRINKING.replace("DOES", does).replace(">= 3", f">= {executions}")
    done = run(MARK + source)
    done.result.assert_outcomes(failed=1)
    assert done.result.ret == pytest.ExitCode.INTERRUPTED
    done.result.stdout.fnmatch_lines([f"!!!* Interrupted: {ends} !!!*"])
    assert "ValueError: lost an update" in done.text
    assert done.command[1] == "test_it.py::test_it"
    # And it is remembered.
    again = run(None, "-k", "test_it", "-x")
    again.result.stdout.fnmatch_lines(["Found in schedule 1 of * (failed in an earlier run*"])


def test_a_teardown_that_fails_after_a_finding_is_an_error_besides(run, report):
    source = (
        MARK
        + """
@pytest.fixture
def checked(counter):
    yield counter
    if counter.value != 2:
        raise OSError("checked in teardown")

def test_it(checked, run_concurrent):
    run_concurrent(checked.increment)
    assert checked.value == 2
"""
    )
    done = run(source, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1, errors=1)
    assert "checked in teardown" in done.text
    finding = report()["tests"][0]["finding"]
    assert finding["message"].startswith("AssertionError: assert 1 == 2")
    run(None, *done.command[1:]).result.assert_outcomes(failed=1, errors=1)


def test_without_capture(run):
    done = run(MARK + RACE, "-s")
    done.result.assert_outcomes(failed=1)
    assert len(done.lines("pytest '")) == 1

"""The section of the summary, and what other reports say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from pytest_interleave.explore import Token

from .conftest import XDIST
from .sources import fragile

SOURCE = """
MARK = pytest.mark.concurrency(seconds=None, schedules=40)
@MARK
def test_fails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@MARK
def test_passes(counter, run_concurrent):
    run_concurrent(counter.increment)

@MARK
def test_small(run_concurrent):
    run_concurrent.together(int, str)

@MARK
def test_alone(counter):
    counter.increment()

def test_unmarked():
    pass
"""


def section(text):
    """The lines of the section `interleave`."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if re.fullmatch("=+ interleave =+", line))
    end = next(number for number, line in enumerate(lines) if number > begin and line.startswith("=="))
    return lines[begin + 1 : end]


def told(text):
    return [re.sub(r", [0-9.]+ s\b", "", line) for line in section(text)]


def test_only_what_wants_a_look_is_told(run):
    done = run(SOURCE, verbose=False)
    done.result.assert_outcomes(failed=1, passed=4, warnings=1)
    fails, alone, rest = told(done.text)
    assert re.fullmatch(r"test_it.py::test_fails: \d+ schedules, \d+ distinct: test failure", fails)
    assert alone == "test_it.py::test_alone: 1 schedule, 1 distinct (nothing to interleave)"
    assert re.fullmatch(r"2 other tests: \d+ schedules, nothing found; 2 of 2 exhausted \(-v has each of them\)", rest)
    assert len(told(run(None).text)) == 4
    assert "= interleave =" not in run(None, "-q", verbose=False).text


def test_where_all_is_well_there_is_one_line(run):
    done = run(SOURCE, "-k", "passes or small", verbose=False)
    (line,) = told(done.text)
    assert re.fullmatch(r"2 tests: \d+ schedules, nothing found; 2 of 2 exhausted \(-v has each of them\)", line)
    one = run(SOURCE, "-k", "small", verbose=False)
    (line,) = told(one.text)
    assert re.match(r"1 test: \d+ schedules, nothing found; 1 of 1 exhausted", line)


def test_there_is_none_without_marked_tests(run):
    assert "= interleave =" not in run(SOURCE, "-k", "unmarked").text


def test_what_did_not_come_to_its_end_wants_a_look(run):
    done = run(
        SOURCE
        + fragile(time=2, does="raise OSError('no more')", ends=False)
        + """
@MARK
def test_fixture(fragile, counter, run_concurrent):
    run_concurrent(counter.increment)
""",
        "-k",
        "fixture or small",
        verbose=False,
    )
    fixture, rest = told(done.text)
    assert re.fullmatch(r"test_it.py::test_fixture: .*\(a fixture failed, of 40\)", fixture)
    assert rest.startswith("1 other test: ")


def test_under_xdist(run):
    done = run(SOURCE, *XDIST, verbose=False)
    done.result.assert_outcomes(failed=1, passed=4, warnings=1)
    first, *rest = told(done.text)
    assert first == "seed 1"
    assert len(rest) == 3
    assert rest[-1].startswith("2 other tests: ")


def test_in_a_plain_log_the_command_is_one_line(run, monkeypatch):
    """Of 80 columns, which is what there is without a terminal."""
    monkeypatch.setenv("CI", "true")
    name = "test_" + "a_long_name_" * 12
    done = run(SOURCE.replace("test_fails", name), "-k", "long_name")
    done.result.assert_outcomes(failed=1, deselected=4)
    (line,) = done.lines("pytest '")
    assert re.fullmatch(rf"pytest 'test_it.py::{name}' --interleave-replay=[\w-]+", line)
    assert run(None, *done.command[1:]).result.ret == 1


def test_junit(run, pytester):
    source = r"""
@pytest.mark.concurrency(seconds=None)
@pytest.mark.parametrize("text", ["a\0b", "\ufffe", "<&>]]>", "\x1b[31m"])
def test_it(text, counter, run_concurrent, record_property):
    record_property("text", text.encode("utf-8", "replace").decode())
    print(text.encode("ascii", "replace"))
    run_concurrent(counter.increment)
    assert counter.value == 2, text

@pytest.mark.concurrency
def test_passes(run_concurrent):
    run_concurrent.together(int, str)
"""
    for options in ((), XDIST):
        done = run(source, "--junitxml=junit.xml", *options)
        done.result.assert_outcomes(failed=4, passed=1)
        cases = ElementTree.parse(pytester.path / "junit.xml").getroot().findall(".//testcase")
        assert len(cases) == 5
        for case in cases:
            properties = [(one.attrib["name"], one.attrib["value"]) for one in case.findall("properties/property")]
            ours = [(name, value) for name, value in properties if name.startswith("interleave_")]
            figures = dict(ours)
            assert len(figures) == len(ours)
            assert int(figures["interleave_schedules"]) >= 1
            assert figures["interleave_coverage"]
            if case.attrib["name"] == "test_passes":
                assert set(figures) == {"interleave_schedules", "interleave_coverage", "interleave_status"}
                assert figures["interleave_status"] == "exhausted"
            else:
                assert figures["interleave_finding"] == "test failure"
                assert str(Token.parse(figures["interleave_token"])) == figures["interleave_token"]
                assert f"--interleave-replay={figures['interleave_token']}" in case.find("failure").text


def test_short_summaries_and_durations(run):
    done = run(SOURCE, "-rA", "--durations=3", "--durations-min=0", verbose=False)
    done.result.assert_outcomes(failed=1, passed=4, warnings=1)
    assert len(done.lines("PASSED test_it.py::test_passes")) == 1
    assert len(done.lines("FAILED test_it.py::test_fails - assert 1 == 2")) == 1
    done.result.stdout.fnmatch_lines(["*slowest 3 durations*", "*s call *test_it.py::test_*"])


def test_without_a_terminal(run, report):
    done = run(SOURCE, "-p", "no:terminal", "--interleave-json=report.json", verbose=False)
    assert done.result.ret == 1
    assert "Traceback" not in done.text
    assert len(report()["tests"]) == 4

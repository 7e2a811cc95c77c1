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


def reported(text):
    """The lines without times."""
    return [re.sub(r", [0-9.]+ s\b", "", line) for line in section(text)]


def test_only_tests_that_need_attention_have_a_line(run):
    done = run(SOURCE, verbose=False)
    done.result.assert_outcomes(failed=1, passed=4, warnings=1)
    fails, alone, rest = reported(done.text)
    assert re.fullmatch(r"FAILED test_it.py::test_fails  .+ \(schedule \d+ of up to 40\)", fails)
    assert alone == "PASSED test_it.py::test_alone  nothing to interleave (1 schedule)"
    assert re.fullmatch(r"2 other tests passed: \d+ schedules, 2 exhaustive \(-v lists them\)", rest)
    assert len(reported(run(None).text)) == 4
    assert "= interleave =" not in run(None, "-q", verbose=False).text


def test_tests_that_need_no_attention_have_one_line(run):
    done = run(SOURCE, "-k", "passes or small", verbose=False)
    (line,) = reported(done.text)
    assert re.fullmatch(r"2 tests passed: \d+ schedules, 2 exhaustive \(-v lists them\)", line)
    one = run(SOURCE, "-k", "small", verbose=False)
    (line,) = reported(one.text)
    assert re.fullmatch(r"1 test passed: \d+ schedules, 1 exhaustive \(-v lists it\)", line)


def test_there_is_none_without_marked_tests(run):
    assert "= interleave =" not in run(SOURCE, "-k", "unmarked").text


def test_a_search_that_is_cut_short_needs_attention(run):
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
    fixture, rest = reported(done.text)
    assert re.fullmatch(r"FAILED test_it.py::test_fixture  .*\(fixture error at \d of 40 schedules\)", fixture)
    assert rest.startswith("1 other test passed: ")


def test_under_xdist(run):
    done = run(SOURCE, *XDIST, verbose=False)
    done.result.assert_outcomes(failed=1, passed=4, warnings=1)
    first, *rest = reported(done.text)
    assert first == "seed 1"
    assert len(rest) == 3
    assert rest[-1].startswith("2 other tests passed: ")


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
                assert figures["interleave_status"] == "exhaustive"
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


FAILURES = """
MARK = pytest.mark.concurrency(seconds=None, schedules=40)
@MARK
def test_fails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@MARK
@pytest.mark.xfail
def test_xfails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@MARK
@pytest.mark.xfail(strict=True)
def test_passes_unexpectedly(counter, run_concurrent):
    run_concurrent(counter.increment)

@pytest.fixture
def late():
    yield
    raise OSError("late")

@pytest.mark.concurrency(schedules=1)
def test_teardown(late, run_concurrent):
    run_concurrent(int)
"""


def test_expected_failures_say_so(run, pytester):
    done = run(FAILURES, "--junitxml=junit.xml", "--interleave-markdown=report.md", "--interleave-html=report.html")
    lines = reported(done.text)
    assert re.fullmatch(r"FAILED test_it.py::test_fails  lost update on .* \(schedule \d+ of up to 40\)", lines[0])
    expected = r"XFAILED test_it.py::test_xfails  expected failure: lost update on .* \(schedule \d+ of up to 40\)"
    assert re.fullmatch(expected, lines[1])
    unexpected = "FAILED test_it.py::test_passes_unexpectedly  no finding; exhaustive: all 4 interleavings ("
    assert lines[2].startswith(unexpected)
    assert lines[3] == "FAILED test_it.py::test_teardown  teardown failure (schedule 1 of up to 1)"
    assert "| expected failure: `Lost update on " in (pytester.path / "report.md").read_text("utf-8")
    page = (pytester.path / "report.html").read_text("utf-8")
    assert '<span class="said">expected failure: lost update on ' in page
    cases = ElementTree.parse(pytester.path / "junit.xml").getroot().findall(".//testcase")
    found = {
        case.attrib["name"]: {one.attrib["name"]: one.attrib["value"] for one in case.findall("properties/property")}
        for case in cases
    }
    findings = {name: figures.get("interleave_finding") for name, figures in found.items()}
    assert findings == {
        "test_fails": "test failure",
        # JUnit calls it skipped.
        "test_xfails": "test failure",
        "test_passes_unexpectedly": None,
        "test_teardown": "teardown failure",
    }
    assert "skipped" in {child.tag for case in cases if case.attrib["name"] == "test_xfails" for child in case}
    for name, figures in found.items():
        assert ("interleave_token" in figures) is (findings[name] is not None)
        assert figures["interleave_status"]


def test_failures_are_never_among_the_others(run):
    (line, rest) = reported(run(FAILURES, "-k", "unexpectedly or xfails", verbose=False).text)[::-1]
    assert "test_passes_unexpectedly" in line
    assert "test_xfails" in rest


def test_styles_of_tracebacks(run):
    """If pytest shows no reports, the summary has the commands."""
    command = "pytest 'test_it.py::test_fails' --interleave-replay="
    for style, lines in (("no", 1), ("line", 1), ("native", 0), ("short", 0)):
        done = run(FAILURES, "-k", "fails", f"--tb={style}", verbose=False)
        assert len(done.lines(f"  {command}")) == lines, style
        assert command in done.text
        # An expected failure has none.
        assert "::test_xfails' --interleave-replay" not in done.text
    quiet = run(FAILURES, "-k", "fails", "--tb=no", "-q", verbose=False)
    assert "= interleave =" not in quiet.text
    assert command not in quiet.text


def test_a_failure_that_is_no_race_says_so(run):
    done = run(
        """
@pytest.mark.concurrency(schedules=1234)
def test_it(run_concurrent):
    run_concurrent(lambda: 1 / 0, workers=1)
"""
    )
    done.result.assert_outcomes(failed=1)
    (line,) = reported(done.text)
    assert line.startswith(
        "FAILED test_it.py::test_it  probably not a race: the test fails in every schedule tried (11) "
    )
    assert line.endswith(" (schedule 1 of up to 1,234)")

"""The HTML report: the tests that it shows, and what happens if it cannot be written."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.trace import timelines

from .conftest import XDIST
from .sources import OUTCOMES

MARK = "\npytestmark = pytest.mark.concurrency(schedules=40, seconds=None)\n"

SOURCE = (
    MARK
    + """
def test_fails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2, "</script><!-- & <b>"
"""
    + OUTCOMES
    + """
def test_starts_none():
    pass
"""
)


class Page(HTMLParser):
    """What is in a page: the tests with their outcomes, and all of its text."""

    def __init__(self, text):
        super().__init__()
        self.source = text
        self.tests = {}
        self.text = ""
        self._within = []
        self._outcome = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self._within.append(tag)
        if tag == "details":
            self._nested = "data-outcome" not in dict(attributes)
            if not self._nested:
                self._outcome = dict(attributes)["data-outcome"]
                self._name = ""

    def handle_endtag(self, tag):
        # What has no end tag is over, too.
        while self._within and self._within.pop() != tag:
            pass
        if tag == "summary" and not self._nested:
            self.tests[self._name] = self._outcome

    def handle_data(self, data):
        if not {"script", "style"}.intersection(self._within):
            self.text += data
        if "h2" in self._within:
            self._name += data


@pytest.fixture
def page(pytester):
    """The page that a run with --interleave-html=report.html has written."""
    return lambda: Page((pytester.path / "report.html").read_text("utf-8"))


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_page(run, page, options):
    unmarked = "\n@pytest.fixture\ndef unused():\n    pass\n"
    done = run(SOURCE + unmarked, "--interleave-html=report.html", *options)
    done.result.assert_outcomes(failed=1, passed=2, xfailed=1, skipped=2, warnings=1)
    written = page()
    # What pytest never ran has no figures.
    assert written.tests == {
        "test_it.py::test_fails": "failed",
        "test_it.py::test_xfails": "xfailed",
        "test_it.py::test_passes": "passed",
        "test_it.py::test_skips": "skipped",
        "test_it.py::test_starts_none": "passed",
    }
    assert "1 of 5 concurrency tests failed" in written.text
    assert "seed 1" in written.text
    (command,) = done.lines("pytest 'test_it.py::test_fails' --interleave-replay=")
    assert command in written.text
    assert "AssertionError: </script><!-- & <b>" in written.text
    assert "exhaustive: all 4 interleavings" in written.text
    assert "the test starts no threads, so there is nothing to interleave" in written.text
    assert "May not replay" not in written.text


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_recorded_output_is_on_the_page(run, page, pytester, options):
    pytester.makeconftest(
        f"""
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if hasattr(report, "interleave"):
        report.interleave["_timeline"] = {timelines.lost_update().as_json()!r}
    return report
"""
    )
    run(SOURCE, "-k", "test_fails", "--interleave-html=report.html", *options)
    written = page()
    assert all(step.text in written.text for step in timelines.lost_update().evidence)
    assert written.source.count('<li class="step ') == 9


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_stress_runs_and_speed_ups(run, page, options):
    source = """
@pytest.mark.stress(threads=2, operations=5, min_success_rate=0.9)
def test_misses():
    raise ValueError("<b>never</b>")

@pytest.mark.stress(threads=2, operations=5)
def test_holds():
    pass

def test_two_runs(run_stress, measure_speedup):
    measure_speedup(int, int)
    run_stress(int, threads=2, operations=5, name="first")
    # Not even this is in the way of pytest-xdist.
    run_stress(int, threads=2, operations=5, name="\\ud800").assert_no_errors()
"""
    done = run(source, "--interleave-html=report.html", *options)
    done.result.assert_outcomes(passed=2, failed=1)
    written = page()
    assert written.tests == {
        "test_it.py::test_misses": "failed",
        "test_it.py::test_holds": "passed",
        "test_it.py::test_two_runs first": "passed",
        r"test_it.py::test_two_runs \ud800": "passed",
    }
    assert "1 of 3 concurrency tests failed" in written.text
    assert "4 stress runs, 1 missed its thresholds" in written.text
    assert "success rate 0 % (10 of 10 failed), required >= 90 %" in written.text
    assert 'raise ValueError("<b>never</b>")' in written.text
    assert re.search(r"test_it.py::test_two_runs: speed-up \d+\.\d\dx \(", written.text)


def test_an_execution_that_does_not_repeat_is_reported(run, page):
    run(
        MARK
        + """
seen = []

def test_depends(counter, run_concurrent):
    run_concurrent(counter.increment)
    seen.append(1)
    assert len(seen) != 3
""",
        "--interleave-html=report.html",
    ).result.assert_outcomes(failed=1)
    assert "Could not reproduce" in page().text


def test_a_replay_that_finds_nothing_says_why(run, page, pytester):
    token = run(SOURCE, "-k", "test_fails").command[-1]
    pytester.makeconftest("")
    changed = (
        pytester.path.joinpath("test_it.py").read_text("utf-8").replace("self.value = value + 1", "self.value += 1")
    )
    pytester.path.joinpath("test_it.py").write_text(changed, "utf-8")
    run(None, token, "--interleave-html=report.html").result.assert_outcomes(failed=1)
    written = page()
    assert written.tests == {"test_it.py::test_fails": "failed"}
    assert (
        "the test no longer runs as recorded\n(context switch 1 of 1: its line was edited or is no longer reached)."
        in written.text
    )


def test_a_run_without_marked_tests_says_so(run, page):
    run("def test_it():\n    pass\n", "--interleave-html=report.html").result.assert_outcomes(passed=1)
    written = page()
    assert written.tests == {}
    assert "No concurrency test ran" in written.text


def test_a_module_that_cannot_be_imported(run, page):
    done = run("raise ValueError", "--interleave-html=report.html")
    assert done.result.ret == pytest.ExitCode.INTERRUPTED
    assert "No concurrency test ran" in page().text


@pytest.mark.parametrize("ends", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_what_ran_before_an_interruption_is_there(run, page, ends):
    run(
        f"{SOURCE}\ndef test_ends(run_concurrent):\n    run_concurrent(int)\n    {ends}\n",
        "--interleave-html=report.html",
    )
    tests = page().tests
    assert tests["test_it.py::test_fails"] == "failed"
    assert tests["test_it.py::test_passes"] == "passed"
    assert tests["test_it.py::test_ends"] == "interrupted"


def test_the_first_failure_ends_the_run(run, page):
    run(SOURCE, "-x", "--interleave-html=report.html").result.assert_outcomes(failed=1)
    assert page().tests == {"test_it.py::test_fails": "failed"}


def test_texts_that_cannot_be_written_are_escaped(run, page):
    run(
        MARK
        + r"""
def test_odd(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2, "\ud800 \0 \x1b[31m \u202e"
""",
        "--interleave-html=report.html",
    ).result.assert_outcomes(failed=1)
    written = page()
    assert r"AssertionError: \ud800 \x00 \x1b[31m \u202e" in written.text
    assert not re.search("[\0-\x08\x0b-\x1f]", written.source)


def test_both_reports_and_an_older_page_that_is_replaced(run, page, pytester, report):
    pytester.path.joinpath("report.html").write_text("old" * 100_000)
    run(SOURCE, "--interleave-html=report.html", "--interleave-json=report.json")
    written = page()
    assert written.source.startswith("<!doctype html>")
    assert written.source.rstrip().endswith("</html>")
    assert {row["nodeid"]: row["outcome"] for row in report()["tests"]} == written.tests
    assert not any(key.startswith("_") for row in report()["tests"] for key in row)


def test_both_reports_in_one_file(run):
    said = run(SOURCE, "--interleave-html=report", "--interleave-json=./report").one_line_error()
    assert said == "--interleave-html: report is also the path of --interleave-json: choose another"


def test_reports_that_cannot_be_written_cost_no_results(run, pytester):
    pytester.mkdir("out")
    options = ("--interleave-html=out/report.html", "--interleave-json=out/report.json")
    gone = MARK + "\ndef test_it():\n    os.rmdir('out')\n\ndef test_fails():\n    assert 0\n"
    done = run(gone, *options)
    done.result.assert_outcomes(passed=1, failed=1, warnings=1)
    errors = done.lines("ERROR: --interleave-")
    assert errors == [
        f"ERROR: {option.replace('=', ': cannot write ')}: No such file or directory" for option in reversed(options)
    ]
    assert "INTERNALERROR" not in done.text
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    pytester.mkdir("out")
    alone = run(None, *options, "--deselect=test_it.py::test_fails")
    assert alone.result.ret == pytest.ExitCode.USAGE_ERROR
    pytester.mkdir("out")
    # One that can be written is written nevertheless.
    run(None, options[0], "--interleave-json=report.json", "--deselect=test_it.py::test_fails")
    assert json.loads(pytester.path.joinpath("report.json").read_text("utf-8"))["version"] == 1


def test_without_jinja_one_error_says_what_to_install(run, pytester):
    pytester.path.joinpath("jinja2.py").write_text("raise ModuleNotFoundError(\"No module named 'jinja2'\")")
    said = run(SOURCE, "--interleave-html=report.html").one_line_error()
    assert said == ("--interleave-html needs Jinja2 (No module named 'jinja2'): pip install 'pytest-interleave[html]'")
    # Without the option it is not needed.
    run(SOURCE).result.assert_outcomes(failed=1, passed=2, xfailed=1, skipped=2, warnings=1)


def test_jinja_is_imported_for_the_option_only(run):
    source = "\nimport sys\n\ndef test_it(request):\n    there = 'jinja2' in sys.modules\n    assert there is {}\n"
    run(source.format(False)).result.assert_outcomes(passed=1)
    run(source.format(True), "--interleave-html=report.html").result.assert_outcomes(passed=1)

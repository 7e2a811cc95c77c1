"""Options and ini values."""

from __future__ import annotations

import json
import os
import threading

import pytest

QUIET = """
@pytest.mark.concurrency
def test_two(counter, run_concurrent):
    assert len(run_concurrent(counter.increment)) == WORKERS

WORKERS = 2
"""


def ini(pytester, **values):
    lines = "\n".join(f"{name} = {value}" for name, value in values.items())
    pytester.makeini(f"[pytest]\n{lines}\n")


def test_schedules(run):
    done = run(QUIET, "--interleave-schedules=7")
    done.result.stdout.fnmatch_lines(["*::test_two: 7 schedules*"])


def test_schedules_ini_and_option_wins(run, pytester):
    ini(pytester, interleave_schedules=6)
    run(QUIET).result.stdout.fnmatch_lines(["*::test_two: 6 schedules*"])
    run(QUIET, "--interleave-schedules=5").result.stdout.fnmatch_lines(["*::test_two: 5 schedules*"])


@pytest.mark.parametrize("by_ini", [False, True])
def test_workers(run, pytester, by_ini):
    source = (
        QUIET.replace("WORKERS = 2", "WORKERS = 4")
        + """
def test_parties(barrier, thread_pool):
    assert barrier.parties == 4
    assert thread_pool._max_workers == 4
"""
    )
    if by_ini:
        ini(pytester, interleave_workers=4)
        done = run(source)
    else:
        done = run(source, "--interleave-workers=4")
    done.result.assert_outcomes(passed=2)


def test_strategy(run, report):
    run(QUIET, "--interleave-strategy=pct", "--interleave-json=report.json")
    assert report()["tests"][0]["strategy"] == "pct"


def test_seed_is_shown_and_fresh(run):
    seeds = set()
    for _ in range(2):
        done = run(QUIET, "--interleave-schedules=1", seed=None)
        seeds.add(done.lines("interleave: 1 concurrency test, seed ")[0])
    assert len(seeds) == 2


def test_seed_is_fixed_under_ci(run, monkeypatch):
    monkeypatch.setenv("CI", "true")
    done = run(QUIET, "--interleave-schedules=1", seed=None)
    done.result.stdout.fnmatch_lines(["interleave: 1 concurrency test, seed 0"])


def test_seed_by_ini(run, pytester):
    ini(pytester, interleave_seed=12)
    done = run(QUIET, "--interleave-schedules=1", seed=None)
    done.result.stdout.fnmatch_lines(["interleave: 1 concurrency test, seed 12"])


def test_include_widens_the_scope(run, pytester):
    # By default a directory with a pyvenv.cfg is not in scope.
    package = pytester.mkpydir("installed")
    (package / "pyvenv.cfg").touch()
    (package / "library.py").write_text(
        "class Box:\n"
        "    value = 0\n"
        "    def increment(self):\n"
        "        value = self.value\n"
        "        self.value = value + 1\n"
    )
    source = """
from installed.library import Box

@pytest.mark.concurrency
def test_box(run_concurrent):
    box = Box()
    run_concurrent(box.increment)
    assert box.value == 2
"""
    run(source).result.assert_outcomes(passed=1)
    ini(pytester, interleave_include="installed")
    run(source).result.assert_outcomes(failed=1)
    ini(pytester, interleave_include="installed/*.py")
    run(source).result.assert_outcomes(failed=1)


LOST_UPDATE = """
import pytest

class Box:
    value = 0

    def increment(self):
        value = self.value
        self.value = value + 1

@pytest.mark.concurrency
def test_box(run_concurrent):
    box = Box()
    run_concurrent(box.increment)
    assert box.value == 2
"""


@pytest.mark.parametrize("named", [True, False], ids=["by path", "by package"])
def test_tests_are_in_scope_wherever_they_are(run, pytester, monkeypatch, named):
    tests = pytester.mkdir("site-packages") / "shop_tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    (tests / "test_box.py").write_text(LOST_UPDATE)
    rootdir = pytester.mkdir("elsewhere")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tests.parent), os.environ.get("PYTHONPATH")))))
    given = (str(tests),) if named else ("--pyargs", "shop_tests")
    done = run(None, f"--rootdir={rootdir}", *given)
    done.result.assert_outcomes(failed=1)
    run(None, *done.command[1:]).result.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("--interleave-schedules=many", "*'many' is not an integer"),
        ("--interleave-schedules=0", "*must be >= 1, got 0"),
        ("--interleave-workers=0", "*must be >= 1, got 0"),
        ("--interleave-strategy=dpor", "*unknown strategy 'dpor': choose from auto, exhaustive, pct, *"),
        ("--interleave-strategy=", "*unknown strategy '': choose from auto, exhaustive, pct, *"),
        ("--interleave-seed=pi", "*'pi' is not an integer"),
        ("--interleave-json=.", "*. is a directory: give the path of a file"),
        ("--interleave-json=", "*the path is empty: give the path of a file"),
        (f"--interleave-json=report.json{os.sep}", "*is a directory: give the path of a file"),
        ("--interleave-json=nowhere/report.json", "*directory *nowhere does not exist: create it first"),
        ("--interleave-html=.", "*. is a directory: give the path of a file"),
        ("--interleave-html=", "*the path is empty: give the path of a file"),
        (f"--interleave-html=report.html{os.sep}", "*is a directory: give the path of a file"),
        ("--interleave-html=nowhere/report.html", "*directory *nowhere does not exist: create it first"),
        ("--interleave-markdown=.", "*. is a directory: give the path of a file"),
        ("--interleave-markdown=nowhere/report.md", "*directory *nowhere does not exist: create it first"),
    ],
)
def test_wrong_options(refused, option, error):
    said = refused(option)
    assert said.startswith(option.partition("=")[0])
    pytest.LineMatcher([said]).fnmatch_lines([error])


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("--interleave-schedules=many", "*'many' is not an integer"),
        ("--interleave-replay=AAAA", "*invalid token 'AAAA' (truncated[?]): *"),
        ("--interleave-replay=$$$", "*is not a token: copy the whole token from the report"),
        ("--interleave-replay=", "*invalid token '' (truncated[?]): copy it to the end of the line"),
    ],
)
def test_a_wrong_option_ends_the_run_with_one_line(run, option, error):
    said = run(QUIET, option, seed=None).one_line_error()
    assert said.startswith(option.partition("=")[0])
    pytest.LineMatcher([said]).fnmatch_lines([error])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schedules", "many"),
        ("schedules", "0"),
        ("workers", "x"),
        ("strategy", "dpor"),
        ("seed", "pi"),
        ("shrink_seconds", "soon"),
    ],
)
def test_wrong_ini_values(refused, name, value):
    said = refused(**{f"interleave_{name}": value})
    assert f"interleave_{name}" in said
    assert value in said


def test_a_wrong_ini_value_ends_the_run_with_one_line(run, pytester):
    ini(pytester, interleave_seed="pi")
    said = run(QUIET, seed=None).one_line_error()
    assert "interleave_seed" in said
    assert "pi" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unwritable here")
@pytest.mark.parametrize("kind", ["json", "html", "markdown"])
def test_unwritable_report(run, pytester, kind):
    pytester.path.joinpath(f"report.{kind}").touch(0o400)
    said = run(QUIET, f"--interleave-{kind}=report.{kind}").one_line_error()
    assert said.startswith(f"--interleave-{kind}: ")
    assert "is not writable: choose another path" in said


def test_help_has_one_group(run):
    done = run(None, "--help")
    done.result.stdout.fnmatch_lines(
        ["concurrency tests (pytest-interleave):", "*--interleave-schedules=N*", "*--interleave-json=PATH*"]
    )


def test_include_of_what_is_not_there(run, pytester):
    ini(pytester, interleave_include="threading python-socketio")
    options = ("-n2", "-p", "xdist")
    for more in ((), options):
        done = run(QUIET, *more)
        done.result.assert_outcomes(passed=1, warnings=1)
        said = "*InterleaveWarning: interleave_include: no module or package 'python-socketio'*"
        done.result.stdout.fnmatch_lines([said])
    done = run(QUIET + "\ndef test_unmarked():\n    pass\n", "-W", "error")
    done.result.assert_outcomes(passed=1, errors=1)
    assert done.refused_alone().startswith("interleave_include: no module or package ")


def test_include_is_of_no_interest_where_no_test_is_marked(run, pytester):
    ini(pytester, interleave_include="python-socketio")
    run("def test_it(): pass").result.assert_outcomes(passed=1)


def test_a_report_that_cannot_be_written_costs_no_results(run, pytester):
    pytester.mkdir("out")
    done = run(
        QUIET + "\ndef test_it():\n    os.rmdir('out')\n\ndef test_fails():\n    assert 0\n",
        "--interleave-json=out/report.json",
    )
    done.result.assert_outcomes(passed=2, failed=1)
    done.result.stdout.fnmatch_lines(
        ["*::test_two: *", "ERROR: --interleave-json: out?report.json could not be written: *"]
    )
    assert "INTERNALERROR" not in done.text
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    pytester.mkdir("out")
    alone = run(None, "--interleave-json=out/report.json", "--deselect=test_it.py::test_fails")
    assert alone.result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_report_goes_through_links_and_pipes(run, pytester):
    pytester.path.joinpath("link.json").symlink_to("target.json")
    run(QUIET, "--interleave-json=link.json")
    assert pytester.path.joinpath("link.json").is_symlink()
    assert json.loads(pytester.path.joinpath("target.json").read_text("utf-8"))["version"] == 1

    pipe = pytester.path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text("utf-8")))
    reader.start()
    run(QUIET, "--interleave-json=pipe")
    reader.join(30)
    assert json.loads(received[0])["version"] == 1
    assert pipe.is_fifo()


def test_leaks(refused):
    assert refused(interleave_leaks="loud") == ("interleave_leaks: must be warn, error or ignore, got 'loud'")

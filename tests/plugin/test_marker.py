"""The marker `concurrency`: its arguments, where it may stand, and what is said of wrong ones."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_interleave.plugin.settings._options import Options
from pytest_interleave.plugin.settings._settings import read_settings

from .sources import ONE_BY_ONE

RACY = """
@pytest.mark.concurrency({})
def test_race(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2
"""

WORKERS = """
class TestPlain:
    @pytest.mark.concurrency(workers=3)
    def test_method(self, counter):
        counter.increment()
        names.append(threading.current_thread().name)
        assert self is not None

class TestCase(unittest.TestCase):
    def setUp(self):
        self.counter = Counter()

    @pytest.mark.concurrency(workers=3)
    def test_case(self):
        self.counter.increment()
        names.append(threading.current_thread().name)

names = []

@pytest.mark.concurrency(workers=3)
def test_function(counter):
    counter.increment()
    names.append(threading.current_thread().name)

def test_names():
    assert set(names) == {"worker-0", "worker-1", "worker-2"}
    assert len(names) % 3 == 0
"""


def test_a_race_is_found(run):
    done = run(RACY.format(""))
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*1 concurrency test, seed 1",
            "*assert counter.value == 2",
            "*interleaving*",
            "Lost update on Counter.value",
            "  1. worker-? reads 0 *value = self.value",
            "* 0 -> 1 * self.value = value + 1",
            "Found in schedule * of up to 200 (*",
            "Replay this schedule:",
            "pytest 'test_it.py::test_race' --interleave-replay=*",
            "FAILED test_it.py::test_race  lost update on Counter.value (schedule * of up to 200)",
        ]
    )


def test_schedules_and_seconds_bound_the_search_and_the_summary_says_so(run):
    done = run(
        RACY.format("schedules=1")
        + """
@pytest.mark.concurrency(seconds=1e-9)
def test_quick(counter, run_concurrent):
    run_concurrent(counter.increment)
"""
    )
    done.result.assert_outcomes(passed=2)
    done.result.stdout.fnmatch_lines(
        ["PASSED test_it.py::test_race  sampled: 1 distinct interleaving, total unknown (1 schedule, * s)"]
    )
    stopped = "(stopped after 1e-09 s, 1 of 200 schedules)"
    done.result.stdout.fnmatch_lines([f"PASSED test_it.py::test_quick  sampled: * {stopped}"])


def test_every_strategy_finds_it(run, report):
    strategies = ["auto", "exhaustive", "pct", "pos", "random", "surw", "swarm", "urw"]
    tests = (
        RACY.format(f"strategy={strategy!r}, seconds=None").replace("test_race", f"test_{strategy}")
        for strategy in strategies
    )
    run("".join(tests), "--interleave-json=report.json").result.assert_outcomes(failed=len(strategies))
    rows = report()["tests"]
    assert [row["nodeid"] for row in rows] == [f"test_it.py::test_{strategy}" for strategy in strategies]
    # The first one chooses itself.
    assert [row["strategy"] for row in rows[1:]] == strategies[1:]


def test_seed_of_the_marker_wins(run, report):
    found = []
    for seed in (3, 4):
        run(RACY.format("seed=7, seconds=None"), "--interleave-json=report.json", seed=seed)
        found.append(report()["tests"][0]["finding"]["token"])
    assert found[0] == found[1]


def test_workers_run_the_body_together(run):
    done = run(WORKERS)
    done.result.assert_outcomes(passed=4)


def test_workers_share_the_fixtures(run):
    done = run(
        """
@pytest.mark.concurrency(workers=2)
def test_shared(counter):
    counter.increment()
    assert counter.value in (1, 2)
    time.sleep(1)
    assert counter.value == 2
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["*assert 1 == 2*", "Lost update on Counter.value", "Found in schedule *"])


def test_several_failing_workers_read_well(run):
    done = run(
        """
@pytest.mark.concurrency(workers=3)
def test_all():
    raise ValueError(threading.current_thread().name)

class TestCase(unittest.TestCase):
    @pytest.mark.concurrency(workers=2)
    def test_all(self):
        self.assertEqual(1, 2)
"""
    )
    done.result.assert_outcomes(failed=2)
    done.result.stdout.fnmatch_lines(
        [
            "*ExceptionGroup: 3 of 3 workers failed (3 sub-exceptions)",
            "*in test_all",
            "*ValueError: worker-0",
            "*raised in worker-0",
            "*ValueError: worker-1",
            "*ValueError: worker-2",
            "Probably not a race: the test fails in every schedule tried (11).",
        ]
    )
    done.result.stdout.no_fnmatch_line("*All traceback entries are hidden*")
    done.result.stdout.no_fnmatch_line("*pytest_interleave/*")
    done.result.stdout.fnmatch_lines(["*ExceptionGroup: 2 of 2 workers failed*", "*AssertionError: 1 != 2"])
    done.result.stdout.no_fnmatch_line("*unittest/case.py*, line *")


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        ("workers=0", "@concurrency(workers=0): must be an integer >= 1"),
        ("schedules='x'", "@concurrency(schedules='x'): must be an integer >= 1"),
        ("schedules=True", "@concurrency(schedules=True): must be an integer >= 1"),
        ("max_steps=-1", "@concurrency(max_steps=-1): must be an integer >= 1"),
        ("strategy='pcr'", "@concurrency(strategy='pcr'): choose from auto, exhaustive, pct, *"),
        ("strategy=['pct']", "@concurrency(strategy=?'pct'?): choose from auto, exhaustive, pct, *"),
        ("seed='s'", "@concurrency(seed='s'): must be an integer, or None for the seed of the run"),
        ("seconds=0", "@concurrency(seconds=0): must be a number > 0, or None for no limit"),
        ("seconds=float('nan')", "@concurrency(seconds=nan): must be a number > 0, or None for no limit"),
        ("200", "@concurrency takes keyword arguments only: write schedules=200"),
        ("'pct'", "@concurrency takes keyword arguments only: write strategy='pct'"),
        ("scheduels=1", "@concurrency has no argument 'scheduels'. Did you mean 'schedules'?"),
        (
            "colour=1",
            "@concurrency has no argument 'colour'. Its arguments are schedules, workers, *, races, timeouts.",
        ),
    ],
)
def test_wrong_arguments(arguments, mend):
    options = Options(
        schedules=200,
        workers=2,
        strategy="auto",
        seed=1,
        replay=None,
        trace=False,
        forget=False,
        shrink_seconds=2.0,
        reports={},
    )
    marker = eval(f"pytest.mark.concurrency({arguments})").mark
    item = SimpleNamespace(
        nodeid="test_it.py::test_race", iter_markers_with_node=lambda: [(None, marker)], obj=int, stash=pytest.Stash()
    )
    with pytest.raises(pytest.UsageError) as raised:
        read_settings(item, options)
    error = str(raised.value)
    assert error.startswith("@concurrency")
    assert "\n" not in error
    pytest.LineMatcher([error]).fnmatch_lines([mend])


def test_wrong_arguments_fail_the_test_with_one_line(run):
    error = run(RACY.format("workers=0")).refused_alone()
    assert error.startswith("@concurrency(workers=0): must be an integer")


def test_an_asynchronous_test_is_refused_with_what_to_do(run):
    error = run(
        """
@pytest.mark.concurrency
async def test_later():
    pass
"""
    ).refused_alone()
    assert error.startswith("@concurrency")
    assert "does not support async def tests: threads only. Write a test that starts threads, or remove " in error


def test_marked_items_that_are_no_functions_run_as_they_are(run, pytester):
    pytester.makeconftest(
        """
import pytest

class Item(pytest.Item):
    def runtest(self):
        assert self.get_closest_marker("concurrency") is not None

class File(pytest.File):
    def collect(self):
        item = Item.from_parent(self, name="text")
        item.add_marker(pytest.mark.concurrency)
        yield item

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".txt":
        return File.from_parent(parent, path=file_path)
"""
    )
    pytester.makefile(".txt", test_text="text")
    done = run(None)
    done.result.assert_outcomes(passed=1, warnings=1)
    done.result.stdout.fnmatch_lines(["*InterleaveWarning: test_text.txt::text: *not a Python function*"])


def test_marker_on_a_class_and_on_a_module(run):
    done = run(
        """
pytestmark = pytest.mark.concurrency(schedules=3)

@pytest.mark.concurrency(schedules=4)
class TestClass:
    def test_four(self, counter, run_concurrent):
        run_concurrent(counter.increment)

def test_three(counter, run_concurrent):
    run_concurrent(counter.increment)
"""
    )
    done.result.assert_outcomes(passed=2)
    done.result.stdout.fnmatch_lines(["*::test_four  * (4 schedules, *", "*::test_three  * (3 schedules, *"])


def test_is_registered_with_its_arguments(run):
    done = run(None, "--markers")
    done.result.stdout.fnmatch_lines(["@pytest.mark.concurrency(schedules=200, workers=1, strategy='auto', *"])


def test_selects_tests(run):
    done = run(
        RACY.format("schedules=1")
        + """
def test_other():
    pass
""",
        "-m",
        "concurrency",
        "--strict-markers",
    )
    done.result.assert_outcomes(passed=1, deselected=1)


def test_warns_of_a_body_in_which_no_threads_meet(run):
    done = run(
        """
@pytest.mark.concurrency
def test_alone(counter):
    counter.increment()
"""
        + ONE_BY_ONE
    )
    done.result.assert_outcomes(passed=2, warnings=2)
    done.result.stdout.fnmatch_lines(
        [
            "*InterleaveWarning: the test starts no thread*concurrency(workers=2)*",
            "*InterleaveWarning: there is nothing to interleave: *",
            "PASSED *::test_alone  nothing to interleave (1 schedule, * s)",
        ]
    )


def test_warnings_can_be_errors(run):
    done = run(
        """
@pytest.mark.concurrency
def test_alone(counter):
    counter.increment()

@pytest.mark.concurrency
def test_alone_and_wrong(counter):
    counter.increment()
    assert counter.value == 2
""",
        "-W",
        "error::pytest_interleave.InterleaveWarning",
    )
    done.result.assert_outcomes(failed=2)
    done.result.stdout.fnmatch_lines(["E   pytest_interleave.InterleaveWarning: the test starts no thread*"])
    done.result.stdout.fnmatch_lines(["*assert 1 == 2"])
    done.result.stdout.no_fnmatch_line("*INTERNALERROR*")
    done.result.stdout.no_fnmatch_line("*_runner.py*")


def test_a_marker_that_comes_late_and_is_wrong_fails_its_test_alone(run, pytester):
    pytester.makeconftest(
        """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    for item in session.items:
        if "late" in item.name:
            item.add_marker(pytest.mark.concurrency(schedules=0))
"""
    )
    done = run("def test_late(): pass\ndef test_other(): pass\n")
    done.result.assert_outcomes(errors=1, passed=1)
    done.result.stdout.fnmatch_lines(["*@concurrency(schedules=0): must be an integer >= 1"])
    assert "KeyError" not in done.text
    assert "_settings.py" not in done.text


def test_a_number_of_seconds_however_large(run):
    run(RACY.format("seconds=10**400")).result.assert_outcomes(failed=1)

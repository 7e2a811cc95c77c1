"""The schedules of one test split over several items, and over the workers of pytest-xdist."""

from __future__ import annotations

import collections
import json
import re

import pytest

from tests.thorough import some, thorough

from .conftest import XDIST
from .sources import LOST_UPDATE_OF_UNITTEST, WIDE, fragile

#: Writes down, for each item and schedule, the worker that ran it and in which order its threads came.
RECORDING = """
@pytest.fixture
def came(request):
    order = []
    yield order
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with open(f"{request.config.rootpath}/came-{worker}.txt", "a") as out:
        print(request.node.nodeid, "".join(map(str, order)), file=out)
"""

ORDER = (
    RECORDING
    + """
@pytest.mark.concurrency(schedules=42, seconds=None, strategy="random")
def test_order(came, run_concurrent):
    run_concurrent.each(lambda number: [came.append(number) for _ in range(4)], range(3))
"""
)

QUIET = """
@pytest.mark.concurrency(schedules=10, seconds=None, strategy="random")
def test_quiet(counter, run_concurrent):
    run_concurrent(counter.increment)
"""

RACY = """
@pytest.mark.concurrency(schedules=200, seconds=None)
def test_racy(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2
"""


def came(pytester):
    """By item, what its schedules were, in their order; and by worker, which items it ran. Starts over."""
    orders, workers = collections.defaultdict(list), collections.defaultdict(set)
    for path in sorted(pytester.path.glob("came-*.txt")):
        for line in path.read_text("utf-8").splitlines():
            nodeid, order = line.split(" ")
            orders[nodeid].append(order)
            workers[path.stem.removeprefix("came-")].add(nodeid)
        path.unlink()
    return dict(orders), dict(workers)


def names(done):
    """Of the items that were collected, with --collect-only -qq."""
    return [line.partition("::")[2] for line in done.lines("test_it.py::")]


EVERY_KIND = """
@pytest.mark.concurrency(schedules=10, strategy="random")
def test_function(counter, run_concurrent, tmp_path):
    assert not list(tmp_path.iterdir())
    tmp_path.joinpath("mine").touch()
    run_concurrent(counter.increment)

@pytest.mark.concurrency(schedules=10, strategy="random")
@pytest.mark.parametrize("number", [1, 2])
def test_ids(counter, run_concurrent, number):
    assert number in (1, 2)
    run_concurrent(counter.increment)

class TestClass:
    @pytest.mark.concurrency(schedules=10, strategy="random")
    def test_method(self, counter, run_concurrent):
        assert not hasattr(self, "mine")
        self.mine = 1
        run_concurrent(counter.increment)

class TestUnittest(unittest.TestCase):
    def setUp(self):
        self.counter = Counter()

    def tearDown(self):
        assert self.counter.value in (1, 2)

    @pytest.mark.concurrency(schedules=10, strategy="random", workers=2)
    def test_it(self):
        self.counter.increment()

def test_unmarked():
    pass
"""


def test_every_kind_of_test(run, report):
    listed = names(run(EVERY_KIND, "--interleave-shards=3", "--collect-only", "-qq"))
    tests = ["test_function", "test_ids[1]", "test_ids[2]", "TestClass::test_method", "TestUnittest::test_it"]
    shards = [f"[shard-{number}-of-3]" for number in (1, 2, 3)]
    assert listed == [*(test + shard for test in tests for shard in shards), "test_unmarked"]
    done = run(None, "--interleave-shards=3", "--interleave-json=report.json", "-v")
    done.result.assert_outcomes(passed=16)
    done.result.stdout.fnmatch_lines(
        [
            "interleave: 5 concurrency tests in 15 shards, seed 1",
            "test_it.py::test_ids?1??shard-2-of-3? PASSED *",
            "PASSED test_it.py::TestUnittest::test_it  sampled: * (10 schedules, 3 shards, * s)",
        ]
    )
    rows = report()["tests"]
    assert [row["nodeid"] for row in rows] == [f"test_it.py::{test}" for test in tests]
    assert {(row["outcome"], row["schedules"], row["shards"], row["shards_run"]) for row in rows} == {
        ("passed", 10, 3, 3)
    }
    assert {len(row) for row in rows} == {15}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["test_it.py::test_ids"], ["test_ids[1]", "test_ids[2]"]),
        (
            [f"test_it.py::{name}" for name in ("test_ids[2]", "TestClass::test_method", "TestUnittest::test_it")],
            ["test_ids[2]", "TestClass::test_method", "TestUnittest::test_it"],
        ),
        (
            ["-m", "concurrency", "-k", "TestClass or test_ids and not test_ids[1]"],
            ["test_ids[2]", "TestClass::test_method"],
        ),
        (
            [f"--deselect=test_it.py::{name}" for name in ("test_ids[1]", "Test", "test_function", "test_unmarked")],
            ["test_ids[2]"],
        ),
    ],
    ids=["all sets of parameters", "node ids", "expressions", "deselected"],
)
def test_the_names_of_tests_still_select_them(run, options, wanted):
    listed = names(run(EVERY_KIND, "--interleave-shards=2", "--collect-only", "-qq", *options))
    assert listed == [f"{test}[shard-{number}-of-2]" for test in wanted for number in (1, 2)]


def test_one_shard_can_be_asked_for(run, report):
    shard = "test_it.py::TestUnittest::test_it[shard-2-of-3]"
    done = run(EVERY_KIND, "--interleave-shards=3", "--interleave-json=report.json", shard, "-v")
    done.result.assert_outcomes(passed=1)
    done.result.stdout.fnmatch_lines(["PASSED *::test_it  * (3 schedules, 1 of 3 shards, * s)"])
    (row,) = report()["tests"]
    assert (row["shards"], row["shards_run"]) == (3, 1)
    assert names(run(None, "--interleave-shards=3", "--collect-only", "-qq", "-k", "shard-1-of-3 and ids")) == [
        "test_ids[1][shard-1-of-3]",
        "test_ids[2][shard-1-of-3]",
    ]


def test_schedules_add_up_and_are_others_in_each_shard(run, pytester):
    run(ORDER).result.assert_outcomes(passed=1)
    (alone,) = came(pytester)[0].values()
    run(None, "--interleave-shards=4").result.assert_outcomes(passed=4)
    shards, _ = came(pytester)
    # The first schedule is run twice, to see whether the test does the same again.
    assert [len(orders) - 1 for orders in shards.values()] == [11, 11, 10, 10]
    assert all(orders[0] == orders[1] for orders in shards.values())
    first, *others = shards.values()
    assert first == alone[:12]
    assert len({tuple(orders[:11]) for orders in [first, *others]}) == 4
    # The same on another day, and in any worker.
    run(None, "--interleave-shards=4", *XDIST).result.assert_outcomes(passed=4)
    again, workers = came(pytester)
    assert again == shards
    assert sorted(workers) == ["gw0", "gw1"]


def test_more_shards_than_schedules(run, report):
    run(QUIET, "--interleave-shards=1000", "--interleave-json=report.json").result.assert_outcomes(passed=10)
    (row,) = report()["tests"]
    assert (row["schedules"], row["shards"]) == (10, 10)


def test_one_shard_changes_nothing(run, report):
    run(EVERY_KIND, "--interleave-json=report.json").result.assert_outcomes(passed=6)
    without = report()["tests"]
    for option in ("--interleave-shards=1", "--interleave-shards=auto"):
        text = run(None, option, "--interleave-json=report.json", "-v").text
        assert "[shard-" not in text
        assert not re.search(r"\d shards", text)
        assert [{**row, "seconds": 0} for row in report()["tests"]] == [{**row, "seconds": 0} for row in without]


def test_auto_is_as_many_as_there_are_workers(run, report, pytester):
    run(ORDER, "--interleave-shards=auto", "--interleave-json=report.json", *XDIST).result.assert_outcomes(passed=2)
    (row,) = report()["tests"]
    assert (row["schedules"], row["shards"]) == (42, 2)
    assert [len(items) for items in came(pytester)[1].values()] == [1, 1]


def test_by_ini(run, pytester):
    pytester.makeini("[pytest]\ninterleave_shards = 3\n")
    run(QUIET).result.assert_outcomes(passed=3)
    run(QUIET, "--interleave-shards=2").result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "must be >= 1, got 0 (auto: one per pytest-xdist worker)"),
        ("many", "'many' is not an integer (auto: one per pytest-xdist worker)"),
        ("1.5", "'1.5' is not an integer (auto: *"),
        ("", "'' is not an integer (auto: *"),
    ],
)
def test_wrong_values(refused, value, said):
    pytest.LineMatcher([refused(f"--interleave-shards={value}")]).fnmatch_lines(
        [f"--interleave-shards (ini: interleave_shards): {said}"]
    )


def test_a_wrong_value_is_one_error_with_workers_too(run):
    for options in ((), XDIST):
        told = run(QUIET, "--interleave-shards=0", *options).one_line_error()
        assert told.startswith("--interleave-shards (ini: interleave_shards): must be >= 1, got 0")


def test_exhaustive_search_and_tests_that_are_to_fail_are_not_split(run, report):
    done = run(
        """
@pytest.mark.concurrency(strategy="exhaustive")
def test_exhaustive(counter, run_concurrent):
    run_concurrent(counter.increment)

@pytest.mark.concurrency
@pytest.mark.xfail(strict=True)
def test_xfail(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@unittest.expectedFailure
class TestWhole(unittest.TestCase):
    @pytest.mark.concurrency(workers=2)
    def test_it(self):
        assert False

class TestMethod(unittest.TestCase):
    @pytest.mark.concurrency(workers=2)
    @unittest.expectedFailure
    def test_it(self):
        assert False
""",
        "--interleave-shards=4",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(passed=1, xfailed=3)
    assert all("shards" not in row for row in report()["tests"])


def test_a_tiny_test_is_exhaustive_in_every_shard(run, report):
    done = run(
        """
@pytest.mark.concurrency(schedules=2000, seconds=None)
def test_tiny(counter, run_concurrent):
    run_concurrent(counter.increment)
""",
        "--interleave-shards=4",
        "--interleave-json=report.json",
    )
    (row,) = report()["tests"]
    assert row["exhaustive"]
    assert row["schedules"] < 4 * 30
    schedules = f"{row['schedules']} schedules, 4 shards"
    done.result.stdout.fnmatch_lines([f"PASSED *::test_tiny  exhaustive: all 4 interleavings ({schedules}, * s)"])


@thorough
def test_only_the_first_shard_searches_through_more(run, report):
    source = """
@pytest.mark.concurrency(schedules=3000, seconds=None)
def test_five(run_concurrent):
    lock = threading.Lock()
    def work():
        for _ in range(5):
            with lock:
                pass
    run_concurrent(work)
"""
    run(source, "--interleave-shards=2", "--interleave-json=report.json").result.assert_outcomes(passed=2)
    (row,) = report()["tests"]
    assert row["coverage"]["text"] == "exhaustive: all 252 interleavings"
    for number in (1, 2):
        run(None, "--interleave-shards=2", "--interleave-json=report.json", "-k", f"shard-{number}-of-2")
        (alone,) = report()["tests"]
        assert alone["exhaustive"] is (number == 1)
        assert (alone["schedules"] == 1500) is (number == 2)


@thorough
def test_a_finding_is_that_of_the_whole_test(run, report):
    done = run(RACY, "--interleave-shards=2", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=2)
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    done.result.stdout.fnmatch_lines(["FAILED *::test_racy  lost update on * (schedule * of its shard, 2 shards)"])
    done.result.stdout.fnmatch_lines(["____* test_racy?shard-1-of-2? ____*"])
    (row,) = report()["tests"]
    assert (row["nodeid"], row["outcome"]) == ("test_it.py::test_racy", "failed")
    assert 1 <= row["found_at"] < row["schedules"]
    assert row["finding"]["token"] in done.text
    assert done.command[1] == "test_it.py::test_racy"
    # Whether or not tests are split: this one is not, then.
    for options in ((), ("--interleave-shards=4",), ("--interleave-shards=auto", *XDIST)):
        again = run(None, *done.command[1:], *options)
        again.result.assert_outcomes(failed=1)
        again.result.stdout.fnmatch_lines(["Replayed from token*"])
        assert again.command == done.command


@thorough
def test_a_finding_of_a_test_with_an_id_and_of_unittest(run):
    done = run(
        """
@pytest.mark.concurrency
@pytest.mark.parametrize("much", ["a b", "c"])
def test_ids(counter, run_concurrent, much):
    run_concurrent(counter.increment)
    assert counter.value == 2 or much == "c"

"""
        + LOST_UPDATE_OF_UNITTEST.replace("MARK", "@pytest.mark.concurrency"),
        "--interleave-shards=2",
    )
    done.result.assert_outcomes(failed=4, passed=2)
    commands = set(done.lines("pytest '"))
    assert {command.partition(" --")[0] for command in commands} == {
        "pytest 'test_it.py::test_ids[a b]'",
        "pytest 'test_it.py::TestCase::test_it'",
    }
    for command in commands:
        nodeid, token = command.removeprefix("pytest '").split("' ")
        again = run(None, nodeid, token)
        again.result.assert_outcomes(failed=1)
        again.result.stdout.fnmatch_lines(["Replayed from token*"])


@thorough
def test_what_failed_before_is_tried_by_the_first_shard_alone(run, pytester):
    done = run(
        RACY.replace("counter.value == 2", "counter.value == 2 or os.path.exists('mended')"), "--interleave-shards=2"
    )
    done.result.assert_outcomes(failed=2)
    pytester.path.joinpath("mended").touch()
    remembered = pytester.path / ".pytest_cache" / "d" / "interleave" / "failures.json"
    for number, passes in ((2, 0), (1, 1)):
        run(None, "--interleave-shards=2", "-k", f"shard-{number}-of-2").result.assert_outcomes(passed=1)
        failures = json.loads(remembered.read_text("utf-8"))["failures"]
        assert [one["passes"] for one in failures["test_it.py::test_racy"]] == [passes]


def test_what_is_only_pinned_is_not_split(run, token_of):
    token = token_of(RACY)
    pinned = RACY.replace("concurrency(schedules=200, seconds=None)", f"interleaving('{token}')")
    done = run(pinned, "--interleave-shards=4")
    done.result.assert_outcomes(failed=1)
    again = run(RACY.replace("@pytest", f"@pytest.mark.interleaving('{token}')\n@pytest"), "--interleave-shards=2")
    again.result.assert_outcomes(failed=2)
    assert token in again.text


IN_ONE = """
@pytest.mark.concurrency(schedules=12, seconds=None, strategy="random")
def test_it(request, run_concurrent):
    run_concurrent(int)
    assert "shard-3" not in request.node.name
"""


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_one_failing_shard_fails_the_test(run, report, options):
    done = run(IN_ONE, "--interleave-shards=4", "--interleave-json=report.json", *options)
    done.result.assert_outcomes(failed=1, passed=3)
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    done.result.stdout.fnmatch_lines(["FAILED test_it.py::test_it?shard-3-of-4? *"])
    (row,) = report()["tests"]
    assert (row["outcome"], row["found_at"], row["schedules"], row["shards_run"]) == ("failed", 1, 10, 4)
    again = run(None, "--interleave-shards=4", "--lf", "-p", "cacheprovider")
    again.result.assert_outcomes(failed=1)


def test_a_failing_teardown_is_that_of_its_shard(run, report):
    done = run(
        """
ended = []

@pytest.fixture
def fragile(request):
    yield
    ended.append(request.node.name)
    # That of the second shard's last execution: its only schedule, run a second time.
    assert "shard-2" not in request.node.name or ended.count(request.node.name) < 2

@pytest.mark.concurrency(schedules=3, seconds=None, strategy="random")
def test_it(fragile, run_concurrent):
    run_concurrent(int)
""",
        "--interleave-shards=3",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(passed=3, errors=1)
    (row,) = report()["tests"]
    assert (row["outcome"], row["schedules"], row["finding"]["kind"]) == ("failed", 3, "teardown failure")


CRASH = (
    QUIET
    + """
@pytest.mark.concurrency(schedules=8, seconds=None, strategy="random")
def test_crash(request, run_concurrent):
    run_concurrent(int)
    if "shard-2-of-4" in request.node.name or "NO_SHARDS" in os.environ:
        os._exit(3)
"""
)


def test_a_worker_that_dies_takes_no_results_with_it(run, report):
    done = run(CRASH, "--interleave-shards=4", "--interleave-json=report.json", *XDIST)
    done.result.assert_outcomes(failed=1, passed=7)
    rows = {row["nodeid"].partition("::")[2]: row for row in report()["tests"]}
    assert {name: (row["outcome"], row["schedules"], row["shards_run"]) for name, row in rows.items()} == {
        "test_quiet": ("passed", 10, 4),
        "test_crash": ("failed", 6, 3),
    }
    done.result.stdout.fnmatch_lines(["FAILED *::test_crash  no finding; * (6 schedules, 3 of 4 shards, * s)"])


def test_a_worker_that_dies_without_shards(run, report, monkeypatch):
    monkeypatch.setenv("NO_SHARDS", "1")
    done = run(CRASH, "--interleave-json=report.json", *XDIST)
    done.result.assert_outcomes(failed=1, passed=1)
    assert [row["nodeid"] for row in report()["tests"]] == ["test_it.py::test_quiet"]


TWO_CLASSES = (
    RECORDING
    + WIDE
    + """
@pytest.fixture(scope="class")
def shared(wide):
    made.append("shared")
    yield
    made.append("shared gone")

class TestOne:
    @pytest.mark.concurrency(schedules=9, seconds=None, strategy="random")
    def test_first(self, shared, came, run_concurrent):
        run_concurrent(int)

    @pytest.mark.concurrency(schedules=9, seconds=None, strategy="random")
    def test_second(self, shared, came, run_concurrent):
        run_concurrent(int)

class TestTwo:
    @pytest.mark.concurrency(schedules=9, seconds=None, strategy="random")
    def test_it(self, shared, came, run_concurrent):
        run_concurrent(int)
"""
)


def test_wide_fixtures_are_made_once_for_all_shards(run):
    done = run(
        TWO_CLASSES + "\ndef test_made():\n    assert made == ['wide', *['shared', 'shared gone'] * 2]\n",
        "--interleave-shards=3",
    )
    done.result.assert_outcomes(passed=10)


@pytest.mark.parametrize("dist", some(["loadscope", "loadgroup", "worksteal"], 1))
def test_ways_to_distribute(run, report, pytester, dist):
    options = ("--interleave-shards=3", "--interleave-json=report.json", *XDIST, f"--dist={dist}")
    done = run(TWO_CLASSES, *options)
    done.result.assert_outcomes(passed=9)
    assert [row["schedules"] for row in report()["tests"]] == [9, 9, 9]
    orders, workers = came(pytester)
    assert sum(len(each) - 1 for each in orders.values()) == 27
    assert sum(map(len, workers.values())) == 9
    if dist == "loadscope":
        # A class stays together.
        assert sorted(len(items) for items in workers.values()) == [3, 6]


@thorough
def test_a_group_of_xdist_is_no_part_of_a_test(run, report):
    source = RACY.replace("def test_racy", '@pytest.mark.xdist_group("one")\ndef test_racy')
    for options in ((), ("--interleave-shards=2",)):
        done = run(source, *XDIST, "--dist=loadgroup", "--interleave-json=report.json", *options)
        (row,) = report()["tests"]
        assert row["nodeid"] == "test_it.py::test_racy"
        assert done.command[1] == "test_it.py::test_racy"
        run(None, *done.command[1:]).result.assert_outcomes(failed=1)


@thorough
def test_tests_that_are_marked_by_a_conftest(run, report, pytester):
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.get_closest_marker("threads"):
                    item.add_marker(pytest.mark.concurrency(schedules=6, strategy="random"))

        def pytest_configure(config):
            config.addinivalue_line("markers", "threads: for this test")
        """
    )
    source = """
@pytest.mark.threads
def test_it(run_concurrent):
    run_concurrent(int)
"""
    run(source, "--interleave-shards=2", "--interleave-json=report.json").result.assert_outcomes(passed=2)
    (row,) = report()["tests"]
    assert (row["schedules"], row["shards"]) == (6, 2)
    run(None, "--interleave-shards=2", *XDIST).result.assert_outcomes(passed=2)


def test_wrong_markers_are_reported_once(run):
    said = run("@pytest.mark.concurrency(workers=0)\ndef test_it(): pass\n", "--interleave-shards=3").refused_alone()
    assert said.startswith("@concurrency(workers=0): must be an integer >= 1")


def test_a_warning_of_all_shards_is_one_warning(run):
    done = run("@pytest.mark.concurrency\ndef test_it(): pass\n", "--interleave-shards=3")
    done.result.assert_outcomes(passed=3, warnings=3)
    assert done.text.count("InterleaveWarning: the test starts no thread") == 1


def test_functions_that_a_conftest_has_made(run, pytester):
    pytester.makeconftest(
        """
        import threading

        import pytest

        def body():
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()

        @pytest.hookimpl(wrapper=True)
        def pytest_pycollect_makeitem(collector, name, obj):
            found = yield
            if name != "made":
                return found
            item = pytest.Function.from_parent(collector, name="test_made", callobj=body)
            item.add_marker(pytest.mark.concurrency(schedules=4, strategy="random"))
            item.user_properties.append(("kind", "made"))
            item.extra_keyword_matches.add("special")
            return [item]
        """
    )
    source = """
made = 1

@pytest.fixture(autouse=True)
def look(request):
    assert request.node.user_properties == [("kind", "made")]
"""
    run(source, "--interleave-shards=2", "-k", "special").result.assert_outcomes(passed=2)


#: Runs again, once, what has failed, as pytest-rerunfailures does.
RERUNS = """
    import pytest
    from _pytest.runner import runtestprotocol

    def pytest_report_teststatus(report):
        if report.outcome == "rerun":
            return "rerun", "R", "RERUN"

    def pytest_runtest_protocol(item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for last in (False, True):
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                again = report.failed and not last
                if again:
                    report.outcome = "rerun"
                item.ihook.pytest_runtest_logreport(report=report)
                if again:
                    break
            else:
                break
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
"""


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
@pytest.mark.parametrize("shards", some([1, 2], 1))
def test_what_is_run_again_has_one_entry(run, report, pytester, options, shards):
    pytester.makeconftest(RERUNS)
    done = run(
        fragile(time=1, does="raise RuntimeError('could not clean up')", ends=True)
        + """
@pytest.mark.concurrency(schedules=4, seconds=None, strategy="random")
def test_teardown(fragile, run_concurrent):
    run_concurrent(int)

tries = []

@pytest.mark.concurrency(schedules=4, seconds=None, strategy="random")
def test_body(request, run_concurrent):
    run_concurrent(int)
    if "shard-2" not in request.node.name:
        tries.append(1)
        # The schedule that fails, and the same once more in detail.
        assert len(tries) > 2

@pytest.mark.concurrency(schedules=4, seconds=None, strategy="random")
def test_always(run_concurrent):
    run_concurrent(int)
    assert False
""",
        f"--interleave-shards={shards}",
        "--interleave-json=report.json",
        *options,
    )
    assert "INTERNALERROR" not in done.text
    rows = {row["nodeid"].partition("::")[2]: row for row in report()["tests"]}
    assert len(rows) == len(report()["tests"]) == 3
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "test_teardown": "passed",
        "test_body": "passed",
        "test_always": "failed",
    }
    assert rows["test_always"]["schedules"] == shards
    assert rows["test_body"]["schedules"] == 4


def test_a_failing_teardown_whose_call_has_no_entry(run, report, pytester):
    """A plugin may mark any report as that of what is run again."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if call.when == "call":
                report.outcome = "rerun"
            return report

        def pytest_report_teststatus(report):
            if report.outcome == "rerun":
                return "rerun", "R", "RERUN"
        """
    )
    done = run(
        """
ended = []

@pytest.fixture
def fragile():
    yield
    ended.append(1)
    # The only schedule is run twice, to see whether it repeats.
    assert len(ended) < 2

@pytest.mark.concurrency(schedules=1, seconds=None, strategy="random")
def test_it(fragile, run_concurrent):
    run_concurrent(int)
""",
        "--interleave-json=report.json",
    )
    assert "INTERNALERROR" not in done.text
    assert [row["outcome"] for row in report()["tests"]] == ["failed"]


LONG = """
@pytest.mark.concurrency(schedules=60, seconds=None, strategy="random")
@pytest.mark.parametrize("times", [2, 40])
def test_long(run_concurrent, times):
    lock = threading.Lock()
    def work():
        for _ in range(times):
            with lock:
                pass
    run_concurrent(work)
"""


@thorough
def test_classes_of_several_processes_are_known_to_be_the_same(run, report):
    """Each worker hashes texts in its own way."""
    figures = []
    for options in ((), XDIST):
        run(LONG, "--interleave-shards=4", "--interleave-json=report.json", *options).result.assert_outcomes(passed=8)
        figures.append(sorted(({**row, "seconds": 0} for row in report()["tests"]), key=lambda row: row["nodeid"]))
    assert figures[0] == figures[1]
    short, long = (row for row in figures[0])
    assert short["distinct"] == 6
    assert short["coverage"]["chance_of_new"] == 0
    assert long["distinct"] > 50


def test_other_reporters_know_the_shards(run, pytester):
    run(EVERY_KIND, "--interleave-shards=2", "-p", "junitxml", "--junitxml=junit.xml", "-k", "ids or unittest")
    written = pytester.path.joinpath("junit.xml").read_text("utf-8")
    for name in ("test_ids[1][shard-1-of-2]", "test_ids[2][shard-2-of-2]", "test_it[shard-2-of-2]"):
        assert f'name="{name}"' in written


@thorough
def test_figures_are_plain_data(run, pytester):
    """A plugin that writes reports as JSON, for example, has to cope with them, too."""
    pytester.makeconftest(
        """
        import json

        def pytest_report_to_serializable(config, report):
            json.dumps(getattr(report, "interleave", None))
        """
    )
    done = run(QUIET, "--interleave-shards=2", "--interleave-json=report.json", *XDIST)
    done.result.assert_outcomes(passed=2)
    text = pytester.path.joinpath("report.json").read_text("utf-8")
    assert not [key for row in json.loads(text)["tests"] for key in row if key.startswith("_")]

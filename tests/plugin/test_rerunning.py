"""Running one test many times: what is fresh for each schedule, what stays, and how other outcomes fare."""

from __future__ import annotations

from .sources import BOTH_INCREMENT, LOST_UPDATE, WIDE, fragile

MADE = (
    WIDE
    + """
@pytest.fixture
def narrow(wide):
    made.append("narrow")
    yield Counter()
    made.append("narrow gone")
"""
)


def test_each_schedule_has_its_own_fixtures_and_wider_ones_stay(run):
    done = run(
        MADE
        + """
@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(narrow, run_concurrent):
    assert narrow.value == 0
    run_concurrent(narrow.increment)

def test_made():
    # The first schedule is run twice.
    assert made == ["wide"] + ["narrow", "narrow gone"] * 4
    made.clear()

@pytest.mark.concurrency
def test_finds(narrow, run_concurrent):
    run_concurrent(narrow.increment)
    assert narrow.value == 3

def test_made_with_a_finding():
    # The one that found it, the same schedule once more, by its switches, and in detail; then ten others, which fail as
    # well, and a last one, for the output.
    assert made == ["narrow", "narrow gone"] * (4 + 10 + 1)
"""
    )
    done.result.assert_outcomes(passed=3, failed=1)


def test_each_schedule_has_its_own_instance_and_set_up(run):
    done = run(
        BOTH_INCREMENT
        + """
seen = []

class TestClass:
    def setup_method(self):
        seen.append("setup")

    def teardown_method(self):
        seen.append("teardown")

    @pytest.mark.concurrency(schedules=3, seconds=None)
    def test_it(self, run_concurrent):
        assert not hasattr(self, "mine")
        self.mine = Counter()
        run_concurrent(self.mine.increment)

def test_seen():
    # The first schedule is run twice.
    assert seen == ["setup", "teardown"] * 4
    seen.clear()

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        seen.append("class")

    def setUp(self):
        assert not hasattr(self, "counter")
        self.counter = Counter()
        self.addCleanup(seen.append, "cleanup")
        seen.append("setup")

    def tearDown(self):
        seen.append("teardown")

    @pytest.mark.concurrency(schedules=3, seconds=None)
    def test_it(self):
        both_increment(self.counter)

def test_seen_of_unittest():
    assert seen == ["class"] + ["setup", "teardown", "cleanup"] * 4
"""
    )
    done.result.assert_outcomes(passed=4)


def test_a_fixture_that_fails_is_reported_and_ends_the_search(run):
    done = run(
        fragile("in_teardown", time=2, does="raise RuntimeError('could not clean up')", ends=True)
        + fragile("in_setup", time=2, does="raise RuntimeError('could not make it')", ends=False)
        + """
@pytest.mark.concurrency(seconds=None)
def test_teardown(in_teardown, counter, run_concurrent):
    run_concurrent(counter.increment)

@pytest.mark.concurrency(seconds=None)
def test_setup(in_setup, counter, run_concurrent):
    run_concurrent(counter.increment)

def test_after():
    # The schedule after which a teardown fails is run again, to explain it.
    assert (len(times_in_teardown), len(times_in_setup)) == (3, 2)
"""
    )
    done.result.assert_outcomes(failed=2, passed=1)
    done.result.stdout.fnmatch_lines(["*RuntimeError: could not clean up", "*RuntimeError: could not make it"])
    done.result.stdout.fnmatch_lines(["FAILED *::test_teardown  teardown failure (schedule 1 of up to *)"])
    done.result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_parametrize_and_builtin_fixtures(run):
    done = run(
        """
import logging
import os

@pytest.mark.concurrency(schedules=4, seconds=None, strategy="random")
@pytest.mark.parametrize("number", [1, 2])
def test_it(number, tmp_path, monkeypatch, capsys, caplog, run_concurrent):
    assert number in (1, 2)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    assert "OURS" not in os.environ
    monkeypatch.setenv("OURS", "1")
    def work():
        print("out")
        logging.getLogger("ours").warning("logged")
    run_concurrent(work)
    assert capsys.readouterr().out == "out\\nout\\n"
    assert [record.message for record in caplog.records] == ["logged", "logged"]
"""
    )
    done.result.assert_outcomes(passed=2)
    done.result.stdout.fnmatch_lines(["*::test_it?1?  * (4 schedules, *", "*::test_it?2?  * (4 schedules, *"])


def test_output_of_the_failing_execution_alone_is_shown(run):
    done = run(
        """
import logging

@pytest.mark.concurrency(seconds=None)
def test_it(counter, run_concurrent):
    print("begin")
    logging.getLogger("ours").warning("logged")
    run_concurrent(counter.increment)
    assert counter.value == 2
"""
    )
    done.result.assert_outcomes(failed=1)
    assert len(done.lines("begin")) == 1
    assert len([line for line in done.text.splitlines() if line.endswith("logged")]) == 1


def test_xfail(run):
    racy = LOST_UPDATE.partition("test_it")[2]
    fine = "(counter, run_concurrent):\n    run_concurrent(counter.increment)\n"
    done = run(
        f"""
pytestmark = pytest.mark.concurrency(schedules=20, seconds=None)

@pytest.mark.xfail
def test_xfail{racy}
@pytest.mark.xfail(strict=True)
def test_xfail_strict{racy}
@pytest.mark.xfail(raises=AssertionError)
def test_xfail_raises{racy}
@pytest.mark.xfail(raises=ValueError)
def test_fail{racy}
@pytest.mark.xfail
def test_xpass{fine}
@pytest.mark.xfail(strict=True)
def test_xpass_strict{fine}
@pytest.mark.xfail(run=False)
def test_not_run{fine}
def test_imperative(run_concurrent):
    run_concurrent(lambda: None)
    pytest.xfail("known")
"""
    )
    done.result.assert_outcomes(xfailed=5, xpassed=1, failed=2)
    done.result.stdout.fnmatch_lines(["FAILED *::test_fail *", "FAILED *::test_xpass_strict *"])


def test_skip(run):
    done = run(
        """
pytestmark = pytest.mark.concurrency(schedules=5)

def test_in_the_body():
    pytest.skip("body")

@pytest.mark.skip(reason="marked")
def test_marked():
    raise AssertionError

def test_in_a_thread():
    thread = threading.Thread(target=pytest.skip, args=("thread",))
    thread.start()
    thread.join()

def test_in_a_worker(run_concurrent):
    run_concurrent.together(lambda: None, lambda: pytest.skip("worker"))

class TestCase(unittest.TestCase):
    def test_case(self):
        self.skipTest("case")
""",
        "-rs",
    )
    done.result.assert_outcomes(skipped=5)
    for reason in ("body", "marked", "thread", "worker", "case"):
        done.result.stdout.fnmatch_lines([f"SKIPPED * {reason}"])


def test_a_skip_in_one_worker_hides_no_failure(run):
    done = run(
        """
pytestmark = pytest.mark.concurrency(schedules=5)

def fail():
    raise ValueError("here")

def test_workers(run_concurrent):
    run_concurrent.together(lambda: pytest.skip("not here"), fail)

def test_threads():
    for function in (lambda: pytest.skip("not here"), fail):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()

@pytest.mark.concurrency(workers=2)
def test_bodies():
    pytest.skip("not here") if threading.current_thread().name == "worker-0" else fail()

def test_body_skips():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    pytest.skip("not here")
"""
    )
    done.result.assert_outcomes(failed=4)


def test_unittest_outcomes(run):
    done = run(
        BOTH_INCREMENT
        + """
pytestmark = pytest.mark.concurrency(schedules=50, seconds=None)

class TestCase(unittest.TestCase):
    def increments(self):
        counter = Counter()
        both_increment(counter)
        return counter.value

    def test_failure(self):
        self.assertEqual(self.increments(), 2)

    @unittest.expectedFailure
    def test_expected(self):
        self.assertEqual(self.increments(), 2)

    @unittest.expectedFailure
    def test_unexpected(self):
        self.assertIn(self.increments(), (1, 2))

    def test_subtests(self):
        value = self.increments()
        for number in range(2):
            with self.subTest(number=number):
                self.assertEqual(value, 2)

    def test_fine_subtests(self):
        for number in range(2):
            with self.subTest(number=number):
                self.increments()

    @unittest.expectedFailure
    def test_expected_deadlock(self):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()

    @unittest.expectedFailure
    def test_expected_of_a_thread(self):
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
"""
    )
    done.result.assert_outcomes(failed=3, xfailed=3, passed=1)
    done.result.stdout.fnmatch_lines(["*AssertionError: 1 != 2", "*in subtest (number=0)", "*in subtest (number=1)"])
    done.result.stdout.fnmatch_lines(["Unexpected success"])


def test_random_numbers_are_the_same_each_time_and_none_are_taken_from_others(run):
    done = run(
        """
import random

drawn = []
state = []

def test_before():
    random.seed(5)
    state.append(random.getstate())

@pytest.fixture
def number():
    return random.random()

@pytest.mark.concurrency(schedules=5, seconds=None, strategy="random")
def test_it(number, run_concurrent):
    drawn.append((number, random.random()))
    run_concurrent.together(lambda: drawn[-1], lambda: drawn[-1])

def test_after():
    assert random.getstate() == state[0]
    # The first schedule is run twice.
    assert len(drawn) == 6
    assert len(set(drawn)) == 1
"""
    )
    done.result.assert_outcomes(passed=3)


def test_exit_first_and_last_failed(run):
    source = """
@pytest.mark.concurrency
def test_first(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

@pytest.mark.concurrency
def test_second(counter, run_concurrent):
    run_concurrent(counter.increment)
"""
    run(source, "-x").result.assert_outcomes(failed=1)
    run(source, "--lf").result.assert_outcomes(failed=1)


def test_exit_in_a_worker_ends_the_session(run):
    done = run(
        """
@pytest.mark.concurrency
def test_first(run_concurrent):
    run_concurrent(lambda: pytest.exit("enough", 7))

def test_second():
    pass
"""
    )
    assert done.result.ret == 7
    done.result.stdout.fnmatch_lines(["*Exit: enough*"])


def test_interrupt_of_the_body_ends_the_session(run):
    done = run(
        """
@pytest.mark.concurrency
def test_first(run_concurrent):
    raise KeyboardInterrupt

def test_second():
    pass
"""
    )
    assert done.result.ret == 2
    done.result.stdout.fnmatch_lines(["*KeyboardInterrupt*"])
    done.result.assert_outcomes()


KINDS_OF_FIXTURES = """
def through(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)
    return call

made = []

@pytest.fixture(params=["x", "y"])
def parameter(request):
    made.append(request.param)
    return request.param

@pytest.fixture
def plain(parameter, request):
    request.addfinalizer(lambda: made.append("finalizer"))
    return [parameter]

@pytest.fixture
@through
def decorated(plain):
    return plain * 2

@pytest.fixture
def late(request):
    return request.getfixturevalue("plain")

@pytest.fixture(autouse=True)
def unasked():
    made.append("unasked")
"""


def test_every_kind_of_fixture_is_made_as_pytest_makes_it(run):
    done = run(
        "import functools\n"
        + KINDS_OF_FIXTURES
        + """
class TestIt:
    @pytest.fixture
    def method(self, plain):
        self.seen = plain
        return self

    @pytest.mark.concurrency(schedules=2, seconds=None)
    def test_it(self, method, late, decorated, run_concurrent):
        assert method is self
        assert self.seen is late
        assert decorated == late * 2
        run_concurrent(lambda: made.append("ran"))

def test_made():
    assert made[:2] == ["unasked", "x"]
    counts = {kind: made.count(kind) for kind in made}
    # Two parameters, two schedules each, the first of which is run twice; the last of `unasked` is this test's own.
    assert counts == {"unasked": 7, "x": 3, "y": 3, "ran": 12, "finalizer": 6}, counts
"""
    )
    done.result.assert_outcomes(passed=3)


def test_hooks_of_others_take_part_in_making_each_fixture(run, pytester):
    pytester.makeconftest(
        """
import pytest

calls = []

@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef):
    calls.append(("set up", fixturedef.argname))

def pytest_fixture_post_finalizer(fixturedef):
    calls.append(("finalized", fixturedef.argname))

def pytest_terminal_summary(terminalreporter):
    terminalreporter.line(f"{calls.count(('set up', 'counter'))} of {calls.count(('finalized', 'counter'))}")
"""
    )
    done = run(
        """
@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)
""",
        "--setup-show",
    )
    assert "4 of 4" in done.text.splitlines()
    # Of pytest itself is --setup-show.
    assert done.text.count("SETUP    F counter") == 4
    assert done.text.count("TEARDOWN F counter") == 4


def test_a_plain_fixture_that_raises_or_skips_later_is_reported_as_usual(run):
    done = run(
        fragile("fails", time=2, does="raise ValueError('no more of these')", ends=False)
        + fragile("skips", time=2, does="pytest.skip('that will do')", ends=False)
        + fragile("once", time=2, does="raise RuntimeError('only once')", ends=False)
        + """
@pytest.mark.concurrency(schedules=3, seconds=None, strategy="random")
def test_fails(fails, run_concurrent):
    run_concurrent(int)

@pytest.mark.concurrency(schedules=3, seconds=None, strategy="random")
def test_skips(skips, run_concurrent):
    run_concurrent(int)

@pytest.mark.concurrency
def test_finds(once, run_concurrent):
    run_concurrent.together(int, lambda: 1 / 0)
""",
        "-rs",
    )
    done.result.assert_outcomes(failed=2, skipped=1)
    # A finding survives it.
    done.result.stdout.fnmatch_lines(["*ZeroDivisionError*", "*a fixture raised*"])
    assert "ValueError: no more of these" in done.text
    assert "that will do" in done.text
    assert done.lines("FAILED test_it.py::test_fails  ")[0].endswith(" (fixture error at 1 of 3 schedules)")
    assert "total unknown (1 schedule, " in done.lines("SKIPPED test_it.py::test_skips  ")[0]


CHECKED_AT_THE_END = """
@pytest.fixture
def counted(counter):
    yield counter
    assert counter.value == 2, "checked at the end"

@pytest.mark.concurrency
def test_it(counted, run_concurrent):
    run_concurrent(counted.increment)
"""


def test_what_a_teardown_finds_has_a_token(run, report):
    done = run(CHECKED_AT_THE_END, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "*AssertionError: checked at the end",
            "Teardown failure: lost update on Counter.value",
            "*read *value = self.value",
            "Found in schedule * of up to 200 (*",
            "pytest 'test_it.py::test_it' --interleave-replay=*",
            "FAILED *::test_it  teardown failure: lost update on Counter.value (schedule * of up to 200)",
        ]
    )
    (test,) = report()["tests"]
    assert test["finding"]["kind"] == "teardown failure"
    again = run(None, *done.command[1:], seed=None)
    again.result.assert_outcomes(passed=1, errors=1)
    again.result.stdout.fnmatch_lines(
        ["*AssertionError: checked at the end", "Teardown failure in fixture counted: *", "Replayed from token*"]
    )
    assert again.command == done.command


def test_what_the_last_teardown_finds_has_a_token_too(run, report):
    # Schedule 1 switches nowhere, and so finds nothing.
    found = int(run(CHECKED_AT_THE_END).lines("Found in schedule ")[0].split()[3])
    assert found > 1
    done = run(None, f"--interleave-schedules={found}", "--interleave-json=report.json", "--interleave-forget")
    done.result.assert_outcomes(passed=1, errors=1)
    done.result.stdout.fnmatch_lines([f"Found in schedule {found} of up to {found} (*"])
    assert done.command[0] == "pytest"
    (test,) = report()["tests"]
    assert (test["outcome"], test["found_at"], test["finding"]["kind"]) == ("failed", found, "teardown failure")


def test_subtests_of_unittest_that_skip_end_alone(run):
    done = run(
        """
class Test(unittest.TestCase):
    @pytest.mark.concurrency(schedules=5)
    def test_skips(self):
        counter = Counter()
        threads = [threading.Thread(target=counter.increment) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(3):
            with self.subTest(number=number):
                if number:
                    self.skipTest("this one alone")

    @pytest.mark.concurrency(schedules=5)
    def test_fails(self):
        with self.subTest("skips"):
            self.skipTest("this one alone")
        with self.subTest("fails"):
            self.fail("here")
"""
    )
    done.result.assert_outcomes(passed=1, failed=1)
    done.result.stdout.fnmatch_lines(
        ["*AssertionError: here", "*in subtest [[]fails]", "*::test_skips  * (5 schedules, * s)"]
    )
    assert "failures in one test" not in done.text


def test_plain_fixtures_that_need_each_other_are_created_again_in_order(run):
    done = run(
        """
made = []

@pytest.fixture(scope="module")
def wide():
    made.append("wide")
    return object()

@pytest.fixture
def second(first, wide):
    made.append("second")
    return [first, wide]

@pytest.fixture
def first(counter):
    made.append("first")
    return counter

@pytest.fixture(autouse=True)
def always(wide):
    made.append("always")

kept = []

@pytest.mark.concurrency(schedules=4, seconds=None)
def test_it(second, counter, barrier, run_concurrent):
    assert second[0] is counter
    assert counter.value == 0
    kept.append((second, counter, barrier, run_concurrent))
    run_concurrent(counter.increment)

def test_made(wide, second):
    assert made[0] == "wide" and made.count("wide") == 1
    # Four schedules, the first of them twice, and this test.
    assert made[1:] == ["always", "first", "second"] * 6
    for things in zip(*kept):
        assert len({id(thing) for thing in things}) == 5
    assert [second[1] is wide for second, *_ in kept] == [True] * 5
"""
    )
    done.result.assert_outcomes(passed=2)


def test_plain_fixtures_are_ended_as_usual_on_request(run, pytester):
    pytester.makeconftest(
        """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item):
    item.addfinalizer(lambda: item.module.seen.append("end"))
"""
    )
    run(
        """
seen = []

@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)

def test_seen():
    # The hook is called once for the test, whatever it does inside.
    assert seen == ["end"]

nodes = []

@pytest.fixture
def node(request):
    nodes.append(request.node)

@pytest.mark.concurrency(schedules=3, seconds=None)
def test_adds(node, counter, run_concurrent):
    nodes[-1].addfinalizer(lambda: seen.append("added"))
    run_concurrent(counter.increment)

def test_added():
    assert seen.count("added") == 4
"""
    ).result.assert_outcomes(passed=4)


ACTOR = """
import queue

class Actor:
    def __init__(self):
        self.inbox = queue.Queue()
        self.stopped = threading.Event()
        self.handled = 0

    def start(self):
        threading.Thread(target=self.loop, daemon=True).start()

    def loop(self):
        while self.inbox.get() is not None:
            handled = self.handled
            self.handled = handled + 1
        self.stopped.set()

    def stop(self):
        self.inbox.put(None)
        self.stopped.wait()

ended = []

@pytest.fixture
def actor():
    actor = Actor()
    yield actor
    actor.stop()
    ended.append(actor)

@pytest.mark.concurrency(schedules=40)
def test_passes(actor, run_concurrent):
    actor.start()
    run_concurrent(actor.inbox.put, 1)

def test_ended_once_each():
    assert len(ended) == len(set(map(id, ended))) >= 30
    assert all(actor.handled == 2 for actor in ended)

@pytest.mark.concurrency
def test_fails(actor):
    actor.start()
    assert actor.handled

@pytest.fixture
def checked(actor):
    yield actor
    assert actor.handled == 1

@pytest.mark.concurrency
def test_check(checked):
    checked.start()
    checked.inbox.put(1)

class TestClass:
    def setup_method(self):
        self.actor = Actor()

    def teardown_method(self):
        self.actor.stop()
        assert self.actor.handled == 2

    @pytest.mark.concurrency(schedules=60)
    def test_both(self):
        self.actor.start()
        self.actor.inbox.put(1)
        raise ValueError("besides")
"""


def test_what_a_fixture_ends_may_wait_for_threads_that_the_test_has_left(run, report):
    done = run(ACTOR, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=2, failed=3)
    findings = {row["nodeid"].rpartition("::")[2]: row["finding"] for row in report()["tests"]}
    assert findings["test_passes"] is None
    assert findings["test_fails"]["kind"] == "test failure"
    assert findings["test_check"]["kind"] == "teardown failure"
    assert findings["test_check"]["repeatable"]
    assert "2 failures in one test" in findings["test_both"]["message"]
    again = run(None, "test_it.py::test_check", f"--interleave-replay={findings['test_check']['token']}")
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token*"])


ENDS_BADLY = """
@pytest.fixture(scope="module")
def wide():
    yield
    raise ValueError("the module's")

@pytest.fixture
def own():
    yield
    if {0}:
        raise ValueError("the test's")

def test_before(wide):
    pass

@pytest.mark.concurrency
def test_it(own, counter, run_concurrent):
    lock = threading.Lock()

    def add():
        with lock:
            counter.increment()

    run_concurrent(add, workers=2)
"""


def test_an_error_of_a_wider_fixture_is_no_finding(run, report):
    done = run(ENDS_BADLY.format(False), "--interleave-json=report.json")
    done.result.assert_outcomes(passed=2, errors=1)
    done.result.stdout.fnmatch_lines(["E  *ValueError: the module's"])
    assert not done.lines("Teardown failure")
    assert not done.lines("pytest '")
    (test,) = report()["tests"]
    assert (test["outcome"], test["finding"]) == ("passed", None)


def test_an_error_of_a_fixture_of_the_test_is_one_beside_it(run, report):
    done = run(ENDS_BADLY.format(True), "--interleave-json=report.json")
    text = done.text
    assert "ValueError: the test's" in text
    assert "ValueError: the module's" in text
    (test,) = report()["tests"]
    assert (test["outcome"], test["finding"]["kind"]) == ("failed", "teardown failure")

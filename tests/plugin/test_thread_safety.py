"""The marker `thread_safety`: the body of a test in several workers at once, on the fixtures that they share."""

from __future__ import annotations

import shlex
from fnmatch import fnmatch

import pytest

REGISTRY = """
import pytest_interleave

class Registry:
    def __init__(self):
        self.tools = {}
        self.count = 0

    def register(self, name):
        if name in self.tools:
            raise KeyError(name)
        self.tools[name] = 1
        self.count += 1

@pytest.fixture
def registry():
    return Registry()

@pytest.fixture
def name(worker):
    return f"tool-{worker.index}"
"""

PASSES = (
    REGISTRY
    + """
made, ended = [], []

@pytest_interleave.per_worker
@pytest.fixture
def above(registry, worker):
    made.append(worker.index)
    yield registry, worker
    ended.append(worker.index)

@pytest.fixture
@pytest_interleave.per_worker
def below():
    return object()

@pytest.fixture(params=["a", "b"])
def letter(request, worker):
    return request.param, worker

seen = []

@pytest.mark.thread_safety(schedules=30)
def test_shared_and_own(registry, name, above, below, letter, worker, request):
    assert above == (registry, worker)
    assert letter[1] is worker
    assert threading.current_thread().name == worker.name == f"worker-{worker.index}"
    assert worker.count == 4
    assert request.getfixturevalue("below") is below
    assert request.getfixturevalue("registry") is registry
    registry.register(name)
    seen.append((registry, below))

def test_as_many_as_there_were_workers():
    registries = {id(registry) for registry, _ in seen}
    assert len({id(below) for _, below in seen}) == 4 * len(registries) == len(seen)
    assert made == sorted(made[:4]) * (len(made) // 4)
    assert sorted(ended) == sorted(made)

@pytest.mark.thread_safety(schedules=30)
def test_directories(tmp_path, tmpdir, worker):
    assert tmp_path.name == worker.name
    assert str(tmpdir) == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("mine")

@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"

@pytest.mark.thread_safety(schedules=30)
def test_directory_of_what_is_shared(store, tmp_path):
    assert store.parent == tmp_path

@pytest.mark.thread_safety(schedules=30, isolated=["store"])
def test_isolated(store, tmp_path, worker):
    assert store.parent == tmp_path
    assert tmp_path.name == worker.name
    with open(store, "x"):
        pass

class TestInstance:
    def setup_method(self):
        self.registry = Registry()
        self.own = 0

    @pytest.mark.thread_safety(schedules=30)
    def test_what_is_assigned_is_own(self, name):
        self.own += 1
        self.registry.register(name)
        assert self.own == 1

class TestCase(unittest.TestCase):
    def setUp(self):
        self.seen = []

    @pytest.mark.thread_safety(schedules=30, workers=3)
    def test_unittest(self):
        self.own = threading.current_thread().name
        self.seen.append(self.own)
        with self.subTest("own"):
            self.assertEqual(self.own, threading.current_thread().name)
        assert self.own in self.seen

@pytest.mark.thread_safety(workers=3, schedules=30)
def test_barrier_is_for_all_workers(barrier, registry, name):
    registry.register(name)
    barrier.wait()
    assert len(registry.tools) == 3

@pytest.mark.thread_safety
def test_nothing_shared():
    assert abs(-3) == 3

@pytest.mark.concurrency(workers=2, schedules=30)
def test_concurrency_has_workers_too(worker, below, tmp_path, request):
    assert threading.current_thread().name == worker.name
    assert tmp_path.name != worker.name

@pytest.mark.thread_safety(schedules=30)
def test_asked_for_while_it_runs(request):
    worker = request.getfixturevalue("worker")
    assert worker.name == threading.current_thread().name
    assert request.getfixturevalue("name") == f"tool-{worker.index}"
    assert request.getfixturevalue("registry") is request.getfixturevalue("above")[0]
    assert request.getfixturevalue("tmp_path").is_dir()

def test_without_workers(worker):
    assert (worker.index, worker.count) == (0, 1)
"""
)

FAILS = (
    REGISTRY
    + """
@pytest.mark.thread_safety(workers=2)
def test_switches(registry):
    count = registry.count
    registry.count = count + 1
    assert registry.tools.setdefault(count, threading.current_thread()) is threading.current_thread()

@pytest.mark.thread_safety(workers=2)
def test_in_turn(registry):
    registry.register("name")

@pytest.mark.thread_safety(workers=2)
def test_alone(registry):
    assert registry.count == 1

@pytest.mark.thread_safety(workers=2, races=True)
def test_race(registry):
    registry.count += 1

@pytest.mark.thread_safety(workers=2)
def test_interrupts(worker):
    if worker.index:
        raise KeyboardInterrupt("of its own")

@pytest.mark.thread_safety(workers=2)
def test_dynamic(request):
    request.getfixturevalue("capsys")

@pytest.mark.thread_safety(workers=2)
@pytest.mark.xfail(strict=True)
def test_expected(registry):
    registry.register("name")

@pytest.mark.thread_safety(workers=2)
def test_skips(worker):
    pytest.skip("not here")
"""
)


def test_what_is_shared_and_what_is_not(run, report):
    done = run(PASSES, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=13)
    rows = {row["nodeid"].partition("::")[2]: row for row in report()["tests"]}
    assert rows["test_nothing_shared"]["exhaustive"]
    assert rows["test_nothing_shared"]["distinct"] == 1
    assert rows["test_shared_and_own[a]"]["marker"] == "thread_safety"
    assert rows["test_shared_and_own[a]"]["distinct"] > 10
    assert rows["test_concurrency_has_workers_too"]["marker"] == "concurrency"


def test_failures_say_how_little_it_takes(run, report):
    done = run(FAILS, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=6, xfailed=1, skipped=1)
    findings = {row["nodeid"].partition("::")[2]: row["finding"] for row in report()["tests"]}
    assert findings["test_switches"]["simplest"] == "workers interleaved"
    assert findings["test_in_turn"]["simplest"] == "workers one after another"
    assert findings["test_alone"]["simplest"] == "one worker"
    assert findings["test_race"]["simplest"] == "workers interleaved"
    assert findings["test_interrupts"]["kind"] == "thread exception"
    # It is the second worker, with any other one.
    assert findings["test_interrupts"]["simplest"] == "one worker"
    assert findings["test_skips"] is None
    done.result.stdout.fnmatch_lines_random(
        [
            "Not a race: the test body fails when it runs twice on the same fixtures.",
            "help: give each worker its own fixtures with isolated=('registry',), or mark the",
            "Not a race: the test also fails with one worker.",
            "help: run it with plain pytest. If it passes there, it depends on state from an",
            "*cannot run in several workers: capsys captures one shared stdout. Use it in a fixture instead, or add *",
        ]
    )
    token = findings["test_switches"]["token"]
    again = run(None, "test_it.py::test_switches", f"--interleave-replay={token}")
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


def test_directories_are_removed_with_that_of_the_test(run, pytester):
    pytester.makeini("[pytest]\ntmp_path_retention_policy = failed\n")
    done = run(
        """
@pytest.mark.thread_safety(schedules=5)
def test_it(tmp_path):
    (tmp_path / "file").write_text("")
""",
        "-W error",
    )
    done.result.assert_outcomes(passed=1)
    assert not any(path.is_dir() and not path.is_symlink() for path in (pytester.path / "basetemp").iterdir())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "@pytest.mark.thread_safety(workers=1)\ndef test_it(): pass",
            "(workers=1): must be an integer >= 2",
        ),
        (
            "@pytest.mark.thread_safety(4)\ndef test_it(): pass",
            "takes keyword arguments only: write workers=4",
        ),
        (
            "@pytest.mark.thread_safety(isolate=())\ndef test_it(): pass",
            "@thread_safety has no argument 'isolate'. Did you mean 'isolated'?",
        ),
        (
            "@pytest.mark.thread_safety(isolated='counter')\ndef test_it(counter): pass",
            "@thread_safety(isolated='counter'): must be a tuple of fixture names, such as ('counter',)",
        ),
        (
            "@pytest.mark.thread_safety(isolated=['countre'])\ndef test_it(counter): pass",
            "@thread_safety(isolated=('countre',)): there is no fixture 'countre'",
        ),
        (
            "@pytest.mark.thread_safety(isolated=['wide'])\ndef test_it(wide): pass",
            "@thread_safety(isolated=('wide',)): wide has scope 'module': only function-scoped fixtures can be made",
        ),
        (
            "@pytest.mark.thread_safety(isolated=['capsys'])\ndef test_it(): pass",
            "@thread_safety(isolated=('capsys',)): capsys captures one shared stdout. Remove it from isolated",
        ),
        (
            "@pytest.mark.thread_safety\ndef test_it(monkeypatch): pass",
            "cannot run in several workers: monkeypatch patches what all workers share. Use it in a fixture",
        ),
        (
            "@pytest.mark.thread_safety\ndef test_it(wide_own): pass",
            "@per_worker fixture wide_own has scope 'module': only function-scoped",
        ),
        (
            "@pytest.mark.thread_safety\n@pytest.mark.concurrency\ndef test_it(): pass",
            "@concurrency and @thread_safety cannot be combined: remove one",
        ),
        (
            "@pytest.mark.thread_safety\n@pytest.mark.thread_unsafe\ndef test_it(): pass",
            "@thread_safety and @thread_unsafe cannot be combined: remove one",
        ),
        (
            "@pytest.mark.thread_unsafe(because='it is')\ndef test_it(): pass",
            "@thread_unsafe takes only a reason: write ",
        ),
        ("@pytest.mark.thread_safety\nasync def test_it(): pass", "does not support async def tests: threads only"),
    ],
)
def test_wrong_use_is_one_clear_error(refused_test, source, said):
    assert said in refused_test(
        "import pytest\nfrom pytest_interleave import per_worker\n"
        "@pytest.fixture\ndef counter(): pass\n"
        "@pytest.fixture(scope='module')\ndef wide(): pass\n"
        "@per_worker\n@pytest.fixture(scope='module')\ndef wide_own(): pass\n" + source
    )


def test_the_closest_marker_counts(run):
    done = run(
        """
pytestmark = [pytest.mark.thread_safety(workers=3)]
seen = set()

def test_module():
    seen.add(threading.current_thread().name)

@pytest.mark.thread_unsafe(reason="one only")
def test_unsafe(capsys):
    seen.add(threading.current_thread().name)

@pytest.mark.concurrency
class TestClass:
    def test_it(self, run_concurrent):
        seen.add(f"{threading.current_thread().name} under control")
        run_concurrent(int)

def test_names():
    assert seen >= {"worker-0", "worker-1", "worker-2", "MainThread", "MainThread under control"}

test_names.pytestmark = [pytest.mark.thread_unsafe]
""",
        "-m",
        "concurrency or thread_unsafe",
    )
    done.result.assert_outcomes(passed=4)
    done.result.stdout.fnmatch_lines(["interleave: 2 concurrency tests, seed 1"])
    assert len(done.lines("PASSED test_it.py::test_module  ")) == 1
    run(None, "-m", "concurrency").result.assert_outcomes(passed=2, deselected=2)


def test_under_xdist_the_row_is_the_same(run, report):
    run(FAILS, "-p", "xdist", "-n2", "-k", "turn", "--interleave-json=report.json").result.assert_outcomes(failed=1)
    (row,) = report()["tests"]
    assert row["finding"]["simplest"] == "workers one after another"


def test_the_command_is_what_a_shell_takes(run):
    done = run(FAILS, "-k", "test_switches")
    assert shlex.join(done.command).startswith("pytest test_it.py::test_switches --interleave-replay=")


def test_a_worker_that_never_returns_from_the_system_is_reported_and_the_others_continue(run, pytester):
    pytester.makeconftest(
        """
from pytest_interleave.control.execution.outside import _patience
from pytest_interleave.plugin.running.executions import _executions
_patience.OUTSIDE_PATIENCE = 0.3
_executions.LONGEST = 1
"""
    )
    done = run(
        """
@pytest.mark.thread_safety(workers=2, seconds=1)
def test_waits():
    end, _ = os.pipe()
    os.read(end, 1)

def test_goes_on():
    pass
"""
    )
    done.result.assert_outcomes(passed=1, failed=1)
    assert fnmatch(
        done.flat,
        "*TooLong: one execution was still running after 1 s and * steps "
        "worker-0 waits for something outside the plugin's control at test_it.py:*: os.read(end, 1)*",
    )
    done.result.stdout.fnmatch_lines(
        [
            "Timeout: one execution did not end",
            "worker-0 and worker-1 were blocked outside the plugin's control. The schedule*",
        ]
    )

"""What only some systems and interpreters have is taken away as an interpreter starts: the plugin needs none of it."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable

import pytest

from pytest_interleave.plugin.reporting import _report
from tests.thorough import some

from .conftest import Run

#: Each is run by `sitecustomize`, before anything of pytest or of the plugin is imported.
SYSTEMS = {
    "affinity": """
        import os
        del os.sched_setaffinity, os.sched_getaffinity
        # Where there is no affinity, it is this.
        os.process_cpu_count = os.cpu_count
    """,
    "fork": """
        import os
        del os.fork, os.register_at_fork
    """,
    "resource": """
        import sys
        sys.modules["resource"] = None
    """,
    "fcntl": """
        import sys
        sys.modules["fcntl"] = None
    """,
    "signals": """
        import signal
        for name in ("SIGALRM", "SIGUSR1", "SIGUSR2", "SIGHUP", "alarm", "setitimer", "pthread_sigmask", "sigpending"):
            delattr(signal, name)
    """,
    "pthread_kill": """
        import signal
        del signal.pthread_kill
    """,
    "proc": """
        import errno, os, sys

        def missing(path):
            text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
            if text == "/proc" or text.startswith(("/proc/", "/dev/fd")):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", text)

        def audit(event, arguments):
            if event in ("open", "os.listdir", "os.scandir"):
                missing(arguments[0])

        def without_proc(real):
            def look(path, *given, **named):
                missing(path)
                return real(path, *given, **named)
            return look

        sys.addaudithook(audit)
        for name in ("stat", "lstat", "readlink"):
            setattr(os, name, without_proc(getattr(os, name)))
    """,
    "clocks": """
        import time
        for name in [name for name in dir(time) if name.startswith(("CLOCK_", "clock_", "pthread_"))]:
            delattr(time, name)
    """,
    "children": """
        import os
        del os.waitid
    """,
}

PROGRAM = """
@pytest.mark.concurrency
def test_lost_update(counter, run_concurrent):
    run_concurrent(counter.increment, workers=2)
    assert counter.value == 2


@pytest.mark.concurrency(races=True)
def test_locked(counter, run_concurrent):
    lock = threading.Lock()

    def increment():
        with lock:
            counter.increment()

    run_concurrent(increment, workers=2)
    assert counter.value == 2


@pytest.mark.concurrency
def test_deadlock(run_concurrent):
    left, right = threading.Lock(), threading.Lock()

    def take(first, second):
        with first, second:
            pass

    run_concurrent.together(lambda: take(left, right), lambda: take(right, left))


@pytest.mark.concurrency
def test_timed_wait():
    begin, began = time.monotonic(), threading.Event()
    assert not began.wait(3600)
    assert time.monotonic() - begin >= 3600
    timer = threading.Timer(60, began.set)
    timer.start()
    assert began.wait(3600)
    timer.join()


@pytest.mark.concurrency(schedules=2)
def test_real_wait(run_concurrent):
    reader, writer = os.pipe()
    with open(reader, "rb") as read, open(writer, "wb", buffering=0) as write:
        run_concurrent.together(lambda: read.read(1), lambda: write.write(b"1"))


kept = []


@pytest.mark.concurrency(schedules=1, workers=2)
def test_leaked_file(tmp_path):
    kept.append(open(tmp_path / f"leaked-{threading.get_ident()}", "w"))


gate = threading.Event()


def wait_for_end():
    gate.wait()


@pytest.mark.stress(threads=1, operations=1)
def test_leaked_thread():
    threading.Thread(target=wait_for_end, daemon=True).start()


def test_stress(run_stress):
    run_stress(lambda: time.sleep(0.001), threads=4, operations=5).assert_no_errors()


def test_hang(run_stress):
    run_stress(lambda: time.sleep(60), threads=2, operations=1, timeout=0.5)


def test_processes(process_pool):
    assert list(process_pool.of(1).map(abs, [-1, 2])) == [1, 2]


def test_limited_files(resource_limits):
    with resource_limits(open_files=200):
        pass


def test_limited_memory(resource_limits):
    with resource_limits(memory="8GiB"):
        pass


def test_limited_threads(resource_limits):
    # More than one, for a thread of a test before may just end.
    with resource_limits(threads=threading.active_count()), pytest.raises(RuntimeError):
        for _ in range(5):
            threading.Thread(target=wait_for_end, daemon=True).start()


def test_speedup(measure_speedup):
    measure_speedup(lambda: None, lambda: None, repeats=1)


@pytest.mark.concurrency(schedules=1_000_000, seconds=0.5, strategy="random")
def test_time_limit(counter, run_concurrent):
    lock = threading.Lock()

    def increment():
        with lock:
            counter.increment()

    run_concurrent(increment, workers=3)
    assert counter.value == 3


def test_end():
    gate.set()
    for file in kept:
        file.close()


def test_unmarked(run_concurrent, thread_pool, barrier):
    assert sorted(run_concurrent.each(abs, [-1, -2])) == [1, 2]
    assert thread_pool.submit(abs, -3).result() == 3
    assert barrier.of(1).wait() == 0
"""


Missing = Callable[..., None]

#: The outcome of each test of the program if nothing is missing.
OUTCOMES = {
    "test_lost_update": "FAILED",
    "test_locked": "PASSED",
    "test_deadlock": "FAILED",
    "test_timed_wait": "PASSED",
    "test_real_wait": "PASSED",
    "test_leaked_file": "PASSED",
    "test_leaked_thread": "PASSED",
    "test_stress": "PASSED",
    "test_hang": "ERROR",
    "test_processes": "PASSED",
    "test_limited_files": "PASSED",
    "test_limited_memory": "PASSED",
    "test_limited_threads": "PASSED",
    "test_speedup": "PASSED",
    "test_time_limit": "PASSED",
    "test_end": "PASSED",
    "test_unmarked": "PASSED",
}

#: Limits that the operating system alone can set, and what they say where it does not.
LIMITS = {
    "resource": ("this platform (linux) has no such limits", "this platform (linux) has no such limits"),
    "proc": (
        "open files cannot be listed on this platform (linux)",
        "memory usage is not available on this platform (linux)",
    ),
}


@pytest.fixture
def take_away(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Missing:
    """`take_away(source, ...)`: runs the sources as each interpreter starts, those of worker processes too."""

    def write(*sources: str) -> None:
        # Apart from the tests: what lies beside them is in scope.
        site = tmp_path_factory.mktemp("site")
        site.joinpath("sitecustomize.py").write_text("\n".join(map(textwrap.dedent, sources)), encoding="utf-8")
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
        monkeypatch.setenv("PYTHONPATH", path)

    return write


def outcomes_of(run: Run) -> dict[str, str]:
    """The last outcome of each test."""
    return dict(re.findall(r"^test_it\.py::(\w+) (PASSED|FAILED|ERROR)", run.text, re.MULTILINE))


@pytest.mark.skipif(sys.platform != "linux", reason="takes away what Linux has")
@pytest.mark.parametrize("missing", some(["all", *SYSTEMS], 1))
def test_a_system_without(missing: str, run: Callable[..., Run], take_away: Missing) -> None:
    features = list(SYSTEMS) if missing == "all" else [missing]
    take_away(*(SYSTEMS[feature] for feature in features))
    result = run(PROGRAM, fresh=True)
    said = next((LIMITS[feature] for feature in features if feature in LIMITS), None)
    limited = {} if said is None else {"test_limited_files": "FAILED", "test_limited_memory": "FAILED"}
    assert outcomes_of(result) == OUTCOMES | limited, result.text
    assert "INTERNALERROR" not in result.text
    assert "assert 1 == 2" in result.text
    assert "Deadlock: lock-order inversion between Lock #1 and Lock #2" in result.text
    assert "2 of 2 threads hung" in result.text
    assert "resource leak: 1 thread still running after the test (Thread-1 (wait_for_end)" in result.text
    # There, files cannot be listed.
    files = re.search(r"resource leak: \d+ files? still open after the test \(", result.text)
    assert (files is not None) == ("proc" not in features)
    if said is not None:
        files, memory = said
        assert f"NotImplementedError: open_files: {files}: omit the argument there" in result.text
        assert f"NotImplementedError: memory: {memory}: omit the argument there" in result.text


#: Interpreters whose threads cannot be controlled, and what is said of each. Of the first, no module that knows how
#: CPython lays out its objects is imported unless a test has a marker.
INTERPRETERS = {
    "pypy": (
        """
        import ctypes, sys

        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name in KNOWING:
                    raise ImportError(name)

        KNOWING = [
            f"pytest_interleave.control.{name}"
            for name in ("interpreter._frames", "interpreter._function_objects", "interpreter._opcodes", "_control")
        ]
        del ctypes.pythonapi
        sys.implementation.name = "pypy"
        sys.pypy_version_info = (7, 3, 20, "final", 0)
        sys.meta_path.insert(0, Finder)
        """,
        "this is PyPy 7.3",
    ),
    "without ctypes": (
        """
        import sys
        sys.modules["ctypes"] = sys.modules["_ctypes"] = None
        """,
        "this one has no module ctypes",
    ),
    "with 32 bits": (
        """
        import sys
        sys.maxsize = 2**31 - 1
        """,
        "this one has 32 bits",
    ),
}

ORDINARY = """
def test_threads(run_concurrent, thread_pool, barrier):
    gate = threading.Event()
    results = run_concurrent.together(gate.set, lambda: gate.wait(10))
    assert results == [None, True]
    assert sorted(run_concurrent.each(abs, [-1, -2])) == [1, 2]
    assert sorted(run_concurrent(barrier.of(3).wait, workers=3)) == [0, 1, 2]
    assert thread_pool.submit(abs, -3).result() == 3
    with pytest.raises(ExceptionGroup):
        run_concurrent(lambda: 1 / 0, workers=2)


def test_time():
    before = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() >= before + 0.005


def test_resources(resource_limits, measure_speedup):
    with resource_limits(threads=threading.active_count()), pytest.raises(RuntimeError):
        threading.Thread(target=print).start()
    measure_speedup(lambda: None, lambda: None, repeats=1)


class TestCase(unittest.TestCase):
    def test_method(self):
        assert threading.Lock().acquire(timeout=1)
"""

MARKED = """
@pytest.mark.concurrency
def test_marked(run_concurrent):
    raise NotImplementedError("never run")


@pytest.mark.xfail
@pytest.mark.thread_safety
def test_safe():
    raise NotImplementedError("never run")


@pytest.mark.interleaving("AgENPK8BsA8BA0fUlQ")
def test_pinned():
    raise NotImplementedError("never run")


def test_detector(race_detector):
    raise NotImplementedError("never run")
"""

STRESS = """
@pytest.mark.stress(threads=2, operations=2)
def test_repeated():
    pass


def test_stress(run_stress):
    run_stress(lambda: time.sleep(0.001), threads=2, operations=2).assert_no_errors()


@pytest.mark.stress(threads=2, operations=1, timeout=0.2)
def test_hang():
    time.sleep(60)
"""


def needs(what: str, missing: str, instead: str) -> str:
    return (
        f"{what}: controlling threads requires a 64-bit CPython with the module ctypes, and "
        f"{missing}. Use such a Python, or {instead}; unmarked tests run as usual"
    )


@pytest.fixture(params=INTERPRETERS)
def missing(request: pytest.FixtureRequest, take_away: Missing) -> str:
    """An interpreter without something; what is said of that."""
    source, said = INTERPRETERS[request.param]
    take_away(source)
    return said


def test_unmarked_tests_run_on_other_interpreters(missing: str, run: Callable[..., Run]) -> None:
    result = run(ORDINARY, "-p", "no:cacheprovider", "-W", "error", fresh=True)
    result.result.assert_outcomes(passed=4)


def test_marked_tests_fail_on_other_interpreters(missing: str, run: Callable[..., Run]) -> None:
    result = run(MARKED + ORDINARY, fresh=True)
    result.result.assert_outcomes(passed=4, errors=4)
    assert result.refused() == [
        needs("@concurrency", missing, "remove the marker"),
        needs("@thread_safety", missing, "remove the marker"),
        needs("@interleaving", missing, "remove the marker"),
        needs("race_detector", missing, "remove the fixture"),
    ]
    assert result.text.count(": controlling threads requires ") == 4


def test_stress_needs_no_control(take_away: Missing, run: Callable[..., Run]) -> None:
    source, _ = INTERPRETERS["without ctypes"]
    take_away(source)
    result = run(STRESS, fresh=True)
    result.result.assert_outcomes(passed=2, failed=1)
    assert "2 of 2 threads hung" in result.text
    assert "could not be stopped, still running" in result.text


def test_collection_and_options_on_other_interpreters(take_away: Missing, run: Callable[..., Run]) -> None:
    source, said = INTERPRETERS["pypy"]
    take_away(source)
    collected = run(MARKED + ORDINARY, "--collect-only", "-q", fresh=True, verbose=False)
    assert collected.result.ret == pytest.ExitCode.OK
    assert "test_it.py::test_marked" in collected.text
    assert "controlling threads" not in collected.text
    replayed = run(None, "--interleave-replay=AgENPK8BsA8BA0fUlQ")
    assert replayed.one_line_error() == needs("--interleave-replay", said, "omit the option")
    suite = run(ORDINARY, "--interleave-suite", fresh=True)
    assert needs("--interleave-suite", said, "omit the option") in suite.text
    assert "INTERNALERROR" not in suite.text


#: In its failures there is what the plugin writes with other characters: steps that are cut, a product, microseconds.
UNICODE = """
@pytest.mark.concurrency
def test_lost_update(counter, run_concurrent):
    run_concurrent.together(*[counter.increment for _ in "a long line, which is cut where the steps are shown"][:3])
    assert counter.value == 3, "\\u20ac and \\u2026"


def test_stress(run_stress):
    run_stress(lambda: 1 / 0, threads=2, operations=2)
"""


def test_a_terminal_that_knows_ascii_only(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    result = run(UNICODE, fresh=True)
    result.result.assert_outcomes(passed=1, failed=1, errors=1)
    assert "UnicodeEncodeError" not in result.text
    assert "INTERNALERROR" not in result.text


@pytest.mark.parametrize(
    ("platform", "quoted"),
    [("linux", "'a dir/test_it.py::test[$x]'"), ("win32", '"a dir/test_it.py::test[$x]"')],
)
def test_words_are_quoted_for_the_shells_of_the_system(
    platform: str, quoted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert _report._quoted("a dir/test_it.py::test[$x]") == quoted

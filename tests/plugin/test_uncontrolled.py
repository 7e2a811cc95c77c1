"""What threads share outside of memory is explored, or rules out "exhaustive", and then reports name it."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import pytest

from tests.thorough import some

from .conftest import XDIST
from .sources import IDLE

HEAD = """
import configparser
import contextlib
import csv
import json
import logging
import logging.handlers
import pickle
import shelve
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

C = pytest.mark.concurrency(schedules=100, seconds=None)

@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.json"
    path.write_text("0")
    return path
"""

#: Each has a race on something outside of memory; only some of them check the result.
RACY = (
    HEAD
    + """
@C
def test_counter(file, run_concurrent):
    run_concurrent(lambda: file.write_text(str(int(file.read_text()) + 1)))

@C
def test_replace(file, run_concurrent):
    def work(number):
        new = file.with_name(f"new-{number}")
        new.write_text(str(int(file.read_text()) + 1))
        os.replace(new, file)
    run_concurrent.each(work, [1, 2])

@C
def test_mkdir(tmp_path, run_concurrent):
    def work():
        if not os.path.exists(tmp_path / "made"):
            with contextlib.suppress(FileExistsError):
                os.mkdir(tmp_path / "made")
    run_concurrent(work)

@C
def test_lock_file(tmp_path, run_concurrent):
    got = []
    def work():
        with contextlib.suppress(FileExistsError):
            os.close(os.open(tmp_path / "lock", os.O_CREAT | os.O_EXCL))
            got.append(1)
    run_concurrent(work)
    assert got == [1]

@C
def test_listing(tmp_path, run_concurrent):
    run_concurrent.together(lambda: os.listdir(tmp_path), lambda: (tmp_path / "new").write_text(""))

@C
def test_sqlite(tmp_path, run_concurrent):
    with contextlib.closing(sqlite3.connect(tmp_path / "app.db")) as db, db:
        db.execute("create table t (n)")
        db.execute("insert into t values (0)")
    def work():
        with contextlib.closing(sqlite3.connect(tmp_path / "app.db")) as db:
            (n,) = db.execute("select n from t").fetchone()
            db.execute("update t set n = ?", (n + 1,))
            db.commit()
    run_concurrent(work)

@C
def test_shelve(tmp_path, run_concurrent):
    def work():
        with shelve.open(str(tmp_path / "shelf")) as shelf:
            shelf["n"] = shelf.get("n", 0) + 1
    run_concurrent(work)

@C
@pytest.mark.parametrize("kind", ["json", "pickle", "csv", "ini"])
def test_store(tmp_path, kind, run_concurrent):
    path = tmp_path / f"store.{kind}"
    def load():
        if kind == "json":
            return json.loads(path.read_text())["n"]
        if kind == "pickle":
            return pickle.loads(path.read_bytes())
        if kind == "csv":
            with open(path, newline="") as source:
                return int(next(csv.reader(source))[0])
        parser = configparser.ConfigParser()
        parser.read(path)
        return parser.getint("all", "n")
    def save(n):
        if kind == "json":
            with open(path, "w") as out:
                json.dump({"n": n}, out)
        elif kind == "pickle":
            with path.open("wb") as out:
                pickle.dump(n, out)
        elif kind == "csv":
            with open(path, "w", newline="") as out:
                csv.writer(out).writerow([n])
        else:
            parser = configparser.ConfigParser()
            parser["all"] = {"n": str(n)}
            with open(path, "w") as out:
                parser.write(out)
    save(0)
    run_concurrent(lambda: save(load() + 1))

@C
def test_appended(tmp_path, run_concurrent):
    def work():
        with open(tmp_path / "app.log", "a") as out:
            out.write("entry\\n")
    run_concurrent(work)

@pytest.fixture
def handle(tmp_path):
    with open(tmp_path / "handle.log", "w") as out:
        yield out

@C
def test_one_handle(handle, run_concurrent):
    run_concurrent(lambda: handle.write("entry\\n"))

@pytest.fixture(scope="module")
def connection():
    with contextlib.closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        connection.execute("create table t (n)")
        yield connection

@C
def test_one_connection(connection, run_concurrent):
    run_concurrent(lambda: connection.execute("insert into t values (1)"))

@pytest.mark.concurrency(schedules=2)
def test_process(run_concurrent):
    run_concurrent(lambda: subprocess.run([sys.executable, "-S", "-c", ""], check=True), workers=2)
"""
)

#: What is found, or how many interleavings there are; None if that depends on the version of Python.
FOUND = {
    "test_counter": "dirty read of data.json",
    "test_replace": "exhaustive: all ",
    "test_mkdir": "exhaustive: all ",
    "test_lock_file": "exhaustive: all 2 interleavings",
    "test_listing": "exhaustive: all 2 interleavings",
    "test_sqlite": "exhaustive: all ",
    "test_shelve": None,
    "test_store[json]": "dirty read of store.json",
    "test_store[pickle]": "dirty read of store.pickle",
    "test_store[csv]": "dirty read of store.csv",
    "test_store[ini]": "dirty read of store.ini",
    "test_appended": "exhaustive: all ",
    "test_one_handle": "exhaustive: all 2 interleavings",
    # Its transaction lasts from one schedule to the next.
    "test_one_connection": None,
    "test_process": "sampled: ",
}


@pytest.mark.parametrize("options", some([(), XDIST], 1), ids=["one process", "xdist"])
def test_what_races_outside_of_memory_is_explored(run, report, options):
    run(RACY, "--interleave-json=report.json", "--interleave-markdown=report.md", *options)
    rows = {row["nodeid"].removeprefix("test_it.py::"): row for row in report()["tests"]}
    assert rows.keys() == FOUND.keys()
    for name, row in rows.items():
        found, coverage = FOUND[name], row["coverage"]
        if found is None:
            continue
        if row["outcome"] == "failed":
            assert row["finding"]["bug"].lower().startswith(found), row["finding"]["bug"]
        else:
            assert (row["outcome"], coverage["text"].startswith(found)) == ("passed", True), (name, coverage["text"])
            assert row["exhaustive"] is (coverage["status"] == "exhaustive")
        assert [reason["kind"] for reason in coverage["uncontrolled"]] == (["process"] if "process" in name else [])


#: In none of these does the order of two uses depend on the schedule.
HARMLESS = (
    HEAD
    + """
@C
def test_made_before(tmp_path, run_concurrent):
    path = tmp_path / "settings.ini"
    path.write_text("[all]\\nn = 3\\n")
    def work():
        parser = configparser.ConfigParser()
        parser.read(path)
        assert parser.has_section("all")
    run_concurrent(work)

@C
def test_two_readers(file, run_concurrent):
    def work():
        assert file.exists() and file.read_text() == "0"
    run_concurrent(work)
    file.write_text("1")

@C
def test_files_of_their_own(tmp_path, run_concurrent):
    def work(number):
        path = tmp_path / f"out-{number}.txt"
        path.write_text(str(number))
        assert path.read_text() == str(number)
    run_concurrent.each(work, [1, 2])
    assert sorted(path.name for path in tmp_path.glob("out-*")) == ["out-1.txt", "out-2.txt"]
    assert "".join((tmp_path / f"out-{number}.txt").read_text() for number in (1, 2)) == "12"

@C
def test_temporary_files(run_concurrent):
    def work():
        with tempfile.NamedTemporaryFile("w+") as out:
            out.write("x")
            out.seek(0)
            assert out.read() == "x"
    run_concurrent(work)

@C
def test_under_a_lock(file, run_concurrent):
    lock = threading.Lock()
    def work():
        with lock:
            file.write_text(str(int(file.read_text()) + 1))
    run_concurrent(work)
    assert file.read_text() == "2"

@C
def test_handed_over(tmp_path, run_concurrent):
    ready = threading.Event()
    def writes():
        (tmp_path / "done").write_text("x")
        ready.set()
    def reads():
        ready.wait()
        assert (tmp_path / "done").read_text() == "x"
    run_concurrent.together(writes, reads)

@C
def test_database_under_a_lock(tmp_path, run_concurrent):
    db = sqlite3.connect(tmp_path / "app.db", check_same_thread=False)
    db.execute("create table t (n)")
    lock = threading.Lock()
    def work():
        with lock, db:
            db.execute("insert into t values (1)")
    run_concurrent(work)
    assert db.execute("select count(*) from t").fetchone() == (2,)
    db.close()

@C
def test_databases_of_their_own(run_concurrent):
    def work():
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("create table t (n)")
            db.execute("insert into t values (1)")
    run_concurrent(work)

@pytest.fixture
def log(tmp_path):
    handler = logging.handlers.RotatingFileHandler(tmp_path / "app.log", maxBytes=100, backupCount=2)
    logger = logging.Logger("app")
    logger.addHandler(handler)
    yield logger
    handler.close()

@C
def test_logging(log, run_concurrent):
    run_concurrent(lambda: log.error("x" * 60))

@pytest.mark.concurrency(strategy="exhaustive")
def test_process_before_and_after(tmp_path, run_concurrent):
    subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    lock = threading.Lock()
    def work():
        with lock:
            pass
    run_concurrent(work)
    subprocess.run([sys.executable, "-S", "-c", ""], check=True)

@C
def test_imports_output_and_devices(run_concurrent, capsys):
    def work():
        import colorsys
        print(colorsys.rgb_to_hls(0, 0, 0))
        with open(os.devnull, "w") as nothing:
            nothing.write("x")
        logging.getLogger("any").warning("x")
    run_concurrent(work)
"""
)


def test_what_is_ordered_or_unchanging_stays_exhaustive(run, report):
    run(HARMLESS, "--interleave-json=report.json")
    rows = {row["nodeid"].removeprefix("test_it.py::"): row for row in report()["tests"]}
    assert len(rows) == 11
    for name, row in rows.items():
        said = row["outcome"], row["coverage"]["status"], row["coverage"]["uncontrolled"]
        assert said == ("passed", "exhaustive", []), (name, row["coverage"]["text"])


OTHER_THREADS = """
import queue

class Pool:
    def __init__(self):
        self.jobs = queue.Queue()
        self.done = []
        self.thread = threading.Thread(target=self.run, name="shop-worker")
        self.thread.start()
    def run(self):
        while (job := self.jobs.get()) is not None:
            self.done.append(job)
            self.jobs.task_done()
    def close(self):
        self.jobs.put(None)
        self.thread.join()

@pytest.fixture
def pool():
    pool = Pool()
    yield pool
    pool.close()

@pytest.fixture(scope="module")
def wide_pool():
    pool = Pool()
    yield pool
    pool.close()

C = pytest.mark.concurrency(schedules=40, seconds=None)

@C
def test_function(pool, run_concurrent):
    run_concurrent.each(pool.jobs.put, [1, 2])
    pool.jobs.join()

@C
def test_module(wide_pool, run_concurrent):
    run_concurrent.each(wide_pool.jobs.put, [1, 2])

@C
def test_after_it(counter, run_concurrent):
    lock = threading.Lock()
    def work():
        with lock:
            counter.increment()
    run_concurrent(work)
"""


def test_threads_of_fixtures_are_controlled(run, report):
    done = run(OTHER_THREADS, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=3)
    for row in report()["tests"]:
        assert row["coverage"]["uncontrolled"] == []
    (row,) = (row for row in report()["tests"] if row["nodeid"].endswith("test_after_it"))
    assert row["coverage"]["status"] == "exhaustive"


OUT_OF_SIGHT = """
from pytest_interleave.control import real_lock

@pytest.fixture(scope="module")
def out_of_sight():
    # The plugin does not know this lock.
    stop = real_lock()
    stop.acquire()
    def work():
        stop.acquire()
    threading.Thread(target=work, daemon=True, name="shop-worker").start()
    yield
    stop.release()

@pytest.mark.concurrency(schedules=40, seconds=None)
def test_it(out_of_sight, run_concurrent):
    run_concurrent(int)
"""


def test_threads_of_fixtures_that_wait_elsewhere_are_named(run, report):
    run(OUT_OF_SIGHT, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert row["coverage"]["status"] == "sampled"
    (reason,) = row["coverage"]["uncontrolled"]
    assert re.fullmatch(r"thread shop-worker \(started by a fixture, seen at test_it\.py:\d+\)", reason["text"])


UNRELATED = """
from pytest_interleave.control import real_lock

@pytest.fixture(scope="module", autouse=True)
def unrelated():
    # It runs no code of the test, and waits at a lock of its own, as threads of plugins do.
    stop = real_lock()
    stop.acquire()
    thread = threading.Thread(target=stop.acquire, daemon=True, name="unrelated")
    thread.start()
    yield
    stop.release()
    thread.join()

@pytest.mark.concurrency(schedules=40, seconds=None)
def test_it(run_concurrent):
    lock = threading.Lock()
    def work():
        with lock:
            pass
    run_concurrent(work)
"""


def test_a_thread_that_has_nothing_to_do_with_the_test_does_not_matter(run, report):
    run(UNRELATED, "--interleave-json=report.json")
    (row,) = report()["tests"]
    assert (row["outcome"], row["coverage"]["status"]) == ("passed", "exhaustive"), row["coverage"]["text"]


def test_a_consumer_that_later_tests_do_not_use_does_not_matter(run, report):
    source = """
pytestmark = pytest.mark.concurrency

def test_uses_it(idle, run_concurrent):
    assert run_concurrent(idle.qsize) == [0, 0]

def test_heartbeat():
    stop, beats = threading.Event(), []
    def run():
        while not stop.wait(5):
            beats.append(1)
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(31)
    stop.set()
    thread.join()
    assert len(beats) >= 6
"""
    run(IDLE + source, "--interleave-json=report.json")
    rows = report()["tests"]
    # It waited in real time for what the consumer might do.
    assert [row["coverage"]["status"] for row in rows] == ["exhaustive", "exhaustive"]


def test_a_thread_beside_a_test_without_threads_is_named(run, report):
    source = """
class Poller:
    def __init__(self):
        self.rounds, self.stop = 0, False

    def run(self):
        while not self.stop:
            rounds = self.rounds
            time.sleep(0.0001)
            self.rounds = rounds + 1

@pytest.fixture(scope="module")
def poller():
    poller = Poller()
    thread = threading.Thread(target=poller.run, name="poller")
    thread.start()
    yield poller
    poller.stop = True
    thread.join()

@pytest.mark.concurrency
def test_it(poller):
    poller.rounds = 1_000_000
    # The thread may have read it before.
    assert poller.rounds >= 0
"""
    done = run(source, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1, warnings=1)
    (row,) = report()["tests"]
    assert row["coverage"]["status"] == "sampled"
    assert "thread poller (started by a fixture" in row["coverage"]["text"]
    (warning,) = [line for line in done.text.splitlines() if "InterleaveWarning: " in line]
    assert "the threads beside it are not controlled" in warning


def test_a_test_that_is_not_deterministic_is_not_exhaustive(run, report):
    source = """
runs = []

@pytest.mark.concurrency(schedules=40, seconds=None)
def test_it(run_concurrent):
    lock = threading.Lock()
    runs.append(None)
    def work():
        for _ in range(len(runs)):
            with lock:
                pass
    run_concurrent(work)
"""
    done = run(source, "--interleave-json=report.json")
    (row,) = report()["tests"]
    assert (row["coverage"]["status"], row["repeatable"]) == ("sampled", False)
    assert row["coverage"]["uncontrolled"][0]["kind"] == "nondeterminism"
    (line,) = done.lines("PASSED test_it.py::test_it  ")
    assert re.search(r"not controlled: nondeterministic steps \(first difference at test_it\.py:\d+\)", line)
    assert line.endswith(", nondeterministic)")


LARGE = """
C = pytest.mark.concurrency(strategy="exhaustive", schedules=30, seconds=None)
ROWS = 3_000

def rows():
    return [[number] for number in range(ROWS)]

@C
def test_changed_meanwhile(run_concurrent):
    mine, same = rows(), []
    def change():
        mine[-1][0] = None
    run_concurrent.together(change, lambda: same.append(mine == rows()))

@C
def test_changed_before(run_concurrent):
    mine, lock = [], threading.Lock()
    def work():
        with lock:
            mine.extend(rows())
    run_concurrent(work)
    assert mine == rows() * 2

@C
def test_what_changes_has_no_contents(run_concurrent, counter):
    lock = threading.Lock()
    def work():
        if rows() == rows():
            with lock:
                counter.value += 1
    run_concurrent(work)
    assert counter.value == 2
"""


def test_a_container_that_is_too_large_to_inspect(run, report):
    run(LARGE, "--interleave-json=report.json").result.assert_outcomes(passed=3)
    rows = {row["nodeid"].partition("::")[2]: row["coverage"] for row in report()["tests"]}
    unseen = rows.pop("test_changed_meanwhile")
    assert unseen["status"] == "sampled"
    (reason,) = unseen["uncontrolled"]
    assert reason["kind"] == "object"
    assert re.fullmatch(r"contents of a large container \(read by .* at test_it\.py:\d+\)", reason["text"])
    assert {name: row["status"] for name, row in rows.items()} == dict.fromkeys(rows, "exhaustive")


NOTHING = """
@pytest.mark.concurrency
def test_alone():
    pass

@pytest.mark.concurrency
def test_other(counter, run_concurrent):
    run_concurrent(counter.increment, workers=1)
"""


def test_nothing_to_interleave_is_a_status_of_its_own_in_every_report(run, report, pytester):
    pytest.importorskip("jinja2")
    done = run(
        NOTHING, "-k", "alone", "--interleave-json=report.json", "--interleave-html=report.html",
        "--interleave-markdown=report.md", "--junitxml=junit.xml",
    )  # fmt: skip
    (row,) = report()["tests"]
    coverage = row["coverage"]
    assert (coverage["status"], coverage["text"], row["exhaustive"]) == (
        "nothing_interleaved",
        "nothing to interleave",
        False,
    )
    assert "  nothing to interleave (" in done.lines("PASSED test_it.py::test_alone  ")[0]
    assert "| nothing to interleave | passed |" in (pytester.path / "report.md").read_text("utf-8")
    assert '<span class="said">nothing to interleave</span>' in (pytester.path / "report.html").read_text("utf-8")
    (case,) = ElementTree.parse(pytester.path / "junit.xml").getroot().findall(".//testcase")
    properties = {one.attrib["name"]: one.attrib["value"] for one in case.findall("properties/property")}
    assert properties["interleave_status"] == "nothing_interleaved"
    assert properties["interleave_coverage"] == "nothing to interleave"


def test_it_is_the_same_in_shards(run, report):
    run(NOTHING, "-k", "alone", "--interleave-shards=2", "--interleave-json=report.json")
    (row,) = report()["tests"]
    assert row["coverage"]["status"] == "nothing_interleaved"


def test_reasons_of_all_shards_are_those_of_the_test(run, report):
    source = f"""{HEAD}
import locale

@C
def test_setting(run_concurrent):
    run_concurrent(lambda: locale.setlocale(locale.LC_NUMERIC, "C"))
"""
    run(source, "--interleave-shards=2", "--interleave-json=report.json")
    (row,) = report()["tests"]
    assert (row["shards"], row["coverage"]["status"]) == (2, "sampled")
    assert [reason["what"] for reason in row["coverage"]["uncontrolled"]] == [
        row["coverage"]["uncontrolled"][0]["what"]
    ]  # noqa: E501
    assert row["coverage"]["uncontrolled"][0]["what"] == "the locale"


def test_share_nothing_is_said_only_of_threads_that_share_nothing(run, report):
    source = """
class Shared:
    n = 0

@pytest.mark.concurrency
def test_in_a_fixed_order(run_concurrent):
    first = threading.Event()
    shared = Shared()
    def one():
        shared.n += 1
        first.set()
    def two():
        first.wait()
        shared.n += 1
    run_concurrent.together(one, two)
    assert shared.n == 2

@pytest.mark.concurrency
def test_nothing(run_concurrent):
    run_concurrent(lambda: sum(range(10)))
"""
    run(source, "--interleave-json=report.json")
    fixed, nothing = (row["coverage"] for row in report()["tests"])
    assert nothing["text"] == "nothing shared: the threads never touch the same mutable data"
    assert (nothing["shares"], fixed["shares"]) == (False, True)
    assert "nothing shared" not in fixed["text"]


def test_an_idle_plugin_replaces_nothing(run, pytester):
    pytester.makeconftest(
        """
import builtins, io, os, socket, sqlite3, subprocess
BEFORE = [builtins.open, io.open, dict(vars(os)), sqlite3.connect, dict(vars(socket.socket)), dict(vars(subprocess.Popen))]
SUPPORTS = {name: set(getattr(os, name)) for name in ("supports_dir_fd", "supports_fd")}

def pytest_runtest_teardown(item):
    pass

def check():
    import builtins, io, os, socket, sqlite3, subprocess
    now = [builtins.open, io.open, dict(vars(os)), sqlite3.connect, dict(vars(socket.socket)), dict(vars(subprocess.Popen))]
    assert now == BEFORE
    assert {name: set(getattr(os, name)) for name in SUPPORTS} == SUPPORTS
"""  # noqa: E501
    )
    source = """
import conftest

def test_before():
    conftest.check()

@pytest.mark.concurrency(schedules=3)
def test_marked(run_concurrent, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *_: None)
    run_concurrent(lambda: os.replace("a", "b"))

def test_after():
    conftest.check()
"""
    run(source).result.assert_outcomes(passed=3)


PATCHES = """
import contextlib
from unittest import mock

class Settings:
    level = other = 0

def both(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_patches_of_one_thread_leave_exhaustive(run, report):
    source = (
        PATCHES
        + """
@pytest.mark.concurrency
def test_around():
    seen = []
    with mock.patch.object(Settings, "level", 1):
        both(lambda: seen.append(Settings.level), lambda: seen.append(Settings.level))
    assert seen == [1, 1]

@pytest.mark.concurrency
def test_under_a_lock():
    lock = threading.Lock()
    def work():
        with lock, mock.patch.object(Settings, "level", 1):
            assert Settings.level == 1
    both(work, work)
    assert Settings.level == 0

@pytest.mark.concurrency
def test_of_different_attributes():
    def work(name):
        with mock.patch.object(Settings, name, 1):
            assert getattr(Settings, name) == 1
    both(lambda: work("level"), lambda: work("other"))

@pytest.mark.concurrency
def test_in_one_thread():
    def work():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Settings, "level", 1)
    both(work, lambda: Settings.other)
"""
    )
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=4)
    assert [row["exhaustive"] for row in report()["tests"]] == [True] * 4


def test_patches_that_may_overlap_are_named(run):
    done = run(
        PATCHES
        + """
@contextlib.contextmanager
def kept():
    level = Settings.level
    yield
    Settings.level = level

@pytest.mark.concurrency
def test_it():
    def work():
        with mock.patch.object(Settings, "level", 1):
            pass
    with kept():
        both(work, work)
"""
    )
    assert "not controlled: unittest.mock._patch.__enter__ (called with a shared object" in done.text
    assert "exhaustive" not in done.text


def test_context_managers_of_libraries(run, pytester):
    """What a generator of a library is given, or keeps, it has in hand where it is entered, and where it is left."""
    library = pytester.mkdir("site-packages")
    (library / "lending.py").write_text(
        """
import contextlib

@contextlib.contextmanager
def lent(box):
    before = box.value
    box.value = 1
    yield
    box.value = before
"""
    )
    pytester.syspathinsert(library)
    done = run(
        PATCHES
        + """
import sys
sys.path.insert(0, "site-packages")
import lending

class Box:
    value = 0

@pytest.mark.concurrency(strategy="exhaustive")
def test_it():
    box = Box()
    def work():
        with lending.lent(box):
            pass
    both(work, work)
    assert box.value == 0
"""
    )
    done.result.assert_outcomes(failed=1)


UNSEEN = """
def deep():
    return deep()

@pytest.mark.concurrency
def test_it(run_concurrent):
    count = [0]
    def work():
        with contextlib.suppress(RecursionError):
            deep()
        for _ in range(3):
            count[0] += 1
    run_concurrent(work)
    assert count == [6]
"""


def test_steps_after_the_stack_was_used_up(run):
    done = run("import contextlib\n" + UNSEEN)
    if sys.version_info >= (3, 12):
        done.result.assert_outcomes(failed=1)
    else:
        # There, Python ends tracing where there is no room left to trace.
        assert "not controlled: thread worker-0 (its steps no longer seen, for example after a RecursionError)" in (
            done.text
        )
        assert "nothing shared" not in done.text


def test_accesses_are_read_in_the_right_frame_beside_another_tracer(run, report):
    """On 3.11, where both trace, ours is called by way of the other one."""
    done = run(
        """
def tracer(frame, event, argument):
    return tracer

threading.settrace(tracer)

@pytest.mark.concurrency
def test_it(run_concurrent):
    items = []
    def work():
        mine = [1]
        mine += items
        items.append(mine)
    run_concurrent(work)
""",
        "--interleave-json=report.json",
    )
    done.result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert (row["exhaustive"], row["distinct"]) == (True, 4)

"""Correct programs whose threads share files: nothing may be found, and small ones are run exhaustively."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import logging
import logging.handlers
import os
import pickle
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pytest_interleave
from tests.quality.sharing import in_threads
from tests.thorough import some

pytestmark = pytest.mark.concurrency(seed=19, seconds=60)


def test_replace_under_a_lock(tmp_path):
    path, lock = tmp_path / "n.json", threading.Lock()
    path.write_text("0")

    def add():
        with lock:
            new = path.with_suffix(".tmp")
            new.write_text(json.dumps(json.loads(path.read_text()) + 1))
            os.replace(new, path)

    in_threads(add, add, lambda: json.loads(path.read_text()))
    assert path.read_text() == "2"


def test_flock(tmp_path):
    path = tmp_path / "n"
    path.write_text("0")

    def add():
        with open(tmp_path / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path.write_text(str(int(path.read_text()) + 1))

    in_threads(add, add)
    assert path.read_text() == "2"


def test_shared_and_exclusive_flocks(tmp_path):
    path = tmp_path / "data"
    path.write_text("aa")

    def write():
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("b")
            file.flush()
            file.write("b")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)

    def read():
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            assert file.read() in ("aa", "bb")

    in_threads(write, read, read)


def test_flock_that_is_tried_again(tmp_path):
    path = tmp_path / "n"
    path.write_text("0")

    def add():
        descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
        try:
            until = time.monotonic() + 30
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    assert time.monotonic() < until
                    time.sleep(0.05)
            path.write_text(str(int(path.read_text()) + 1))
        finally:
            os.close(descriptor)

    in_threads(add, add, add)
    assert path.read_text() == "3"


def test_lock_file(tmp_path):
    total = [0]

    def add():
        while True:
            try:
                os.close(os.open(tmp_path / "lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                break
            except FileExistsError:
                time.sleep(0.01)
        value = total[0]
        total[0] = value + 1
        os.unlink(tmp_path / "lock")

    in_threads(add, add)
    assert total == [2]


def test_exclusive_creation(tmp_path):
    won = []

    def take(name):
        with contextlib.suppress(FileExistsError), open(tmp_path / "lock", "x"):
            won.append(name)

    in_threads(lambda: take("a"), lambda: take("b"))
    assert len(won) == 1


def test_directories_that_may_be_there(tmp_path):
    def ensure():
        os.makedirs(tmp_path / "a" / "b", exist_ok=True)
        (tmp_path / "a" / "b" / "c").mkdir(parents=True, exist_ok=True)

    in_threads(ensure, ensure)
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_whole_lines_are_appended(tmp_path):
    path = tmp_path / "app.log"

    def log(name):
        for number in range(2):
            with path.open("a") as file:
                file.write(f"{name} {number}\n")

    in_threads(lambda: log("a"), lambda: log("b"))
    assert sorted(path.read_text().splitlines()) == ["a 0", "a 1", "b 0", "b 1"]


@pytest.mark.parametrize("number", some([2, 5, 20, 50], 2))
def test_each_task_has_its_own_file(tmp_path, number):
    def work(at):
        with tempfile.NamedTemporaryFile("w", dir=tmp_path, delete=False) as file:
            json.dump({"at": at}, file)
        os.replace(file.name, tmp_path / f"{at}.json")
        return json.loads((tmp_path / f"{at}.json").read_text())["at"]

    with ThreadPoolExecutor(number) as pool:
        assert sorted(pool.map(work, range(number))) == list(range(number))
    assert len(os.listdir(tmp_path)) == number


def test_temporary_directories(tmp_path):
    def work():
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            path = Path(folder) / "data"
            path.write_bytes(pickle.dumps([1, 2]))
            shutil.copy(path, Path(folder) / "copy")
            assert pickle.loads((Path(folder) / "copy").read_bytes()) == [1, 2]

    in_threads(work, work)
    assert os.listdir(tmp_path) == []


def test_a_spool_directory(tmp_path):
    inbox, done = tmp_path / "inbox", tmp_path / "done"
    inbox.mkdir()
    done.mkdir()

    def produce():
        for number in range(2):
            new = tmp_path / f"{number}.new"
            new.write_text(str(number))
            new.rename(inbox / str(number))

    def consume():
        while len(os.listdir(done)) < 2:
            for path in sorted(inbox.iterdir()):
                try:
                    path.rename(done / path.name)
                except FileNotFoundError:
                    # The other consumer was faster.
                    continue
                assert (done / path.name).read_text() == path.name
            time.sleep(0.1)

    in_threads(produce, consume, consume)


def test_a_log_that_threads_share(tmp_path):
    handler = logging.FileHandler(tmp_path / "app.log")
    logger = logging.Logger("app")
    logger.addHandler(handler)

    def work(name):
        for number in range(3):
            logger.error("%s %d", name, number)

    in_threads(lambda: work("a"), lambda: work("b"))
    handler.close()
    lines = (tmp_path / "app.log").read_text().splitlines()
    assert [line for line in lines if line.startswith("a")] == ["a 0", "a 1", "a 2"]
    assert len(lines) == 6


def test_a_log_that_is_rotated(tmp_path):
    handler = logging.handlers.RotatingFileHandler(tmp_path / "app.log", maxBytes=20, backupCount=9)
    logger = logging.Logger("app")
    logger.addHandler(handler)
    in_threads(*(lambda name=name: logger.error("record of %s", name) for name in "abc"))
    handler.close()
    lines = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert sorted(lines) == ["record of a", "record of b", "record of c"]


def test_one_file_object_under_a_lock(tmp_path):
    lock = threading.Lock()
    with open(tmp_path / "out.csv", "w", newline="") as file:
        writer = csv.writer(file)

        def work(name):
            for number in range(20):
                with lock:
                    writer.writerow([name, number])

        in_threads(lambda: work("a"), lambda: work("b"), lambda: work("c"))
    with open(tmp_path / "out.csv", newline="") as file:
        assert len(list(csv.reader(file))) == 60


def test_one_file_object_without_a_lock(tmp_path):
    with open(tmp_path / "out.txt", "w") as file:

        def work(name):
            for _ in range(5):
                print(name * 3000, file=file, flush=True)

        in_threads(lambda: work("a"), lambda: work("b"))
    assert (tmp_path / "out.txt").stat().st_size >= 10 * 3000


def test_an_eviction_that_tolerates_others(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name)

    def evict():
        for path in sorted(tmp_path.iterdir()):
            path.unlink(missing_ok=True)

    in_threads(evict, evict)
    assert os.listdir(tmp_path) == []


def test_a_link_that_is_replaced(tmp_path):
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app").write_text(name)
    current = tmp_path / "current"
    current.symlink_to("v1")

    def deploy():
        new = tmp_path / "new"
        new.symlink_to("v2")
        new.replace(current)

    in_threads(deploy, lambda: (current / "app").read_text())
    assert (current / "app").read_text() == "v2"


def test_a_file_is_awaited(tmp_path):
    def write():
        time.sleep(3600)
        new = tmp_path / "new"
        new.write_text("ready")
        new.rename(tmp_path / "ready")

    def wait():
        until = time.monotonic() + 7200
        while not (tmp_path / "ready").exists():
            assert time.monotonic() < until
            time.sleep(60)
        assert (tmp_path / "ready").read_text() == "ready"

    in_threads(write, wait)


def test_files_made_before_the_threads(tmp_path):
    paths = [tmp_path / str(number) for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(Path.read_text, paths)) == [path.name for path in paths]


def test_a_file_that_stays_open(tmp_path, open_log):
    lock = threading.Lock()

    def work(name):
        with lock:
            open_log.write(f"{name}\n")
            open_log.flush()

    in_threads(lambda: work("a"), lambda: work("b"))


@pytest.fixture(scope="module")
def open_log(tmp_path_factory):
    with open(tmp_path_factory.mktemp("log") / "log", "a") as file:
        yield file


def test_announced_steps_under_a_lock():
    store, lock = {"n": 0}, threading.Lock()

    def add():
        with lock:
            with pytest_interleave.step("store", write=False):
                value = store["n"]
            with pytest_interleave.step("store", write=True):
                store["n"] = value + 1

    in_threads(add, add)
    assert store["n"] == 2


def test_a_change_that_is_awaited():
    store = []

    def put():
        for number in range(3):
            pytest_interleave.step("store", write=True)
            store.append(number)

    def take():
        for _ in range(3):
            assert pytest_interleave.wait_until("store", lambda: store, timeout=60)
            pytest_interleave.step("store", write=True)
            store.pop(0)

    in_threads(put, take)
    assert store == []


def test_a_change_that_was_not_announced():
    store = []

    def put():
        time.sleep(1)
        store.append(1)

    in_threads(put, lambda: pytest_interleave.wait_until("store", lambda: bool(store)))


def test_a_wait_that_ends_in_time():
    store = []

    def wait():
        assert not pytest_interleave.wait_until("store", lambda: len(store) > 1, timeout=3600)

    def put():
        pytest_interleave.step("store", write=True)
        store.append(1)

    in_threads(wait, put)

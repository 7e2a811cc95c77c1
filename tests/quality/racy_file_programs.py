"""Programs whose threads share files, each with one bug, run by `test_racy_files.py` in a session of its own."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest

import pytest_interleave
from tests.quality.sharing import in_threads

pytestmark = pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=pytest.mark.concurrency(seed=seed), id=f"{'some' if seed < 3 else 'more'}-{seed}")
        for seed in range(20)
    ],
)


def test_lost_mark(seed, tmp_path):
    path = tmp_path / "state.json"
    path.write_text("{}")

    def mark(name):
        state = json.loads(path.read_text())
        state[name] = "done"
        new = path.with_suffix(f".{name}")
        new.write_text(json.dumps(state))
        os.replace(new, path)

    in_threads(lambda: mark("a"), lambda: mark("b"))
    assert sorted(json.loads(path.read_text())) == ["a", "b"]


def test_torn_read(seed, tmp_path):
    path = tmp_path / "state.json"
    path.write_text('{"n": 1}')

    def save():
        with open(path, "w") as file:
            json.dump({"n": 2}, file)

    def load():
        with open(path) as file:
            json.load(file)

    in_threads(save, load)


def test_index_before_data(seed, tmp_path):
    index, data = tmp_path / "index", tmp_path / "data"

    def publish():
        index.write_text("data")
        data.write_bytes(b"x" * 10)

    def read():
        if index.exists() and index.read_text():
            assert data.read_bytes()

    in_threads(publish, read)


def test_check_then_create(seed, tmp_path):
    path = tmp_path / "cache"

    def ensure():
        if not os.path.isdir(path):
            os.mkdir(path)

    in_threads(ensure, ensure)


def test_lock_file_taken_twice(seed, tmp_path):
    lock = tmp_path / "lock"
    inside = []

    def work():
        if not lock.exists():
            lock.write_text("")
            inside.append(1)
            assert len(inside) == 1
            inside.pop()
            lock.unlink()

    in_threads(work, work)


def test_torn_log_line(seed, tmp_path):
    path = tmp_path / "app.log"

    def log(name):
        with open(path, "a") as file:
            file.write(f"{name}: begin, ")
            file.flush()
            file.write("end\n")

    in_threads(lambda: log("a"), lambda: log("b"))
    assert sorted(path.read_text().splitlines()) == ["a: begin, end", "b: begin, end"]


def test_eviction(seed, tmp_path):
    for name in "abc":
        (tmp_path / name).write_text("x" * 10)

    def evict():
        size = sum(each.stat().st_size for each in os.scandir(tmp_path))
        for each in sorted(tmp_path.iterdir()):
            if size > 10:
                size -= each.stat().st_size
                each.unlink()

    in_threads(evict, evict)


def test_shared_temporary_name(seed, tmp_path):
    path = tmp_path / "data.json"

    def save(value):
        new = tmp_path / "data.json.tmp"
        with open(new, "w") as file:
            json.dump(value, file)
        os.replace(new, path)

    in_threads(lambda: save([1, 2]), lambda: save([3, 4]))


def test_journal_during_rotation(seed, tmp_path):
    journal = tmp_path / "journal"
    journal.write_text("old\n")

    def rotate():
        os.rename(journal, tmp_path / "journal.1")
        journal.write_text("")

    in_threads(rotate, journal.read_text)


def test_append_is_no_update(seed, tmp_path):
    path = tmp_path / "ids"
    path.write_text("")

    def allocate():
        number = len(path.read_text().splitlines())
        with path.open("a") as file:
            file.write(f"{number}\n")

    in_threads(allocate, allocate)
    assert path.read_text().split() == ["0", "1"]


def test_lockf_excludes_no_thread(seed, tmp_path):
    path = tmp_path / "n"
    path.write_text("0")

    def add():
        with open(tmp_path / "lock", "w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            value = int(path.read_text() or "0")
            path.write_text(str(value + 1))

    in_threads(add, add)
    assert path.read_text() == "2"


def test_flocks_in_opposite_order(seed, tmp_path):
    def take(one, other):
        with open(tmp_path / one, "w") as first, open(tmp_path / other, "w") as second:
            fcntl.flock(first, fcntl.LOCK_EX)
            fcntl.flock(second, fcntl.LOCK_EX)

    in_threads(lambda: take("a", "b"), lambda: take("b", "a"))


def test_stale_lock_file(seed, tmp_path):
    """Two threads find that a lock is old, and both remove it: the second one removes the new lock of the first."""
    lock = tmp_path / "lock"
    lock.write_text("")
    time.sleep(100)
    inside = []

    def work():
        if lock.exists() and time.time() - lock.stat().st_mtime > 60:
            lock.unlink(missing_ok=True)
        try:
            with open(lock, "x"):
                inside.append(1)
        except FileExistsError:
            return

    in_threads(work, work)
    assert len(inside) == 1


def test_copy_of_a_tree_that_changes(seed, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in "ab":
        (source / name).write_text("1")

    def change():
        for name in "ab":
            (source / name).write_text("2")

    in_threads(change, lambda: shutil.copytree(source, tmp_path / "copy"))
    assert len({(tmp_path / "copy" / name).read_text() for name in "ab"}) == 1


def test_a_directory_is_removed_while_it_is_filled(seed, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()

    def fill():
        for name in "ab":
            (folder / name).write_text("1")

    in_threads(fill, lambda: shutil.rmtree(folder))


def test_a_link_that_is_switched_in_two_steps(seed, tmp_path):
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app").write_text(name)
    current = tmp_path / "current"
    current.symlink_to("v1")

    def deploy():
        current.unlink()
        current.symlink_to("v2")

    in_threads(deploy, lambda: (current / "app").read_text())


def test_working_directory(seed, tmp_path):
    before = os.getcwd()
    (tmp_path / "here").mkdir()
    found = []

    def inside():
        os.chdir(tmp_path / "here")
        Path("made").write_text("x")
        os.chdir(tmp_path)

    def outside():
        found.append(Path("made").exists())

    os.chdir(tmp_path)
    try:
        in_threads(inside, outside)
    finally:
        os.chdir(before)
    assert found == [False]


def test_descriptors_share_a_position(seed, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"ab")
    descriptor = os.open(path, os.O_RDONLY)
    got = []

    def read():
        os.lseek(descriptor, 0, os.SEEK_SET)
        got.append(os.read(descriptor, 1))

    try:
        in_threads(read, read)
    finally:
        os.close(descriptor)
    assert got == [b"a", b"a"]


def test_a_temporary_file_that_is_guessed(seed, tmp_path):
    def make():
        name = tempfile.mktemp(dir=tmp_path, prefix="same")
        # As a program that makes names of its own does.
        name = tmp_path / f"same{len(os.listdir(tmp_path))}{name[:0]}"
        with open(name, "x"):
            pass

    in_threads(make, make)


def test_records_of_a_log_that_is_rotated(seed, tmp_path):
    path = tmp_path / "app.log"

    def log(name):
        handler = logging.FileHandler(path, delay=True)
        logger = logging.Logger(name)
        logger.addHandler(handler)
        logger.error(name)
        handler.close()

    def rotate():
        if path.exists():
            shutil.copy(path, tmp_path / "app.log.1")
            path.write_text("")

    in_threads(lambda: log("a"), rotate)
    kept = [each.read_text() for each in (path, tmp_path / "app.log.1") if each.exists()]
    assert "".join(kept) == "a\n"


def test_announced_steps(seed):
    store = {"n": 0}

    def add():
        with pytest_interleave.step("store", part="n", write=False, text="GET n"):
            value = store["n"]
        with pytest_interleave.step("store", part="n", write=True, text=f"SET n {value + 1}"):
            store["n"] = value + 1

    in_threads(add, add)
    assert store["n"] == 2


def test_a_change_that_is_not_awaited(seed):
    store = {}
    done = threading.Event()

    def put():
        with pytest_interleave.step("store", write=True):
            store["a"] = 1
        done.set()

    def get():
        pytest_interleave.wait_until("store", lambda: "a" in store, timeout=5)
        assert done.is_set()

    in_threads(put, get)

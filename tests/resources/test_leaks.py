"""What a snapshot finds that was not open before, and how it is told."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading

import pytest

from pytest_interleave.resources import Snapshot, _descriptors, tell

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="lists what is open in /proc")


@pytest.fixture
def snapshot():
    gc.collect()
    return Snapshot()


def test_nothing(snapshot, tmp_path):
    tmp_path.joinpath("x").write_text("x")
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-S", "-c", ""])
    assert snapshot.leaks() == []


def test_files(snapshot, tmp_path):
    path = tmp_path / "left open"
    with path.open("w"), path.open():
        leaks = snapshot.leaks()
        assert [(leak.kind, leak.what) for leak in leaks] == [("file", str(path))] * 2
        assert tell(leaks) == f"file {path} (2 times)"
        assert not leaks[0].same_as(leaks[1])
        assert leaks[0].same_as(snapshot.leaks()[0])
    assert snapshot.leaks() == []


def test_a_file_that_is_opened_again_is_none(tmp_path):
    path = tmp_path / "log"
    first = path.open("w")
    snapshot = Snapshot()
    # Under another number, with the old one taken by something else that goes away.
    second = path.open("a")
    first.close()
    with open(os.devnull):
        assert [leak.what for leak in snapshot.leaks()] == [os.devnull]
    assert snapshot.leaks() == []
    second.close()


def test_sockets(snapshot, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        port, own = server.getsockname()[1], client.getsockname()[1]
        assert tell(snapshot.leaks()) == (
            f"socket TCP 127.0.0.1:{port} that listens; socket TCP 127.0.0.1:{own} connected to 127.0.0.1:{port}"
        )
        # It is open as before.
        client.sendall(b"x")
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "s"))
        assert tell(snapshot.leaks()) == f"socket Unix {tmp_path / 's'}"


def test_threads(snapshot):
    gate = threading.Event()

    def wait_for_the_gate():
        gate.wait()

    threads = [
        threading.Thread(target=wait_for_the_gate, name="waits"),
        threading.Thread(target=gate.wait, name="c", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        first, second = snapshot.leaks()
        assert first.kind == "thread"
        line = wait_for_the_gate.__code__.co_firstlineno + 1
        assert f"'waits', at {os.path.relpath(__file__)}:{line} in " in first.what
        assert "wait_for_the_gate" in first.what
        assert second.what.startswith("'c', a daemon, running Event.wait")
    finally:
        gate.set()
    # They are given the time that they need to end.
    assert snapshot.leaks() == []
    for thread in threads:
        thread.join()


def test_processes(snapshot):
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    leaks = [leak for leak in snapshot.leaks() if leak.kind == "process"]
    assert [leak.what for leak in leaks] == [f"{process.pid} ({sys.executable} -S -c input())"]
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    leaks = [leak for leak in snapshot.leaks() if leak.kind == "process"]
    assert len(leaks) == 1
    assert leaks[0].what.endswith("; ended, but nobody has waited for it)")
    process.communicate()
    assert snapshot.leaks() == []


def test_garbage_is_none(snapshot):
    class Holder:
        pass

    holder = Holder()
    # In a circle, so that it goes when garbage is collected.
    holder.itself, holder.process = holder, socket.socketpair()
    values = {"holder": holder}
    del holder
    kept = [values]
    assert snapshot.leaks(kept.clear) != []
    values.clear()
    with pytest.warns(ResourceWarning):
        assert snapshot.leaks() == []


def test_what_the_standard_library_keeps_is_none():
    code = """
import multiprocessing
from pytest_interleave.resources import Snapshot
snapshot = Snapshot()
context = multiprocessing.get_context("spawn")
shared = context.Array("i", 3)
lock = context.Lock()
from multiprocessing.resource_tracker import _resource_tracker
assert _resource_tracker._pid is not None and _resource_tracker._fd is not None
import random; random.SystemRandom().random()
print(snapshot.leaks())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_where_nothing_can_be_listed(monkeypatch, tmp_path):
    monkeypatch.setattr(_descriptors, "_FOLDER", None)
    snapshot = Snapshot()
    with tmp_path.joinpath("x").open("w"):
        assert snapshot.leaks() == []
    with pytest.raises(NotImplementedError):
        _descriptors.count_descriptors()


def test_where_no_descriptor_is_left_to_list_them(monkeypatch, tmp_path):
    expected = _descriptors.open_descriptors()
    monkeypatch.setattr(_descriptors, "_FOLDER", str(tmp_path / "nothing"))
    assert _descriptors.open_descriptors() == expected


def test_many_are_told_in_short(snapshot, tmp_path):
    files = [tmp_path.joinpath(str(number)).open("w") for number in range(13)]
    assert tell(snapshot.leaks()).endswith(f"file {tmp_path}/9; and 3 more")
    for file in files:
        file.close()


def test_a_child_of_another_thread_is_found(snapshot):
    done, go = threading.Event(), threading.Event()
    found = []

    def start():
        found.append(subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE))
        done.set()
        go.wait()

    thread = threading.Thread(target=start)
    thread.start()
    done.wait()
    assert f"process {found[0].pid} (" in tell(snapshot.leaks())
    go.set()
    thread.join()
    found[0].communicate(b"\n")

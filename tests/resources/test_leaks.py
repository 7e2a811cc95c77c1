"""What a snapshot finds that was not open before, and its description."""

from __future__ import annotations

import gc
import itertools
import os
import socket
import subprocess
import sys
import threading

import pytest

from pytest_interleave.resources import Leak, Snapshot, _descriptors, describe_leaks

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
        assert describe_leaks(leaks) == f"2 files still open ({path} ×2)"
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
        assert describe_leaks(snapshot.leaks()) == (
            f"2 sockets still open (TCP 127.0.0.1:{port} (listening); "
            f"TCP 127.0.0.1:{own} connected to 127.0.0.1:{port})"
        )
        # It is open as before.
        client.sendall(b"x")
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "s"))
        assert describe_leaks(snapshot.leaks()) == f"1 socket still open (Unix {tmp_path / 's'})"


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
        assert f"waits, at {os.path.relpath(__file__)}:{line} in " in first.what
        assert "wait_for_the_gate" in first.what
        assert second.what.startswith("c, daemon, running Event.wait")
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
    assert leaks[0].what.endswith("; ended, but not waited for)")
    assert describe_leaks(leaks).startswith("1 process not waited for (")
    process.communicate()
    assert snapshot.leaks() == []


def test_garbage_is_none(snapshot):
    class Holder:
        pass

    holder = Holder()
    # In a reference cycle, so that garbage collection removes it.
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


def test_many_are_summarized(snapshot, tmp_path):
    files = [tmp_path.joinpath(str(number)).open("w") for number in range(13)]
    assert describe_leaks(snapshot.leaks()).endswith(f"; {tmp_path}/9; … and 3 more)")
    for file in files:
        file.close()


def test_kinds_have_a_clause_each_and_equal_things_a_number(snapshot, tmp_path):
    ends = [os.pipe() for _ in range(3)]
    with tmp_path.joinpath("x").open("w"):
        said = describe_leaks([*snapshot.leaks(), Leak("thread", "stays, at x.py:3 in work")], " after the test")
    assert said == (
        f"7 files still open after the test (pipe ×6; {tmp_path}/x); "
        "1 thread still running after the test (stays, at x.py:3 in work)"
    )
    for end in itertools.chain(*ends):
        os.close(end)


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
    assert f"1 process still running ({found[0].pid} (" in describe_leaks(snapshot.leaks())
    go.set()
    thread.join()
    found[0].communicate(b"\n")

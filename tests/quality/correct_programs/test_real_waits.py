"""Correct programs that wait in real time: sockets, pipes, child processes, servers.

The scheduler does not see such waits. A thread that waits for one is set aside; that warning is right here, and is the
only one that is no error. What must hold: every test passes, and each clock has advanced by the waiting time.
"""

from __future__ import annotations

import http.server
import os
import select
import selectors
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from .sizes import Counter, concurrency, join, set_aside, start

# Each schedule takes as long as its real waits.
pytestmark = [concurrency(5), set_aside]

WAIT = 0.05
TIMEOUT = 5


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    yield left, right
    left.close()
    right.close()


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as reader, open(writing, "wb", buffering=0) as writer:
        yield reader, writer


class Elapsed:
    """Of a block, by each of three clocks."""

    def __enter__(self):
        self.began = self._read()
        return self

    def _read(self):
        return time.monotonic(), time.perf_counter(), time.time()

    def __exit__(self, *exception):
        self.all = [late - early for early, late in zip(self.began, self._read(), strict=True)]

    def at_least(self, seconds):
        return min(self.all) >= seconds - 0.002


# -- waits of the test's own thread, while another one works --


def test_select_with_a_timeout(pair):
    threads = start(Counter().add)
    with Elapsed() as elapsed:
        assert select.select([pair[0]], [], [], WAIT) == ([], [], [])
    assert elapsed.at_least(WAIT)
    join(threads)


def test_poll_with_a_timeout(pair):
    poll = select.poll()
    poll.register(pair[0], select.POLLIN)
    threads = start(Counter().add)
    with Elapsed() as elapsed:
        assert poll.poll(WAIT * 1000) == []
    assert elapsed.at_least(WAIT)
    join(threads)


def test_selector_with_a_timeout(pair):
    threads = start(Counter().add)
    with selectors.DefaultSelector() as selector, Elapsed() as elapsed:
        selector.register(pair[0], selectors.EVENT_READ)
        assert selector.select(WAIT) == []
    assert elapsed.at_least(WAIT)
    join(threads)


def test_socket_with_a_timeout(pair):
    threads = start(Counter().add)
    pair[0].settimeout(WAIT)
    with Elapsed() as elapsed, pytest.raises(TimeoutError):
        pair[0].recv(1)
    assert elapsed.at_least(WAIT)
    join(threads)


def test_accept_with_a_timeout():
    threads = start(Counter().add)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT)
        with Elapsed() as elapsed, pytest.raises(TimeoutError):
            server.accept()
    assert elapsed.at_least(WAIT)
    join(threads)


def test_child_process_that_sleeps():
    threads = start(Counter().add)
    with Elapsed() as elapsed:
        subprocess.run(["sleep", str(WAIT)], check=True)
    assert elapsed.at_least(WAIT)
    join(threads)


def test_child_process_with_a_timeout():
    threads = start(Counter().add)
    with Elapsed() as elapsed, pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "20"], timeout=WAIT, check=True)
    assert elapsed.at_least(WAIT)
    join(threads)


def test_child_process_that_is_in_time():
    threads = start(Counter().add)
    assert subprocess.run(["sleep", str(WAIT)], timeout=20, check=True).returncode == 0
    join(threads)


# -- threads that wait for what others send --


def test_echo_by_sockets(pair):
    client, server = pair

    def echo():
        while data := server.recv(100):
            server.sendall(data)

    threads = start(echo)
    client.settimeout(TIMEOUT)
    for number in range(10):
        client.sendall(b"%d" % number)
        assert client.recv(100) == b"%d" % number
    client.shutdown(socket.SHUT_WR)
    join(threads)


def test_pipe_between_threads(pipe):
    reading, writing = pipe
    got = []

    def read():
        while data := reading.read(10):
            got.append(data)

    def write():
        for number in range(5):
            writing.write(b"%d" % number)
        writing.close()

    join(start(read, write))
    assert b"".join(got) == b"01234"


def test_pipe_read_before_anything_is_written(pipe):
    reading, writing = pipe
    got, counter = [], Counter()
    threads = start(lambda: got.append(reading.read(10)))
    counter.add(60)
    writing.write(b"data")
    join(threads)
    assert got == [b"data"]


def test_select_until_a_thread_sends(pair):
    def send():
        Counter().add(60)
        pair[1].sendall(b"x")

    threads = start(send)
    assert select.select([pair[0]], [], [], TIMEOUT)[0] == [pair[0]]
    join(threads)


def test_select_in_a_thread_until_the_test_sends_after_a_sleep(pair):
    ready = []
    threads = start(lambda: ready.extend(select.select([pair[0]], [], [], TIMEOUT)[0]))
    time.sleep(0.1)
    pair[1].sendall(b"x")
    join(threads)
    assert ready == [pair[0]]


def test_server_with_two_clients():
    def serve(server):
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(10).upper())

    def ask(port, answers):
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
            client.sendall(b"hello")
            answers.append(client.recv(10))

    answers = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        join(start(lambda: serve(server), lambda: ask(port, answers), lambda: ask(port, answers)))
    assert answers == [b"HELLO"] * 2


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("make", [http.server.HTTPServer, http.server.ThreadingHTTPServer])
def test_http_server(make):
    with make(("127.0.0.1", 0), Handler) as server:
        threads = start(lambda: server.serve_forever(poll_interval=0.01))
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=TIMEOUT) as answer:
                assert answer.read() == b"ok"
        server.shutdown()
        join(threads)


# -- both kinds of time --


def test_virtual_sleep_beside_a_real_wait():
    took = []

    def sleep():
        began = time.monotonic()
        time.sleep(0.3)
        took.append(time.monotonic() - began)

    def wait():
        subprocess.run(["sleep", str(WAIT)], check=True)

    join(start(sleep, wait))
    assert took[0] >= 0.299


def test_join_with_a_timeout_of_a_thread_that_really_waits():
    threads = start(lambda: subprocess.run(["sleep", str(WAIT)], check=True))
    threads[0].join(timeout=TIMEOUT)
    assert not threads[0].is_alive()


def test_event_set_after_a_real_wait():
    done = threading.Event()

    def work():
        subprocess.run(["sleep", str(WAIT)], check=True)
        done.set()

    threads = start(work)
    with Elapsed() as elapsed:
        assert done.wait(TIMEOUT)
    assert max(elapsed.all) < TIMEOUT
    join(threads)


def test_output_of_a_child_read_line_by_line():
    program = "import time\nfor n in range(3): print(n, flush=True); time.sleep(0.01)"
    got = []
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        join(start(lambda: got.extend(line.strip() for line in child.stdout)))
    assert got == ["0", "1", "2"]


def test_file_written_by_one_and_awaited_by_the_other(tmp_path):
    path = tmp_path / "ready"

    def write():
        Counter().add(60)
        path.write_text("ready")

    threads = start(write)
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_text() != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    join(threads)


def test_timestamps_around_real_waits_do_not_go_back():
    seen, lock = [], threading.Lock()

    def look(wait):
        for _ in range(3):
            with lock:
                seen.append(time.monotonic())
            wait()

    join(start(lambda: look(lambda: subprocess.run(["true"], check=True)), lambda: look(lambda: time.sleep(0.01))))
    assert seen == sorted(seen)

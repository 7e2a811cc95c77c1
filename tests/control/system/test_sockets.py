"""Sockets and connections under control."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_interleave.control import Control, Outcome
from pytest_interleave.control.steps import EXCHANGE, WRITE
from tests.driving import execute, require_good_end


def run(body: Callable[[], object]) -> Outcome:
    outcome = execute(body)
    require_good_end(outcome)
    return outcome


def test_both_ends_of_a_connection_are_one_thing() -> None:
    def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            with accepted:
                client.sendall(b"ping")
                assert accepted.recv(4) == b"ping"
                accepted.send(b"pong")
                with client.makefile("rb") as stream:
                    assert stream.read(4) == b"pong"

    uses = run(body).uses
    by_kind = {}
    for use in uses:
        by_kind.setdefault(use.thing.key[0], set()).add((use.thing.key, use.handle))
    assert {kind: len(ends) for kind, ends in by_kind.items()} == {"address": 2, "connection": 2}
    assert {kind: len({key for key, _ in ends}) for kind, ends in by_kind.items()} == {"address": 1, "connection": 1}
    assert {use.way for use in uses} == {EXCHANGE}


def test_a_pair_is_one_thing_with_two_ends() -> None:
    def body() -> None:
        first, second = socket.socketpair()
        with first, second:
            first.send(b"x")
            second.recv(1)

    uses = run(body).uses
    assert len({use.thing for use in uses}) == 1
    assert len({use.handle for use in uses}) == 2


def test_datagrams() -> None:
    def body() -> None:
        kind = (socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket(*kind) as at, socket.socket(*kind) as to:
            at.bind(("127.0.0.1", 0))
            to.sendto(b"x", at.getsockname())
            assert at.recvfrom(1)[0] == b"x"

    uses = run(body).uses
    assert len({use.thing for use in uses}) == 1
    assert {use.handle for use in uses} == {"at", "to"}


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
def test_local_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def body() -> None:
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind("here")
            server.listen()
            client.connect("here")
            with server.accept()[0] as accepted:
                client.send(b"x")
                accepted.recv(1)

    uses = run(body).uses
    assert {use.thing.name for use in uses} == {"here"}
    assert {use.handle for use in uses if use.way == EXCHANGE} == {"at", "to"}
    assert [use.how for use in uses if use.way == WRITE] == ["bound"]


def test_sockets_that_were_made_before_are_seen_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            uses = run(lambda: (client.send(b"x"), accepted.recv(1))).uses
            assert [use.how for use in uses] == ["data sent", "data received"]
            assert len({use.thing.key for use in uses}) == 1
    first, second = socket.socketpair()
    with first, second:
        uses = run(lambda: (first.send(b"x"), second.recv(1))).uses
        assert [use.how for use in uses] == ["data sent", "data received"]
        # What belongs together cannot be known.
        assert len({use.thing.key for use in uses}) == 2


def test_a_port_that_the_system_chooses_is_unique() -> None:
    def body() -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))

    assert not run(body).uses


def test_errors_are_those_of_the_real_ones() -> None:
    def body() -> None:
        with socket.socket() as unconnected, pytest.raises(OSError):
            unconnected.recv(1)
        closed = socket.socket()
        closed.close()
        with pytest.raises(OSError):
            closed.send(b"x")
        with socket.socket() as unconnected, pytest.raises(TypeError):
            unconnected.connect()  # type: ignore[call-arg]

    run(body)


def test_without_control_the_class_is_as_it_was() -> None:
    before = dict(vars(socket.socket))
    with Control():
        assert vars(socket.socket) != before
        threading.Event().is_set()
    assert dict(vars(socket.socket)) == before

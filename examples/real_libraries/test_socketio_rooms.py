"""python-socketio 5.16.3, unmodified: two clients enter rooms of a namespace that is still empty.

`BaseManager.basic_enter_room` creates the namespace if it does not exist. If both clients check before
either has created it, the second, empty namespace replaces the first one, and with it the client that is
already in it.
"""

import threading

import pytest
from socketio.base_manager import BaseManager


@pytest.fixture
def manager():
    return BaseManager()


def clients_in(manager, room):
    """The clients in a room of the namespace /chat."""
    return [sid for sid, _ in manager.get_participants("/chat", room)]


@pytest.mark.concurrency
def test_both_clients_are_registered(manager, run_concurrent):
    run_concurrent.together(
        lambda: manager.basic_enter_room("alice", "/chat", "kitchen", "alice-transport"),
        lambda: manager.basic_enter_room("bob", "/chat", "garden", "bob-transport"),
    )
    assert clients_in(manager, "kitchen") == ["alice"]
    assert clients_in(manager, "garden") == ["bob"]


@pytest.mark.concurrency
def test_both_clients_are_registered_under_a_lock(manager, run_concurrent):
    lock = threading.Lock()

    def enter(sid, room):
        with lock:
            manager.basic_enter_room(sid, "/chat", room, f"{sid}-transport")

    run_concurrent.together(lambda: enter("alice", "kitchen"), lambda: enter("bob", "garden"))
    assert clients_in(manager, "kitchen") == ["alice"]
    assert clients_in(manager, "garden") == ["bob"]

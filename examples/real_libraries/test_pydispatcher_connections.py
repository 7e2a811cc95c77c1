"""PyDispatcher 2.0.7, unmodified: a receiver that is connected while another one is disconnected may be lost.

`connect` looks up the list of receivers, and appends to it later. In between, a `disconnect` that empties
the list throws it away, and the new receiver with it.
"""

import threading

import pytest
from pydispatch import dispatcher


@pytest.fixture(autouse=True)
def no_connections():
    for table in (dispatcher.connections, dispatcher.senders, dispatcher.sendersBack):
        table.clear()


class Receiver:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1


@pytest.mark.concurrency
def test_a_new_receiver_is_called(run_concurrent):
    old, new = Receiver(), Receiver()
    dispatcher.connect(old, "saved")
    run_concurrent.together(
        lambda: dispatcher.disconnect(old, "saved"),
        lambda: dispatcher.connect(new, "saved"),
    )
    dispatcher.send("saved")
    assert new.calls == 1


@pytest.mark.thread_safety(workers=2)
def test_who_is_connected_is_called():
    receiver = Receiver()
    dispatcher.connect(receiver, "saved")
    dispatcher.send("saved")
    assert receiver.calls
    dispatcher.disconnect(receiver, "saved")


@pytest.fixture
def lock():
    return threading.Lock()


@pytest.mark.thread_safety(workers=2)
def test_who_is_connected_is_called_under_a_lock(lock):
    receiver = Receiver()
    with lock:
        dispatcher.connect(receiver, "saved")
        dispatcher.send("saved")
        dispatcher.disconnect(receiver, "saved")
    assert receiver.calls == 1

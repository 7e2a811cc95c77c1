"""A driver that is stopped while a request comes in: SCTBench's CS.bluetooth_driver_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the request looks whether the driver
is stopping, and only then counts itself as pending; in between, the driver may stop altogether.
"""

from __future__ import annotations

from threading import Lock, Thread

import pytest


class Driver:
    def __init__(self) -> None:
        self.lock = Lock()
        self.pending = 1
        self.stopping = False
        self.event = False
        self.stopped = False

    def increment(self) -> int:
        if self.stopping:
            return -1
        with self.lock:
            self.pending += 1
        return 0

    def decrement(self) -> None:
        with self.lock:
            self.pending -= 1
            pending = self.pending
        if pending == 0:
            self.event = True

    def stop(self) -> None:
        self.stopping = True
        self.decrement()
        if self.event:
            self.stopped = True


@pytest.mark.concurrency
def test_bluetooth_driver() -> None:
    driver = Driver()
    stopper = Thread(target=driver.stop)
    stopper.start()
    status = driver.increment()
    if status == 0:
        assert not driver.stopped
    driver.decrement()
    stopper.join()

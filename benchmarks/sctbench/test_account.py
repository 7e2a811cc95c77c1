"""A balance that is checked after a deposit and a withdrawal: SCTBench's CS.account_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the value that the check expects is
wrong, which shows only where the check comes last. C's main does not join.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run

X, Y, Z = 1, 2, 4


class Account:
    def __init__(self) -> None:
        self.lock = Lock()
        self.balance = X
        self.deposited = False
        self.withdrawn = False

    def check(self) -> None:
        with self.lock:
            if self.deposited and self.withdrawn:
                assert self.balance == (X - Y) - Z

    def deposit(self) -> None:
        with self.lock:
            self.balance += Y
            self.deposited = True

    def withdraw(self) -> None:
        with self.lock:
            self.balance -= Z
            self.withdrawn = True


@pytest.mark.concurrency
def test_account() -> None:
    account = Account()
    run(account.check, account.deposit, account.withdraw)

import threading

import pytest

from pytest_interleave import RaceDetector, RunConcurrent, RunStress, StressResult, WorkersBarrier


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.lock = threading.Lock()

    def deposit(self, amount: int) -> int:
        with self.lock:
            self.balance += amount
            return self.balance


def deposit_together(account: Account, barrier: threading.Barrier) -> int:
    barrier.wait()
    return account.deposit(50)


@pytest.fixture
def account(race_detector: RaceDetector) -> Account:
    return race_detector.watch(Account())


@pytest.mark.concurrency(schedules=50)
def test_deposits(account: Account, barrier: WorkersBarrier, run_concurrent: RunConcurrent) -> None:
    balances: list[int] = run_concurrent(deposit_together, account, barrier, workers=2)
    assert sorted(balances) == [50, 100]


def test_many_deposits(run_stress: RunStress) -> None:
    account = Account()
    result: StressResult = run_stress(lambda: account.deposit(1), threads=4, operations=100)
    result.assert_no_errors()
    assert account.balance == 400

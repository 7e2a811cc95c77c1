"""Ordinary pytest tests of the bank, with a marker. Two of them fail."""

import pytest
from bank import Account, transfer, transfer_one_by_one


@pytest.fixture
def account():
    return Account(100)


@pytest.fixture
def savings():
    return Account(100)


@pytest.mark.concurrency
def test_deposit(account, run_concurrent):
    run_concurrent(account.deposit, 50, workers=2)
    assert account.balance == 200


@pytest.mark.concurrency
def test_deposit_locked(account, run_concurrent):
    run_concurrent(account.deposit_locked, 50, workers=2)
    assert account.balance == 200


@pytest.mark.concurrency
def test_transfer(account, savings, run_concurrent):
    run_concurrent.together(
        lambda: transfer(account, savings, 10),
        lambda: transfer(savings, account, 30),
    )
    assert (account.balance, savings.balance) == (120, 80)


@pytest.mark.concurrency
def test_transfer_one_by_one(account, savings, run_concurrent):
    run_concurrent.together(
        lambda: transfer_one_by_one(account, savings, 10),
        lambda: transfer_one_by_one(savings, account, 30),
    )
    assert (account.balance, savings.balance) == (120, 80)

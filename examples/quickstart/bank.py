"""A small bank, with the mistakes that small banks make."""

import threading


class Account:
    """Money that several threads may move at once."""

    def __init__(self, balance: int) -> None:
        self.balance = balance
        self.lock = threading.Lock()

    def deposit(self, amount: int) -> None:
        """Wrong: between the two lines another thread can deposit, and that deposit is then lost."""
        balance = self.balance
        self.balance = balance + amount

    def deposit_locked(self, amount: int) -> None:
        """Right: one thread at a time."""
        with self.lock:
            self.balance += amount


def transfer(source: Account, target: Account, amount: int) -> None:
    """Wrong: two transfers in opposite directions can each hold the lock that the other one waits for."""
    with source.lock, target.lock:
        source.balance -= amount
        target.balance += amount


_one_transfer_at_a_time = threading.Lock()


def transfer_one_by_one(source: Account, target: Account, amount: int) -> None:
    """Right: nobody takes an account's lock while another transfer is going on."""
    with _one_transfer_at_a_time:
        transfer(source, target, amount)

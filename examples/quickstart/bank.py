"""A small bank, with the mistakes that small banks make."""

import threading


class Account:
    """Money that several threads may move at once."""

    def __init__(self, balance: float) -> None:
        self.balance = balance
        self.lock = threading.Lock()

    def deposit(self, amount: float) -> None:
        """Wrong: another thread can deposit while this one rounds, and that deposit is then lost."""
        self.balance = round(self.balance + amount, 2)

    def deposit_locked(self, amount: float) -> None:
        """Right: one thread at a time."""
        with self.lock:
            self.deposit(amount)


def transfer(source: Account, target: Account, amount: int) -> None:
    """Wrong: two transfers in opposite directions can each hold the lock that the other one waits for."""
    with source.lock, target.lock:
        source.balance -= amount
        target.balance += amount


_one_transfer_at_a_time = threading.Lock()


def transfer_one_by_one(source: Account, target: Account, amount: int) -> None:
    """Right: no other thread takes the lock of an account during a transfer."""
    with _one_transfer_at_a_time:
        transfer(source, target, amount)

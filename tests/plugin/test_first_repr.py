"""The first `repr` of an object often computes what later ones find: that is no part of the schedule."""

from __future__ import annotations

import pytest

SOURCE = """
class Account:
    _fields = None
    _context = threading.local()

    def __init__(self, balance):
        self.balance = balance

    def __eq__(self, other):
        return self.balance == other.balance

    __hash__ = None

    def __repr__(self):
        cls = type(self)
        if cls._fields is None:
            # Only the first time, as in classes of attrs.
            cls._fields = sorted(vars(self))
        try:
            active = cls._context.active
        except AttributeError:
            active = cls._context.active = set()
        active.add(id(self))
        try:
            return f"Account({', '.join(f'{name}={getattr(self, name)}' for name in cls._fields)})"
        finally:
            active.remove(id(self))


def add(account):
    balance = account.balance
    account.balance = balance + 1
"""
TESTS = {
    "comparison": """
@pytest.mark.concurrency
def test_it(run_concurrent):
    account = Account(0)
    run_concurrent(add, account)
    assert account == Account(2)
""",
    "attribute": """
@pytest.mark.concurrency
def test_it(run_concurrent):
    account = Account(0)
    run_concurrent(add, account)
    assert account.balance == 2
""",
    "message": """
@pytest.mark.concurrency
def test_it(run_concurrent):
    account = Account(0)
    run_concurrent(add, account)
    if account.balance != 2:
        raise ValueError(f"wrong: {account}")
""",
    "unittest": """
class TestIt(unittest.TestCase):
    @pytest.mark.concurrency
    def test_it(self):
        account = Account(0)
        threads = [threading.Thread(target=add, args=(account,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(account, Account(2))
""",
}


@pytest.mark.parametrize("kind", TESTS)
def test_it_makes_no_failure_nondeterministic(run, kind):
    done = run(SOURCE + TESTS[kind])
    done.result.assert_outcomes(failed=1)
    assert "Could not reproduce" not in done.text
    assert "May not replay" not in done.text
    assert done.lines("Lost update on Account")
    assert done.lines("Replay this schedule:")
    if kind != "message":
        assert "_fields" not in done.text.partition(" interleaving -")[2]
    again = run(None, *done.command[1:])
    again.result.assert_outcomes(failed=1)
    assert again.lines("Lost update on Account")


def test_a_lock_in_a_repr_is_under_control(run):
    done = run(
        """
class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0

    def __repr__(self):
        with self.lock:
            return f"Account({self.balance})"


@pytest.mark.concurrency
def test_it(run_concurrent):
    account = Account()
    held = threading.Event()

    def hold():
        with account.lock:
            held.set()
            account.balance = account.balance + 1

    def check():
        held.wait()
        assert account.balance == 2

    run_concurrent.together(hold, check)
"""
    )
    done.result.assert_outcomes(failed=1)
    assert "where 1 = Account(1).balance" in done.text or "where 0 = Account(1).balance" in done.text
    assert "Deadlock" not in done.text


def test_what_differs_before_other_threads_end_is_nondeterministic(run):
    done = run(
        """
runs = []


@pytest.mark.concurrency(schedules=3)
def test_it(run_concurrent, counter):
    runs.append(1)

    def work():
        if len(runs) % 2:
            counter.increment()
        counter.increment()

    run_concurrent(work)
    assert counter.value in (2, 4)
"""
    )
    assert "nondeterministic" in done.text

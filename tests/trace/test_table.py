"""The table shows what the threads did to each other, and no more."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pytest_interleave.control import Outcome
from pytest_interleave.explore import RandomWalk
from pytest_interleave.trace import interleaving_table
from tests.driving import Control, require_good_end

HERE = "test_table.py"


def recorded(body: Callable[[], object], seed: int = 1) -> Outcome:
    strategy = RandomWalk(seed)
    with Control() as control:
        strategy.begin(1)
        return control.run(body, strategy, max_steps=10_000, detail=True)


def rows(outcome: Outcome, width: int = 120, **options: int) -> list[str]:
    pending = () if outcome.stuck is None else outcome.stuck.pending
    return interleaving_table(outcome.log, width, pending=pending, **options).splitlines()


class Shared:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def add(self) -> None:
        with self.lock:
            self.value += 1

    def add_many(self) -> None:
        for _ in range(30):
            self.add()


def in_two_threads(target: Callable[[], object]) -> None:
    threads = [threading.Thread(target=target, name=name) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_successive_steps_at_one_line_are_one_row() -> None:
    outcome = recorded(lambda: in_two_threads(Shared().add))
    require_good_end(outcome)
    shown = rows(outcome)
    increments = [row for row in shown if "self.value += 1" in row]
    assert len(increments) == 2
    assert all("read, write: self.value += 1" in row for row in increments)
    assert sum("start ×2: thread.start()" in row for row in shown) == 1


def test_each_thread_has_its_column() -> None:
    shown = rows(recorded(lambda: in_two_threads(Shared().add)))
    left, right = shown[0].index("left"), shown[0].index("right")
    columns = {row.index("read, write") for row in shown if "read, write" in row}
    assert columns == {left, right}
    assert set(shown[1]) == {"-"}


def test_what_a_pool_does_between_its_tasks_is_not_shown() -> None:
    def body() -> None:
        shared = Shared()
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(shared.add) for _ in range(4)]:
                future.result()

    outcome = recorded(body)
    require_good_end(outcome)
    shown = rows(outcome)[2:]
    assert sum("self.value += 1" in row for row in shown) >= 4
    assert all(HERE in row.partition(":")[0] for row in shown)


def test_only_the_last_part_is_shown_and_the_rest_is_counted() -> None:
    outcome = recorded(lambda: in_two_threads(Shared().add_many))
    everything = rows(outcome, max_rows=100_000)
    shown = rows(outcome, max_rows=20)
    assert len(shown) == 20
    # The test's own thread has nothing to do in the last part, and so no column.
    assert [row.split() for row in shown[3:]] == [row.split() for row in everything[-17:]]
    assert int(re.fullmatch(r"… (\d+) earlier steps", shown[2])[1]) > len(everything) - 20


def test_no_row_is_wider_than_the_screen() -> None:
    def body() -> None:
        shared = Shared()
        threads = [threading.Thread(target=shared.add, name=f"a thread with a long name {n}") for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    outcome = recorded(body)
    for width in (60, 80, 160):
        assert max(map(len, rows(outcome, width))) <= width
    # The end of a name is what tells it from the others.
    assert "…me 0 …me 1 …me 2 " in rows(outcome, 120)[0]


def test_what_threads_wait_for_in_a_deadlock_comes_last() -> None:
    def body() -> None:
        event = threading.Event()
        in_two_threads(lambda: event.wait())

    outcome = recorded(body)
    assert outcome.stuck is not None
    waiting = rows(outcome)[-3:]
    assert sum("waits to wait: " in row for row in waiting) == 2
    assert sum("waits to join: thread.join()" in row for row in waiting) == 1


def test_nothing_shared_is_said() -> None:
    assert interleaving_table([], 80) == "(no operation that threads share)"

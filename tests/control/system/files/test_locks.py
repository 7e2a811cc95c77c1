"""`fcntl.flock` under control, and files that are locks because they can be created only once."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.driving import check, execute, require_good_end, value_of

from .steps import every_outcome, in_threads

fcntl = pytest.importorskip("fcntl")

EX, SH, NB, UN = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_NB, fcntl.LOCK_UN


def locked(path: Path, how: int, do: Callable[[], Any]) -> Any:
    with open(path) as file:
        fcntl.flock(file, how)
        found = do()
        fcntl.flock(file, UN)
    return found


def counter(file: Path, how: int) -> Callable[[], int]:
    """A program of two threads that each add 1 to the number in a file, with a lock."""
    number = file.with_name("number")

    def increment() -> None:
        number.write_text(str(int(number.read_text()) + 1))

    def program() -> int:
        number.write_text("0")
        in_threads(*[lambda: locked(file, how, increment)] * 2)
        return int(number.read_text() or 0)

    return program


def test_an_exclusive_lock_excludes_others(file: Path) -> None:
    assert every_outcome(counter(file, EX)) == {2}


def test_a_shared_lock_does_not(file: Path) -> None:
    # Also where one reads what the other has truncated.
    def program() -> object:
        seen: list[str] = []
        path = file.with_name("number")
        path.write_text("0")
        in_threads(
            lambda: locked(file, SH, lambda: path.write_text("1")),
            lambda: locked(file, SH, lambda: seen.append(path.read_text())),
        )
        return seen[0]

    assert every_outcome(program) == {"0", "1", ""}


@pytest.mark.parametrize(
    "release",
    [
        lambda file: fcntl.flock(file, UN),
        lambda file: file.close(),
        lambda file: os.close(os.dup(file.fileno())) or file.close(),
        lambda file: fcntl.flock(os.dup(file.fileno()), UN),
    ],
    ids=["unlock", "close", "close a copy and the file", "unlock a copy"],
)
@pytest.mark.parametrize("takes", ["fd", "file"])
def test_each_way_to_release_a_lock_lets_others_continue(
    file: Path, release: Callable[[Any], None], takes: str
) -> None:
    order: list[str] = []

    def first() -> None:
        opened = open(file)
        fcntl.flock(opened if takes == "file" else opened.fileno(), EX)
        order.append("first in")
        time.sleep(1)
        order.append("first out")
        release(opened)
        time.sleep(1)
        opened.close()

    def second() -> None:
        time.sleep(0.5)
        with open(file) as opened:
            fcntl.flock(opened, EX)
            order.append("second in")

    def body() -> None:
        order.clear()
        in_threads(first, second)
        assert order == ["first in", "first out", "second in"]

    check(body)


def test_a_file_that_is_closed_by_its_descriptor_is_unlocked(file: Path) -> None:
    def body() -> None:
        descriptor = os.open(file, os.O_RDONLY)
        fcntl.flock(descriptor, EX)
        waits = _in_thread(lambda: locked(file, EX, lambda: None))
        os.close(descriptor)
        waits.join()

    check(body)


def test_a_file_that_nothing_refers_to_is_unlocked(file: Path) -> None:
    def body() -> None:
        opened: Any = open(file)
        fcntl.flock(opened, EX)
        waits = _in_thread(lambda: locked(file, EX, lambda: None))
        del opened
        gc.collect()
        waits.join()

    with pytest.warns(ResourceWarning):
        check(body, walks=3)


def _in_thread(do: Callable[[], object]) -> Any:
    import threading

    thread = threading.Thread(target=do)
    thread.start()
    return thread


def test_a_copy_of_a_descriptor_keeps_the_lock(file: Path) -> None:
    def body() -> list[str]:
        opened = open(file)
        copy = os.dup(opened.fileno())
        fcntl.flock(opened, EX)
        opened.close()
        seen = [_try(file)]
        os.close(copy)
        return [*seen, _try(file)]

    assert value_of(body) == body() == ["locked", "free"]


def _try(path: Path, how: int = EX) -> str:
    with open(path) as file:
        try:
            fcntl.flock(file, how | NB)
        except BlockingIOError:
            return "locked"
        return "free"


def test_a_thread_that_does_not_wait_sees_whether_it_is_locked(file: Path) -> None:
    def program() -> object:
        seen: list[str] = []
        in_threads(lambda: locked(file, EX, lambda: None), lambda: seen.append(_try(file)))
        return seen[0]

    assert every_outcome(program) == {"free", "locked"}


def test_readers_exclude_writers(file: Path) -> None:
    def body() -> list[str]:
        with open(file) as first, open(file) as second:
            fcntl.flock(first, SH)
            fcntl.flock(second, SH)
            seen = [_try(file, SH), _try(file, EX)]
            fcntl.flock(first, UN)
            seen.append(_try(file, EX))
            fcntl.flock(second, UN)
            return [*seen, _try(file, EX)]

    assert value_of(body) == body() == ["free", "locked", "locked", "free"]


def test_two_locks_in_opposite_order_are_a_deadlock(file: Path) -> None:
    other = file.with_name("other.txt")
    other.touch()

    def both(first: Path, second: Path) -> None:
        locked(first, EX, lambda: (time.sleep(1), locked(second, EX, lambda: None)))

    outcome = execute(lambda: in_threads(lambda: both(file, other), lambda: both(other, file)))
    assert outcome.stuck is not None
    assert (outcome.stuck.kind, outcome.stuck.cycle) == ("deadlock", True)
    waits = [wait for wait in outcome.stuck.waits if wait.thread != "main"]
    assert {wait.waits_for for wait in waits} == {"file lock other.txt", "file lock data.txt"}
    assert all(wait.holder and wait.acquired for wait in waits)
    # Nothing is left of that.
    assert _try(file) == _try(other) == "free"
    check(lambda: locked(file, EX, lambda: locked(other, EX, lambda: None)), walks=2)


def test_all_orders_of_two_locks(file: Path) -> None:
    other = file.with_name("other.txt")
    other.touch()

    def program() -> str:
        in_threads(
            lambda: locked(file, EX, lambda: locked(other, EX, lambda: None)),
            lambda: locked(other, EX, lambda: locked(file, EX, lambda: None)),
        )
        return "ended"

    assert every_outcome(program) == {"ended", "deadlock"}


def test_a_thread_that_has_the_file_open_twice_waits_for_itself(file: Path) -> None:
    outcome = execute(lambda: locked(file, EX, lambda: locked(file, EX, lambda: None)))
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"
    assert _try(file) == "free"


def test_the_same_open_file_can_be_locked_twice(file: Path) -> None:
    def body() -> None:
        with open(file) as opened:
            fcntl.flock(opened, EX)
            fcntl.flock(opened, EX)
            fcntl.flock(opened, SH)
            assert _try(file, SH) == "free"
            assert _try(file, EX) == "locked"

    check(body, walks=2)


def test_an_upgrade_gives_the_shared_lock_back_first(file: Path) -> None:
    """Two readers that both want to write are no deadlock: the system takes the shared lock away."""
    inside: list[int] = []

    def work() -> None:
        with open(file) as opened:
            fcntl.flock(opened, SH)
            time.sleep(1)
            fcntl.flock(opened, EX)
            inside.append(1)
            assert len(inside) == 1
            time.sleep(1)
            inside.pop()

    check(lambda: in_threads(work, work))


#: Locks the file, says so, and unlocks it a while later.
OTHER_PROCESS = """
import fcntl, sys, time
with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    time.sleep(0.5)
"""


def test_a_lock_that_another_process_has_is_waited_for(file: Path) -> None:
    def program() -> float:
        with subprocess.Popen([sys.executable, "-c", OTHER_PROCESS, str(file)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"locked\n"
            seen = _try(file)
            in_threads(*[lambda: locked(file, EX, lambda: None)] * 2)
        return seen == "locked"

    outcome = execute(program)
    require_good_end(outcome._replace(set_aside=[]))
    assert outcome.set_aside


def test_locks_by_lockf_exclude_no_thread(file: Path) -> None:
    def body() -> None:
        with open(file, "r+") as first, open(file, "r+") as second:
            fcntl.lockf(first, EX)
            in_threads(lambda: fcntl.lockf(second, EX))

    check(body, walks=3)


def test_wrong_arguments_raise_what_the_real_function_raises(file: Path, outcome_of: Callable[..., Any]) -> None:
    def each() -> list[Any]:
        with open(file) as opened:
            closed = open(file)
            closed.close()
            calls: list[Callable[[], Any]] = [
                lambda: fcntl.flock(opened, 0), lambda: fcntl.flock(-1, EX), lambda: fcntl.flock(closed, EX),
                lambda: fcntl.flock("x", EX), lambda: fcntl.flock(opened), lambda: fcntl.flock(10_000, EX),
            ]  # fmt: skip
            return [outcome_of(call) for call in calls]

    assert value_of(each) == each()


def test_a_file_that_only_one_can_create_is_a_lock(file: Path) -> None:
    """A thread that polls for it with `sleep` waits in virtual time."""
    lock, number = file.with_name("lock"), file.with_name("number")

    def increment(flags: int) -> None:
        while True:
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(lock, flags)
                break
            time.sleep(10)
        number.write_text(str(int(number.read_text()) + 1))
        os.close(descriptor)
        os.remove(lock)

    def body() -> None:
        number.write_text("0")
        in_threads(*[lambda: increment(os.O_CREAT | os.O_EXCL)] * 3)
        assert number.read_text() == "3"

    began = time.monotonic()
    check(body)
    assert time.monotonic() - began < 60


def test_polling_for_a_lock_by_flock_takes_virtual_time(file: Path) -> None:
    def patient(limit: float) -> str:
        with open(file) as opened:
            until = time.monotonic() + limit
            while time.monotonic() < until:
                try:
                    fcntl.flock(opened, EX | NB)
                except BlockingIOError:
                    time.sleep(5)
                else:
                    time.sleep(30)
                    return "got it"
        return "timed out"

    def body() -> None:
        seen: list[str] = []
        in_threads(lambda: seen.append(patient(20)), lambda: seen.append(patient(20)))
        assert sorted(seen) == ["got it", "timed out"]

    check(body, walks=5)

"""Which uses of files and the like nothing orders."""

from __future__ import annotations

import logging
import os
import queue
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control, Outcome
from pytest_interleave.control.primitives._rlock import RealRLock
from pytest_interleave.detect import uncontrolled_in
from pytest_interleave.detect.uncontrolled._uses import unordered_uses
from pytest_interleave.explore import PartialOrderReduction
from tests.driving import execute

DATA = "data.txt"


def found_in(outcome: Outcome) -> list[tuple[str, ...]]:
    """For each pair, or single use, that was found: the name of the thing, and the threads."""
    assert outcome.exception is None, outcome.exception
    assert all(isinstance(failure.exception, OSError) for failure in outcome.failures)
    pairs = unordered_uses(outcome.log, outcome.uses, len(outcome.threads))
    return [
        (
            pair.first.thing.name or os.path.basename(str(pair.first.thing.key)),
            *(use.unit.name for use in pair if use is not None),
        )
        for pair in pairs
    ]


def found(body: Callable[[], object]) -> list[tuple[str, ...]]:
    return found_in(execute(body))


def threads(*targets: Callable[[], object]) -> list[threading.Thread]:
    """Started at once, and called by letters."""
    made = [threading.Thread(target=target, name=name) for target, name in zip(targets, "abcd", strict=False)]
    for thread in made:
        thread.start()
    return made


def together(*targets: Callable[[], object]) -> None:
    for thread in threads(*targets):
        thread.join()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(DATA).write_text("0", encoding="utf-8")


def read() -> str:
    return Path(DATA).read_text(encoding="utf-8")


def write() -> None:
    Path(DATA).write_text("1", encoding="utf-8")


# -- what threads do at the same time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "matters"),
    [
        (read, read, False),
        (read, write, True),
        (write, write, True),
        (lambda: os.path.exists("x"), lambda: os.path.exists("x"), False),
        (lambda: os.path.exists("x"), lambda: os.mkdir("x"), True),
        (lambda: os.makedirs("x", exist_ok=True), lambda: os.makedirs("x", exist_ok=True), True),
        (lambda: Path("x").write_text("", "utf-8"), lambda: Path("y").write_text("", "utf-8"), False),
        (lambda: os.listdir(), lambda: Path("y").write_text("", "utf-8"), True),
        (lambda: os.listdir(), lambda: Path(DATA).write_text("", "utf-8"), False),
        (lambda: [entry.stat().st_size for entry in os.scandir()], write, True),
        (lambda: os.listdir(), lambda: os.listdir(), False),
        (lambda: os.listdir(), lambda: os.mkdir("x"), True),
        (lambda: os.listdir(), lambda: os.remove(DATA), True),
        (lambda: os.replace(DATA, "x"), read, True),
        (lambda: Path("x").mkdir(), lambda: os.path.exists("x/y/z"), True),
        (lambda: Path("x").mkdir(), lambda: os.path.exists("xy/z"), False),
        (lambda: os.stat(DATA), lambda: os.utime(DATA), True),
        (read, lambda: os.open(DATA, os.O_RDONLY), False),
        (lambda: open("lock", "x").close(), lambda: os.path.exists("lock"), True),
    ],
)
def test_two_uses_at_the_same_time(first: Callable[[], object], second: Callable[[], object], matters: bool) -> None:
    for one, other in ((first, second), (second, first)):
        pairs = found(lambda: together(one, other))  # noqa: B023
        assert bool(pairs) is matters
        for _, *names in pairs:
            assert names == ["a", "b"]
        for made in ("x", "y", "lock"):
            if os.path.isdir(made):
                os.rmdir(made)
            elif os.path.exists(made):
                os.remove(made)
        write()


def test_each_thing_is_found_once() -> None:
    def both() -> None:
        read(), write()
        Path("other").write_text("", "utf-8")
        read(), write()

    assert sorted(name for name, *_ in found(lambda: together(both, both, both))) == [DATA, "other"]


def test_each_use_moves_the_position_of_an_open_file() -> None:
    def body() -> None:
        with open(DATA) as file:
            together(file.readline, file.readline)

    assert found(body) == [(DATA, "a", "b")]


# -- what orders them ------------------------------------------------------------------------------------------------


def starts_and_joins() -> None:
    write()
    together(read, read)
    write()
    together(read)


def one_after_the_other() -> None:
    together(write)
    together(write)


def by_lock() -> None:
    lock = threading.Lock()

    def work() -> None:
        with lock:
            read(), write()

    together(work, work)


def by_rlock_and_condition() -> None:
    condition = threading.Condition()

    def work() -> None:
        with condition, condition:
            read(), write()

    together(work, work)


def by_event() -> None:
    event = threading.Event()
    together(lambda: (write(), event.set()), lambda: (event.wait(), read()))


def by_queue() -> None:
    items: queue.Queue[int] = queue.Queue()
    together(lambda: (write(), items.put(1)), lambda: (items.get(), read()))


def by_barrier() -> None:
    barrier = threading.Barrier(2)
    together(lambda: (write(), barrier.wait()), lambda: (barrier.wait(), read()))


def by_condition() -> None:
    condition = threading.Condition()
    done: list[int] = []

    def waits() -> None:
        with condition:
            condition.wait_for(lambda: done)
        read()

    def does() -> None:
        write()
        with condition:
            done.append(1)
            condition.notify()

    together(waits, does)


def of_their_own() -> None:
    def work(name: str) -> Callable[[], object]:
        return lambda: (Path(name).write_text("", "utf-8"), Path(name).read_text("utf-8"))

    together(work("one"), work("two"))
    assert sorted(os.listdir()) == [DATA, "one", "two"]


@pytest.mark.parametrize(
    "body",
    [
        starts_and_joins, one_after_the_other, by_lock, by_rlock_and_condition, by_event, by_queue, by_barrier,
        by_condition, of_their_own,
    ],
)  # fmt: skip
def test_ordered(body: Callable[[], object]) -> None:
    assert all(pairs == [] for pairs in explored(body))


def explored(body: Callable[[], object]) -> Iterator[list[tuple[str, ...]]]:
    """What each execution finds, of all that partial-order reduction runs."""
    strategy = PartialOrderReduction()
    number = 0
    with Control() as control:
        while not strategy.finished:
            number += 1
            for name in set(os.listdir()) - {DATA}:
                os.remove(name)
            control.prepare()
            strategy.begin(number)
            outcome = control.run(body, strategy, max_steps=10_000)
            strategy.end(outcome)
            yield found_in(outcome)
            assert number < 3_000


def joined_too_late() -> None:
    (thread,) = threads(write)
    read()
    thread.join()


def join_given_up() -> None:
    (thread,) = threads(lambda: (time.sleep(5), write()))
    thread.join(0.01)
    read()
    thread.join()


def event_not_set() -> None:
    event = threading.Event()
    together(lambda: (time.sleep(5), write(), event.set()), lambda: (event.wait(0.01), read()))


def queue_empty() -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()

    def takes() -> None:
        try:
            items.get(timeout=0.01)
        except queue.Empty:
            pass
        read()

    together(lambda: (time.sleep(5), write(), items.put(1)), takes)


def other_locks() -> None:
    locks = iter([threading.Lock(), threading.Lock()])

    def work() -> None:
        with next(locks):
            write()

    together(work, work)


def outside_of_the_lock() -> None:
    lock = threading.Lock()

    def work() -> None:
        with lock:
            pass
        write()

    together(work, work)


def polled() -> None:
    (thread,) = threads(write)
    read()
    while thread.is_alive():
        time.sleep(1)


def limited_by_a_semaphore_of_two() -> None:
    limit = threading.Semaphore(2)

    def work() -> None:
        with limit:
            write()

    together(work, work)


@pytest.mark.parametrize(
    "body",
    [
        joined_too_late, join_given_up, event_not_set, queue_empty, other_locks, outside_of_the_lock, polled,
        limited_by_a_semaphore_of_two,
    ],
)  # fmt: skip
def test_not_ordered(body: Callable[[], object]) -> None:
    assert any(explored(body))


def test_what_only_happens_to_come_last_is_not_ordered() -> None:
    def body() -> None:
        kept = threads(write)
        time.sleep(1)
        assert not kept[0].daemon
        read()

    assert found(body) == [(DATA, "a", "main")]


# -- logs ------------------------------------------------------------------------------------------------------------


@contextmanager
def logging_to(path: str) -> Iterator[logging.Logger]:
    """By a handler that was made without control, whose lock is not seen: the order of its records is not explored."""
    handler = logging.FileHandler(path, delay=False, encoding="utf-8")
    logger = logging.Logger("test")
    logger.addHandler(handler)
    handler.lock = RealRLock()
    try:
        yield logger
    finally:
        handler.close()


def test_the_order_of_log_records_matters_if_they_are_read() -> None:
    with logging_to("app.log") as logger:
        assert found(lambda: together(lambda: logger.error("a"), lambda: logger.error("b"))) == []

        def body() -> None:
            together(lambda: logger.error("a"), lambda: logger.error("b"))
            Path("app.log").read_text("utf-8")

        assert [name for name, *_ in found(body)] == ["app.log"]
        removed = found(lambda: together(lambda: logger.error("a"), lambda: os.remove("app.log")))
        assert removed == [("app.log", "a", "b")]


# -- others ----------------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-S", "-c", ""]
PROCESS = os.path.basename(sys.executable)


def counting() -> Callable[[], None]:
    lock = threading.Lock()

    def work() -> None:
        with lock:
            pass

    return work


def process_found(body: Callable[[], object]) -> list[str]:
    outcome = execute(body)
    assert outcome.exception is None, outcome.exception
    return [pair.first.thing.name for pair in unordered_uses(outcome.log, outcome.uses, len(outcome.threads))]


def test_a_process_beside_other_threads() -> None:
    def runs() -> None:
        subprocess.run(COMMAND, check=True)

    def before_and_after() -> None:
        runs()
        together(counting(), counting())
        runs()

    def all_the_time() -> None:
        process = subprocess.Popen(COMMAND)
        together(counting())
        process.wait()

    def while_the_other_waits() -> None:
        thread = threading.Thread(target=runs)
        thread.start()
        thread.join()

    def never_waited_for() -> None:
        process = subprocess.Popen(COMMAND)
        together(counting())
        kept.append(process)

    kept: list[subprocess.Popen[bytes]] = []
    assert process_found(before_and_after) == []
    assert process_found(while_the_other_waits) == []
    assert process_found(lambda: (os.chdir("."), together(counting()))) == []
    assert process_found(lambda: together(lambda: os.chdir("."), counting())) == ["the working directory"]
    assert process_found(lambda: together(runs, counting())) == [PROCESS]
    assert process_found(all_the_time) == [PROCESS]
    assert process_found(never_waited_for) == [PROCESS]
    for process in kept:
        process.wait()


def test_the_owner_of_the_other_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        def alone() -> None:
            with socket.create_connection(address) as client, server.accept()[0] as accepted:
                client.send(b"x")
                accepted.recv(1)

        def to_nobody() -> None:
            with socket.create_connection(address) as client:
                client.send(b"x")

        name = f"127.0.0.1:{address[1]}"
        assert found(lambda: together(alone, counting())) == []
        assert {one for one, *_ in found(lambda: together(to_nobody))} == {name}
    receiving, sending = os.pipe()
    assert found(lambda: together(lambda: os.write(sending, b"x"), lambda: os.read(receiving, 1))) == [
        ("pipe", "a", "b")
    ]  # noqa: E501
    assert found(lambda: together(lambda: os.write(sending, b"x"))) == [("pipe", "a")]
    for end in (receiving, sending):
        os.close(end)


def test_in_words() -> None:
    Path("made").mkdir()

    def lists() -> None:
        os.listdir("made")

    def makes() -> None:
        os.mkdir("made/new")

    (reason,) = uncontrolled_in(execute(lambda: together(lists, makes)))
    (listed, made) = reason.parts
    assert (reason.kind, reason.what) == ("directory", "directory made")
    assert (listed.thread, listed.how, made.thread, made.how) == ("a", "listed", "b", "made/new created")
    for part, function in ((listed, lists), (made, makes)):
        assert part.where.endswith(f"test_uses.py:{function.__code__.co_firstlineno + 1}")


# -- against the memory ----------------------------------------------------------------------------------------------


class Cells:
    """What programs read and write: two files, or, in their place, two attributes, whose accesses are choices."""

    def __init__(self, *, files: bool) -> None:
        self.files = files
        self.a = self.b = 0
        for name in "ab":
            self.put(name, 0)

    def get(self, name: str) -> int:
        if self.files:
            return int(Path(name).read_text("utf-8"))
        return self.a if name == "a" else self.b

    def put(self, name: str, value: int) -> None:
        if self.files:
            Path(name).write_text(str(value), "utf-8")
        elif name == "a":
            self.a = value
        else:
            self.b = value


def random_program(seed: int) -> Callable[[bool], Any]:
    """Two or three threads, each with a few steps on two cells, some of them under locks, events or the like."""
    chance = random.Random(seed)
    number = chance.choice((2, 2, 3))
    scripts = [
        [chance.choice("a+ b+ a=b lock unlock lock unlock set wait a+".split()) for _ in range(chance.randint(1, 4))]
        for _ in range(number)
    ]

    def run(files: bool) -> Any:
        cells, lock, event = Cells(files=files), threading.Lock(), threading.Event()

        def work(number: int, script: list[str]) -> None:
            holds = False
            for step in script:
                if step == "lock" and not holds:
                    lock.acquire()
                    holds = True
                elif step == "unlock" and holds:
                    lock.release()
                    holds = False
                elif step == "set":
                    event.set()
                elif step == "wait":
                    if not event.is_set() and number == 0:
                        continue
                elif step.endswith("+"):
                    cells.put(step[0], cells.get(step[0]) * 4 + number + 1)
                elif step == "a=b":
                    cells.put("a", cells.get("b"))
            if holds:
                lock.release()

        together(*(lambda number=number, script=script: work(number, script) for number, script in enumerate(scripts)))  # type: ignore[misc]
        return cells.get("a"), cells.get("b")

    return run


def test_where_nothing_was_found_no_outcome_is_missing() -> None:
    """The same program with attributes in the place of files has no other outcomes than the search has seen."""
    judged = {True: 0, False: 0}
    for seed in range(60):
        program = random_program(seed)
        ends: dict[bool, set[Any]] = {}
        unordered = False
        for files in (True, False):
            ends[files] = set()
            strategy = PartialOrderReduction()
            number = 0
            with Control() as control:
                while not strategy.finished and number < 2_000:
                    number += 1
                    control.prepare()
                    strategy.begin(number)
                    outcome = control.run(lambda: ends[files].add(program(files)), strategy, max_steps=10_000)  # noqa: B023
                    strategy.end(outcome)
                    assert outcome.exception is None, outcome.exception
                    if files:
                        unordered = unordered or bool(found_in(outcome))
            if not strategy.finished:
                break
        else:
            judged[unordered] += 1
            assert unordered or ends[True] == ends[False], (seed, ends)
    assert min(judged.values()) >= 5, judged


def test_nothing_is_recorded_of_what_uses_nothing() -> None:
    assert not execute(lambda: together(counting(), counting())).uses

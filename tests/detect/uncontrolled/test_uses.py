"""Which uses of things outside memory nothing orders, if the uses are no steps."""

from __future__ import annotations

import mmap
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_interleave.control import Control, Outcome, current_unit
from pytest_interleave.control.steps import READ, WRITE, Thing
from pytest_interleave.control.system._uses import note
from pytest_interleave.detect import uncontrolled_in
from pytest_interleave.detect.uncontrolled._uses import unordered_uses
from pytest_interleave.explore import PartialOrderReduction
from tests.driving import execute

DATA = "data.txt"


def found_in(outcome: Outcome) -> list[tuple[str, ...]]:
    """For each pair, or single use, that was found: the name of the thing, and the threads."""
    assert outcome.exception is None, outcome.exception
    pairs = unordered_uses(outcome.log, outcome.uses, len(outcome.threads))
    return [(pair.first.thing.name, *(use.unit.name for use in pair if use is not None)) for pair in pairs]


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


#: A device that the plugin cannot see; with `handle`, by something open whose state changes with each use.
DEVICE = Thing("device", ("device", DATA), DATA)


def use(way: str, thing: Thing = DEVICE, handle: object = None) -> None:
    unit = current_unit()
    assert unit is not None
    note(unit, thing, way, "used", handle)


def read() -> None:
    use(READ)


def write() -> None:
    use(WRITE)


# -- what threads do at the same time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "matters"), [(read, read, False), (read, write, True), (write, write, True)]
)
def test_two_uses_at_the_same_time(first: Callable[[], object], second: Callable[[], object], matters: bool) -> None:
    for one, other in ((first, second), (second, first)):
        pairs = found(lambda: together(one, other))  # noqa: B023
        assert pairs == ([(DATA, "a", "b")] if matters else [])


def test_each_thing_is_found_once() -> None:
    other = Thing("device", "other", "other")

    def both() -> None:
        read(), write()
        use(WRITE, other)
        read(), write()

    assert sorted(name for name, *_ in found(lambda: together(both, both, both))) == [DATA, "other"]


def test_each_use_moves_the_position_of_what_is_open() -> None:
    assert found(lambda: together(lambda: use(READ, handle=1), lambda: use(READ, handle=2))) == []
    assert found(lambda: together(lambda: use(READ, handle=1), lambda: use(READ, handle=1))) == [(DATA, "a", "b")]


def test_a_mapped_file_that_another_thread_uses(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"0" * 10)

    def maps() -> None:
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[0] = 1

    assert found(lambda: together(maps, counting())) == []
    assert found(lambda: together(maps, path.read_bytes)) == [("data.bin", "a")]
    assert [name for name, *_ in found(lambda: together(maps, maps))] == ["data.bin"]


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
        return lambda: (use(WRITE, Thing("device", name, name)), use(READ, Thing("device", name, name)))

    together(work("one"), work("two"))


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
    (reason,) = uncontrolled_in(execute(lambda: together(read, write)))
    first, second = reason.parts
    assert (reason.kind, reason.what) == ("device", f"device {DATA}")
    assert (first.thread, first.how, second.thread, second.how) == ("a", "used", "b", "used")
    for part, function in ((first, read), (second, write)):
        assert part.where.endswith(f"test_uses.py:{function.__code__.co_firstlineno + 1}")


def test_nothing_is_recorded_of_what_uses_nothing() -> None:
    assert not execute(lambda: together(counting(), counting())).uses

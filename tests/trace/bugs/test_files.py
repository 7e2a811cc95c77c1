"""Bugs on files and on other state outside memory: their names, and the words for their steps."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pytest_interleave

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """A new directory for each schedule."""
    numbers: Iterator[int] = iter(range(10_000))

    def make() -> Path:
        path = tmp_path / str(next(numbers))
        path.mkdir()
        return path

    return make


def test_lost_update_by_replacing(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        path = fresh() / "n.json"
        path.write_text("0")

        def add() -> None:
            value = json.loads(path.read_text())  # read
            new = path.with_suffix(f".{threading.current_thread().name}")
            new.write_text(json.dumps(value + 1))  # write
            os.replace(new, path)  # replace

        in_threads(a=add, b=add)
        assert path.read_text() == "2"

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on n.json"
    assert steps(timeline) == [
        ("a opens n.json", "read"),
        ("b replaces n.b -> n.json", "replace"),
        ("a replaces n.a -> n.json", "replace"),
    ]
    assert timeline.help == f"make read and write one atomic step: hold one lock from {at('read')} to {line('replace')}"


def test_torn_read(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        path = fresh() / "state"
        path.write_text("old")

        def save() -> None:
            path.write_text("new")  # save

        def load() -> None:
            assert path.read_text()  # load

        in_threads(saves=save, loads=load)

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of state by loads"
    assert steps(timeline) == [
        ("saves truncates state", "save"),
        ("loads reads state (0 bytes)", "load"),
        ("saves writes state (3 bytes) after the failure", "save"),
    ]
    assert timeline.help == "write another file, and move it into place with os.replace()"


def test_check_then_create(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        path = fresh() / "cache"

        def ensure() -> None:
            if not path.exists():  # check
                path.mkdir()  # make

        in_threads(a=ensure, b=ensure)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on cache"
    assert steps(timeline) == [
        ("a stats cache: not found", "check"),
        ("b creates cache", "make"),
        ("a creates cache: exists already", "make"),
    ]


def test_a_file_that_was_listed_is_gone(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        folder = fresh() / "full"
        folder.mkdir()
        (folder / "one").touch()

        def clear() -> None:
            for path in folder.iterdir():  # list
                path.unlink()  # remove

        in_threads(a=clear, b=clear)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on one"
    assert steps(timeline) == [
        ("a lists full (1 entry)", "list"),
        ("b removes one", "remove"),
        ("a removes one: not found", "remove"),
    ]


def test_a_temporary_name_that_threads_share(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        path = fresh() / "data"

        def save() -> None:
            new = path.with_suffix(".tmp")
            new.write_text("x")  # new: write
            new.replace(path)  # new: replace

        in_threads(a=save, b=save)

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on data.tmp"
    assert steps(timeline) == [
        ("a creates data.tmp", "new: write"),
        ("b replaces data.tmp -> data", "new: replace"),
        ("a replaces data.tmp -> data: not found", "new: replace"),
    ]
    assert timeline.help.endswith(
        f"hold one lock from {at('new: write')} to {line('new: replace')}, or use another name in each thread"
    )


def test_announced_steps() -> None:
    class Store:
        def __init__(self) -> None:
            self._items = {"n": 0}

        def get(self, key: str) -> int:
            with pytest_interleave.step("store", part=key, write=False, text=f"GET {key}"):  # get
                return self._items[key]

        def set(self, key: str, value: int) -> None:
            with pytest_interleave.step("store", part=key, write=True, text=f"SET {key} {value}"):  # set
                self._items[key] = value

    def body() -> None:
        store = Store()

        def add() -> None:
            value = store.get("n")  # use
            store.set("n", value + 1)  # change

        in_threads(a=add, b=add)
        assert store.get("n") == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on store['n']"
    assert steps(timeline) == [("a runs GET n", "get"), ("b runs SET n 1", "set"), ("a runs SET n 1", "set")]
    assert "_items" not in {event.what for event in timeline.events}


def test_a_wait_that_never_ends() -> None:
    def body() -> None:
        in_threads(
            waits=lambda: pytest_interleave.wait_until("job 3", lambda: False),  # wait
            works=lambda: pytest_interleave.step("job 3", write=True),
        )

    timeline = timeline_of(body)
    assert timeline.bug == "Deadlock: waits waits for job 3, and no thread can wake it"
    assert [(event.kind, event.what) for event in timeline.events if event.waits and event.thread == 1] == [
        ("await", "job 3")
    ]


def test_two_calls_of_one_function_that_reads(fresh: Callable[[], Path]) -> None:
    def body() -> None:
        path = fresh() / "data"
        path.write_text("1")

        def read() -> str:
            return path.read_text()  # read it

        def compare() -> None:
            first = read()
            second = read()
            assert first == second

        in_threads(compares=compare, changes=lambda: path.write_text("22"))

    assert timeline_of(body).bug == "Inconsistent reads of data"


def test_a_number_of_lines_that_is_out_of_date(fresh: Callable[[], Path]) -> None:
    """What the other thread has appended is not lost, but the number is wrong."""

    def body() -> None:
        path = fresh() / "ids"
        path.touch()

        def register() -> None:
            number = len(path.read_text().splitlines())  # count
            with open(path, "a") as file:  # add
                file.write(f"{number}\n")

        in_threads(a=register, b=register)
        assert sorted(path.read_text().split()) == ["0", "1"]

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on ids"
    assert steps(timeline) == [
        ("a reads ids (0 bytes)", "count"),
        ("b appends to ids (2 bytes)", "add"),
        ("a appends to ids (2 bytes)", "add"),
    ]
    help_ = f"make both accesses one atomic step: hold one lock from {at('count')} to {line('add')}"
    assert timeline.help == help_


def test_a_line_that_is_appended_in_two_parts(fresh: Callable[[], Path]) -> None:
    """The end of the `with` statement writes the second part: at the statement's first line."""

    def body() -> None:
        path = fresh() / "log"
        path.touch()

        def log() -> None:
            with open(path, "a") as file:  # open and close
                file.write("x")
                file.flush()  # flush
                file.write("y\n")

        in_threads(a=log, b=log)
        assert path.read_text().split() == ["xy", "xy"]

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on log"
    assert steps(timeline) == [
        ("a appends to log (1 byte)", "flush"),
        ("b appends to log (1 byte)", "flush"),
        ("a appends to log (2 bytes)", "open and close"),
    ]
    lines = f"from {at('open and close')} to {line('flush')}"
    assert timeline.help == (
        f"append both parts in one write, or make both accesses one atomic step: hold one lock {lines}"
    )


def test_a_file_that_is_not_there_is_touched(fresh: Callable[[], Path]) -> None:
    """To touch a file takes three steps, and only the check before them says what is wrong."""

    def body() -> None:
        path = fresh() / "lock"
        taken = []

        def take() -> None:
            if not path.exists():  # look
                path.touch()  # touch
                taken.append(1)

        in_threads(a=take, b=take)
        assert len(taken) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on lock"
    assert steps(timeline)[0] == ("a stats lock: not found", "look")
    assert steps(timeline)[-1] == ("a opens lock", "touch")
    assert timeline.help == f"make check and act one atomic step: hold one lock from {at('look')} to {line('touch')}"

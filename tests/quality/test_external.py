"""Steps on state outside memory: all that the search says of them holds, as for attributes."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pytest_interleave
from pytest_interleave.control import Control
from pytest_interleave.explore import PartialOrderReduction, RandomWalk
from pytest_interleave.explore.search._classes import class_of

pytestmark = pytest.mark.usefixtures("controllable")


class Cells:
    """What programs read and write: two attributes; or, in their place, two files, or two parts of a resource."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.a = self.b = 0
        self.files = {name: os.open(name, os.O_RDWR | os.O_CREAT) for name in "ab"} if how == "files" else {}
        for file in self.files.values():
            os.pwrite(file, b"%20d" % 0, 0)
        self.store = {"a": 0, "b": 0}

    def get(self, name: str) -> int:
        if self.how == "files":
            return int(os.pread(self.files[name], 20, 0))
        if self.how == "steps":
            with pytest_interleave.step("store", write=False, part=name):
                return self.store[name]
        return self.a if name == "a" else self.b

    def put(self, name: str, value: int) -> None:
        if self.how == "files":
            os.pwrite(self.files[name], b"%20d" % value, 0)
        elif self.how == "steps":
            with pytest_interleave.step("store", write=True, part=name):
                self.store[name] = value
        elif name == "a":
            self.a = value
        else:
            self.b = value

    def close(self) -> None:
        for file in self.files.values():
            os.close(file)


def random_program(seed: int) -> Callable[[str], Any]:
    """Two or three threads, each with a few steps on two cells, some of them under locks, events or the like."""
    chance = random.Random(seed)
    number = chance.choice((2, 2, 3))
    scripts = [
        [chance.choice("a+ b+ a=b lock unlock lock unlock set wait a+".split()) for _ in range(chance.randint(1, 4))]
        for _ in range(number)
    ]

    def run(how: str) -> Any:
        cells, lock, event = Cells(how), threading.Lock(), threading.Event()

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

        threads = [threading.Thread(target=work, args=each) for each in enumerate(scripts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = cells.get("a"), cells.get("b")
        cells.close()
        return found

    return run


@pytest.mark.parametrize("how", ["files", "steps"])
def test_outcomes_are_those_of_attributes(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compared = 0
    for seed in range(20):
        program = random_program(seed)
        ends: dict[str, set[Any]] = {}
        for each in (how, "attributes"):
            ends[each] = set()
            strategy = PartialOrderReduction()
            number = 0
            with Control() as control:
                while not strategy.finished and number < 400:
                    number += 1
                    control.prepare()
                    strategy.begin(number)
                    outcome = control.run(lambda: ends[each].add(program(each)), strategy, max_steps=10_000)  # noqa: B023
                    strategy.end(outcome)
                    assert outcome.exception is None, outcome.exception
                    assert not outcome.uses
            if not strategy.finished:
                break
        else:
            compared += 1
            assert ends[how] == ends["attributes"], (seed, ends)
    assert compared >= 10


def waits(counts: int, *, enough: bool) -> None:
    """One thread waits for changes of others, which are enough or not."""
    store: list[int] = []

    def put() -> None:
        with pytest_interleave.step("store", write=True):
            store.append(1)

    def wait() -> None:
        found = pytest_interleave.wait_until("store", lambda: len(store) >= counts, timeout=5)
        assert found is enough

    threads = [threading.Thread(target=target) for target in (*[put] * (counts - (not enough)), wait)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("counts", [1, 2])
@pytest.mark.parametrize("enough", [False, True])
def test_every_order_of_a_wait_is_searched(counts: int, enough: bool) -> None:
    """How often the predicate is checked does not depend on what no other thread can notice."""
    found: dict[str, set[int]] = {}
    for strategy in (PartialOrderReduction(), RandomWalk(1)):
        classes = found[strategy.name] = set()
        with Control() as control:
            for number in range(1, 201):
                control.prepare()
                strategy.begin(number)
                outcome = control.run(lambda: waits(counts, enough=enough), strategy, max_steps=10_000)
                strategy.end(outcome)
                assert outcome.exception is None, outcome.exception
                assert outcome.stuck is None
                classes.add(class_of(outcome))
                if getattr(strategy, "finished", False):
                    break
    searched, walked = found.values()
    assert walked <= searched

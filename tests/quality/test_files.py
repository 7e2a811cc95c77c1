"""Exhaustive search agrees with running every schedule, on programs of all kinds of operations on files."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_interleave.control import Control, Scope, Strategy, set_scope
from pytest_interleave.explore import PartialOrderReduction, RandomWalk
from pytest_interleave.explore.search._classes import class_of
from tests.driving import require_good_end
from tests.explore.enumerating import Enumeration
from tests.thorough import some

from . import file_programs
from .file_programs import Program

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs use links and descriptors of directories")

#: If there are more schedules than this, as many are drawn at random.
MOST = 150
#: Far more than any program here needs.
LIMIT = 3_000


@pytest.fixture(autouse=True)
def nothing_else_in_scope(controllable: None) -> Iterator[None]:
    """The steps are those on files, and of the threads."""
    before = set_scope(Scope(os.path.join(os.sep, "nothing", "there")))
    yield
    if before is not None:
        set_scope(before)


class Explored(NamedTuple):
    executions: int
    #: What the program can return in each class of schedules.
    classes: dict[int, set[Any]]
    finished: bool

    @property
    def ends(self) -> set[Any]:
        return set().union(*self.classes.values())


class Drawing(RandomWalk):
    finished = False


def explore(program: Program, strategy: Strategy, base: Path, most: int = LIMIT) -> Explored:
    classes: dict[int, set[Any]] = defaultdict(set)
    number = 0
    search: Any = strategy
    with Control() as control:
        while number < most and not search.finished:
            number += 1
            top = file_programs.new_directory(str(base))
            control.prepare()
            strategy.begin(number)
            results: list[Any] = []
            body = lambda top=top, results=results: results.append(program.run(top))  # noqa: E731
            outcome = control.run(body, strategy, max_steps=10_000)
            found = class_of(outcome)
            search.end(outcome)
            assert getattr(search, "incomplete", None) is None
            if outcome.stuck is None:
                require_good_end(outcome)
                classes[found].add(results[0].replace(top, "top"))
            else:
                classes[found].add(outcome.stuck.kind)
            shutil.rmtree(top)
    return Explored(number, classes, search.finished)


def check(program: Program, base: Path) -> None:
    reduced = explore(program, PartialOrderReduction(), base)
    assert reduced.finished
    everything = explore(program, Enumeration(), base, MOST)
    if everything.finished:
        assert reduced.ends == everything.ends
        assert reduced.classes.keys() == everything.classes.keys()
    else:
        everything = explore(program, Drawing(1), base, MOST)
        assert reduced.ends >= everything.ends
        assert reduced.classes.keys() >= everything.classes.keys()
    # What a class leads to is one and the same.
    assert [ends for ends in everything.classes.values() if len(ends) > 1] == []
    # Next to no class is run twice.
    assert reduced.executions <= 1.5 * len(reduced.classes) + 1


PAIRS = file_programs.pairs()
#: Pairs that found a fault, and some of each kind.
FIRST = [
    (("mkdir new",), ("stat top",)),
    (("chmod empty",), ("stat empty",)),
    (("utime empty",), ("link b empty/new",)),
    (("remove a", "read link"), ("open a", "open truncating")),
    (("remove b",), ("stat hard",)),
    (("rename b a",), ("stat link",)),
    (("append new",), ("append new",)),
    (("scan top",), ("rename full new",)),
    (("read there/c",), ("rename full new",)),
    (("write broken",), ("exists broken",)),
    (("update",), ("update",)),
    (("lock a",), ("lock a",), ("lock a",)),
    (("symlink new", "read new"), ("write new",)),
    (("rmdir empty",), ("write empty/new",)),
    (("touch new",), ("exists new",), ("append new",)),
    (("touch new",), ("stat new",), ("append new",)),
    (("read locked a",), ("read locked a", "open truncating")),
]


@pytest.mark.parametrize("threads", FIRST, ids=lambda threads: str(Program(threads)))
def test_programs_that_found_faults(tmp_path: Path, threads: Any) -> None:
    check(Program(threads), tmp_path)


# All of them take too long; half of them have each operation beside many others.
@pytest.mark.parametrize("first", some(range(0, 100, 2), 0))
def test_pairs_of_operations(tmp_path: Path, first: int) -> None:
    for program in PAIRS[first::100]:
        check(program, tmp_path)


@pytest.mark.parametrize("seed", some(range(200), 6))
def test_generated_programs(tmp_path: Path, seed: int) -> None:
    check(file_programs.generated(seed), tmp_path)

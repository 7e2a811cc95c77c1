"""Races in a SQLite database are found, correct programs are left alone, and no class of schedules is missed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control, Outcome, Scope, Strategy, set_scope
from pytest_interleave.explore import Auto, PartialOrderReduction, RandomWalk
from pytest_interleave.explore.search._classes import class_of
from tests.explore.enumerating import Enumeration
from tests.thorough import some

from . import database_programs as programs

Program = Callable[[Path], bool]
SEEDS = range(20)
#: At most this many schedules of a small program are run one by one.
MOST = 300


@pytest.fixture(autouse=True)
def in_place(controllable: None) -> None:
    """For all tests here; in scope are the programs."""
    here = Path(__file__).parent
    set_scope(Scope(str(here / "nothing"), [str(here / "database_programs.py")]))


def outcomes(program: Program, path: Path, strategy: Strategy, most: int) -> Iterator[tuple[Outcome, Any]]:
    """The outcomes of at most so many schedules, each with what the program returns."""
    with Control() as control:
        for number in range(1, most + 1):
            programs.made(path)
            control.prepare()
            strategy.begin(number)
            returned: list[Any] = []
            outcome = control.run(lambda: returned.append(program(path)), strategy, max_steps=10_000)  # noqa: B023
            strategy.end(outcome)
            yield outcome, returned[0] if returned else None
            if getattr(strategy, "finished", False):
                return


def is_well(outcome: Outcome, returned: Any) -> bool:
    if outcome.exception is not None:
        raise outcome.exception
    return returned is True and not outcome.failures and outcome.stuck is None


@pytest.mark.parametrize("seed", some(SEEDS, 1))
@pytest.mark.parametrize("program", programs.RACY, ids=lambda program: program.__name__)
def test_it_is_found_within_20_schedules(tmp_path: Path, program: Program, seed: int) -> None:
    found = (is_well(*each) for each in outcomes(program, tmp_path / "app.db", Auto(seed=seed, schedules=200), 20))
    assert not all(found)


@pytest.mark.parametrize("program", programs.CORRECT, ids=lambda program: program.__name__)
def test_nothing_is_found_in_a_correct_program(tmp_path: Path, program: Program) -> None:
    for strategy, most in ((PartialOrderReduction(), 100), (RandomWalk(1), 50)):
        for outcome, returned in outcomes(program, tmp_path / "app.db", strategy, most):
            assert is_well(outcome, returned), [failure.exception for failure in outcome.failures]
            assert not (outcome.uses or outcome.set_aside or outcome.leaked)


def explored(program: Program, path: Path, strategy: Any) -> tuple[set[int], set[Any], int]:
    classes: set[int] = set()
    ends: set[Any] = set()
    number = 0
    for outcome, returned in outcomes(program, path, strategy, MOST):
        number += 1
        classes.add(class_of(outcome))
        ends.add((returned, *sorted(str(failure.exception) for failure in outcome.failures)))
    return classes, ends, number


@pytest.mark.parametrize("program", some(programs.SMALL, 3), ids=lambda program: program.__name__)
def test_no_class_is_missed(tmp_path: Path, program: Program) -> None:
    everything, reduction = Enumeration(), PartialOrderReduction()
    classes, ends, number = explored(program, tmp_path / "app.db", reduction)
    assert reduction.finished
    assert number <= len(classes) + 1
    all_classes, all_ends, _ = explored(program, tmp_path / "app.db", everything)
    if everything.finished:
        assert (classes, ends) == (all_classes, all_ends)
    else:
        assert classes >= all_classes
        assert ends >= all_ends


def test_a_thread_wakes_only_if_it_may_continue(tmp_path: Path) -> None:
    """Else the schedules in which it wakes in vain are further classes, which the search does not find."""
    program = programs.wal_reader_beside_two_writers
    reduction = PartialOrderReduction()
    classes, ends, _ = explored(program, tmp_path / "app.db", reduction)
    assert reduction.finished
    walked, walked_ends, _ = explored(program, tmp_path / "app.db", RandomWalk(1))
    assert walked <= classes
    assert walked_ends == ends == {(True,)}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`autocommit` is new in Python 3.12")
def test_autocommit_of_python_312(tmp_path: Path) -> None:
    def program(path: Path) -> bool:
        import sqlite3
        from contextlib import closing

        def add() -> None:
            with closing(sqlite3.connect(path, autocommit=False)) as db:
                db.execute("update account set balance = balance + 1")
                db.commit()

        programs.in_threads(add, add)
        return programs.balance_at(path) == 2

    for outcome, returned in outcomes(program, tmp_path / "app.db", PartialOrderReduction(), 100):
        assert is_well(outcome, returned)

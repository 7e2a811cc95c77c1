"""The two ways to tell the classes of schedules say the same."""

from __future__ import annotations

import pytest

from pytest_interleave.control import Control
from pytest_interleave.explore import RandomWalk, _classes
from pytest_interleave.explore._classes import class_of
from pytest_interleave.explore._long_classes import class_of_long

from . import programs


def traces_of(program, schedules=150):
    strategy = RandomWalk(7)
    with Control() as control:
        for number in range(1, schedules + 1):
            control.prepare()
            strategy.begin(number)
            outcome = control.run(program, strategy, max_steps=10_000)
            # Not the logs: the objects in them would live on, and those of the next execution be others.
            yield outcome


def pairs_of(program):
    """Of each execution, how its class is told in the one way and in the other."""
    return [(class_of(outcome), class_of_long(outcome.log)) for outcome in traces_of(program)]


def check(pairs):
    told = [pair for pair in pairs if pair[1] is not None]
    assert len(told) in (0, len(pairs)), "what another way is needed for depends on the program alone"
    assert len(set(told)) == len({one for one, _ in told}) == len({other for _, other in told})
    return len(set(told))


@pytest.mark.parametrize("program", programs.SMALL, ids=lambda program: program.__name__)
def test_small_programs(program):
    check(pairs_of(program))


def test_generated_programs():
    classes = [check(pairs_of(programs.generated(seed))) for seed in range(40)]
    assert sum(count > 1 for count in classes) >= 5, classes


def test_many_steps():
    def many():
        for _ in range(60):
            programs.locked()

    assert check(pairs_of(many)) > 100


def test_the_length_decides(monkeypatch):
    outcome = next(traces_of(programs.locked))
    short = class_of(outcome)
    monkeypatch.setattr(_classes, "_LONG", len(outcome.log))
    assert class_of(outcome) == class_of_long(outcome.log) != short

"""What is said of how much was run."""

from __future__ import annotations

import pytest

from pytest_interleave.control import Control
from pytest_interleave.explore import Classes, Coverage, RandomWalk
from pytest_interleave.explore._coverage import percentage

from . import programs


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (
            Coverage("exhausted", 1),
            "exhausted: all 1 class, as threads were seen to share nothing that one of them changes",
        ),
        (Coverage("exhausted", 12), "exhaustive: all 12 interleavings"),
        (Coverage("exhausted", 12, timed=True), "exhaustive: all 12 interleavings, assuming no timeout expires early"),
        (Coverage("bounded", 30, 0), "all schedules with up to 0 preemptions"),
        (Coverage("bounded", 30, 1), "all schedules with up to 1 preemption"),
        (Coverage("sampled", 3), "sampled: 3 interleavings, total unknown"),
        (
            Coverage("sampled", 3, None, 0.12, 40),
            "sampled: 12 % chance that one more shows something new, about 40 classes or more",
        ),
        (
            Coverage("sampled", 3, None, 0.0, 3),
            "sampled: 0 % chance that one more shows something new, about 3 classes",
        ),
    ],
)
def test_texts(coverage, text):
    assert str(coverage) == coverage.as_json()["text"] == text


def test_percentages():
    assert [percentage(share) for share in (0, 0.001, 0.01, 0.5, 1)] == ["0 %", "under 1 %", "1 %", "50 %", "100 %"]


def sampled(program, number, seed=1):
    classes = Classes()
    strategy = RandomWalk(seed)
    with Control() as control:
        for _ in range(number):
            control.prepare()
            classes.add(control.run(program, strategy, max_steps=10_000))
    return classes.coverage(strategy, certain=True, timed=False)


def test_the_chance_of_something_new_falls_to_nothing():
    few = sampled(programs.locked_by_three, 10)
    many = sampled(programs.locked_by_three, 300)
    assert few.chance > many.chance == 0
    assert many.classes == many.estimated_classes == 6


def test_a_large_space_is_told_from_a_small_one():
    def program():
        state = programs.State()

        def work():
            for _ in range(10):
                state.x += 1

        programs.in_threads(work, work)

    coverage = sampled(program, 100)
    assert coverage.chance > 0.8
    assert coverage.estimated_classes > 1000


def test_too_few_for_an_estimate():
    assert sampled(programs.counter, 9).chance is None
    assert sampled(programs.counter, 10).chance is not None


class _Finished:
    exhausted = True
    preemptions = 2


def test_nothing_is_certain_where_something_was_not_controlled():
    classes = Classes()
    assert classes.coverage(_Finished(), certain=True, timed=False).status == "exhausted"
    assert classes.coverage(_Finished(), certain=False, timed=False).status == "sampled"


def test_counts_put_together_say_what_all_executions_say():
    def program():
        state = programs.State()

        def work():
            state.x += 1
            state.x += 1

        programs.in_threads(work, work)

    strategy = RandomWalk(4)
    whole, parts = Classes(), [Classes() for _ in range(3)]
    with Control() as control:
        for number in range(120):
            control.prepare()
            outcome = control.run(program, strategy, max_steps=10_000)
            whole.add(outcome)
            parts[number * number % 3 if number < 60 else 2].add(outcome)
    together = Classes()
    for part in parts:
        together.include(part.counts)
    assert together.counts == whole.counts
    said = whole.coverage(strategy, certain=True, timed=False)
    assert together.coverage(strategy, certain=True, timed=False) == said
    assert said.chance is not None
    assert len(together) == said.classes > 5

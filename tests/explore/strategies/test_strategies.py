"""The strategies that sample: the same for the same seed, and as even as they say."""

from __future__ import annotations

from collections import Counter
from threading import Thread

import pytest

from pytest_interleave.control import Control
from pytest_interleave.explore import (
    OnePreemption,
    PartialOrderSampling,
    SelectivelyUniform,
    Swarm,
    UniformRandomWalk,
    make_strategy,
)

from .. import programs

NAMES = ["auto", "exhaustive", "pct", "pos", "random", "surw", "swarm", "urw"]


def runs(program, strategy, number):
    """The outcomes of executions of `program`, each with what it returned."""
    with Control() as control:
        for count in range(1, number + 1):
            control.prepare()
            strategy.begin(count)
            results = []
            outcome = control.run(lambda: results.append(program()), strategy, max_steps=10_000)  # noqa: B023
            strategy.end(outcome)
            assert outcome.uneventful
            yield outcome, results[0]


def mixed():
    state = programs.State()

    def work():
        for _ in range(3):
            with state.lock:
                state.x += 1
            state.y += 1

    programs.in_threads(work, work, work)
    return state.y


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    def schedules(seed):
        return [tuple(outcome.choices) for outcome, _ in runs(mixed, make_strategy(name, seed, 60), 60)]

    first = schedules(1)
    assert first == schedules(1)
    assert len(set(first)) >= 30
    if name != "exhaustive":
        assert first != schedules(2)


def one_among(steps):
    """One thread writes once, the other `steps` times; what comes back is how often the other had written before."""

    def program():
        state = programs.State()
        before = []

        def once():
            before.append(state.x)

        def often():
            for _ in range(steps):
                state.x += 1

        programs.in_threads(often, once)
        return before[0]

    return program


@pytest.mark.parametrize("strategy", [UniformRandomWalk, SelectivelyUniform])
def test_uniform_walks_are_uniform(strategy):
    seen = Counter(value for _, value in runs(one_among(7), strategy(1), 800))
    assert set(seen) == set(range(8))
    # Evenly, each would be seen 100 times; a random walk sees the first one 25 times as often as the last.
    assert min(seen.values()) >= 15
    assert max(seen.values()) <= 220


def setters_and_a_checker(setters):
    def program():
        state = programs.State()
        wrong = []

        def work():
            state.x = 1
            state.y = -1

        def check():
            wrong.append(not ((state.x == 0 and state.y == 0) or (state.x == 1 and state.y == -1)))

        programs.in_threads(*[work] * setters, check)
        return wrong[0]

    return program


def first_wrong(program, strategy, most=500):
    for number, (_, wrong) in enumerate(runs(program, strategy, most), 1):
        if wrong:
            return number
    return most


def mean_of_20(program, strategy):
    return sum(first_wrong(program, strategy(seed)) for seed in range(20)) / 20


def test_surw_finds_what_needs_many_threads_to_be_held_up():
    assert mean_of_20(setters_and_a_checker(9), SelectivelyUniform) <= 25


def test_threads_of_other_roles_are_no_rarer_than_those_of_many():
    def balanced(seed):
        return SelectivelyUniform(seed, balanced=True)

    assert mean_of_20(setters_and_a_checker(30), balanced) <= 15


def test_one_preemption_is_one():
    for outcome, _ in runs(mixed, OnePreemption(1), 50):
        preemptions = 0
        log = [(unit, operation) for unit, operation, _ in outcome.log if operation.announced]
        ended = {unit.index: position for position, (unit, _) in enumerate(log)}
        for position, ((unit, _), (following, _)) in enumerate(zip(log, log[1:], strict=False)):
            blocked = any(later.kind in ("acquire", "join") for who, later in log[position + 1 :] if who is unit)
            if unit is not following and ended[unit.index] > position and not blocked:
                preemptions += 1
        assert preemptions <= 1


def test_swarm_lets_one_thread_race_ahead():
    # All three times before the other begins, or after it has ended: a random walk does that in few schedules.
    seen = Counter(value for _, value in runs(one_among(6), Swarm(3), 200))
    assert seen[0] + seen[6] >= 60


def test_pos_keeps_the_order_of_what_does_not_conflict():
    def program():
        state = programs.State()

        def one():
            state.x += 1

        def two():
            state.y += 1

        programs.in_threads(one, two)

    # With a priority for each operation, drawn once, the first of either is as likely to go first as the other.
    first = Counter()
    for outcome, _ in runs(program, PartialOrderSampling(5), 200):
        writes = [operation.name for _, operation, _ in outcome.log if operation.kind == "write"]
        first[next(name for name in writes[-4:] if name in "xy")] += 1
    assert min(first["x"], first["y"]) >= 60


def test_children_are_known_by_their_parents():
    def program():
        state = programs.State()
        children = []

        def parent():
            for _ in range(2):
                thread = Thread(target=child)
                children.append(thread)
                thread.start()

        def child():
            state.x += 1

        programs.in_threads(parent, parent)
        for thread in children:
            thread.join()

    for outcome, _ in runs(program, make_strategy("random", 1), 20):
        paths = {unit.path for unit, _, _ in outcome.log}
        assert paths == {(), (0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1)}

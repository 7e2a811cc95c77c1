"""Exhaustive search: every class of schedules, each once; checked against running every schedule that there is."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import pytest

from pytest_interleave.control import Control
from pytest_interleave.control.scope._real import real_lock
from pytest_interleave.explore import Auto, Exhaustive, PartialOrderReduction
from pytest_interleave.explore.search._budget import Limits
from pytest_interleave.explore.search._classes import class_of
from pytest_interleave.explore.search._exhaustive import DOUBTED
from pytest_interleave.explore.search._reduction import TOO_MANY
from tests.thorough import some, thorough

from .. import programs
from ..enumerating import Enumeration

MOST = 4_000


class Explored(NamedTuple):
    executions: int
    classes: set[int]
    #: What the program returned, or how it got stuck.
    ends: set[Any]
    #: Whether nothing was left when it ended.
    finished: bool
    #: The number of the first execution that got stuck.
    stuck_at: int | None


def explore(program, strategy, most=MOST, *, doubt_from=MOST + 1):
    classes = set()
    ends = set()
    number = 0
    stuck_at = None
    with Control() as control:
        while number < most and not strategy.finished:
            number += 1
            control.prepare()
            strategy.begin(number)
            results = []
            outcome = control.run(lambda: results.append(program()), strategy, max_steps=10_000)  # noqa: B023
            classes.add(class_of(outcome))
            strategy.end(outcome)
            if number >= doubt_from:
                strategy.doubt()
            assert outcome.exception is None, outcome.exception
            if outcome.stuck is not None and stuck_at is None:
                stuck_at = number
            ends.add(results[0] if outcome.stuck is None else outcome.stuck.kind)
    return Explored(number, classes, ends, strategy.finished, stuck_at)


@pytest.mark.parametrize("program", programs.SMALL, ids=lambda program: program.__name__)
def test_small_programs(program):
    everything = explore(program, Enumeration())
    assert everything.finished
    reduced = explore(program, PartialOrderReduction())
    assert reduced.finished
    assert reduced.classes == everything.classes
    assert reduced.ends == everything.ends
    # Next to no class is run twice.
    assert reduced.executions <= len(everything.classes) + 1


@thorough
def test_at_least_five_times_fewer_executions_than_schedules():
    ratios = []
    for program in programs.SMALL:
        every = explore(program, Enumeration()).executions
        ratios.append(every / explore(program, PartialOrderReduction()).executions)
    assert sum(ratio >= 5 for ratio in ratios) >= 10, ratios


@pytest.mark.parametrize("seed", some(range(40), 12))
def test_generated_programs(seed):
    program = programs.generated(seed)
    everything = explore(program, Enumeration())
    reduced = explore(program, PartialOrderReduction())
    assert reduced.finished
    if everything.finished:
        assert reduced.classes == everything.classes, program.__name__
        assert reduced.ends == everything.ends, program.__name__
    else:
        assert reduced.classes >= everything.classes, program.__name__
    assert reduced.executions <= 1.5 * len(reduced.classes) + 1


@pytest.mark.parametrize("bound", [0, 1, 2])
@pytest.mark.parametrize("seed", some(range(40, 60), 6))
def test_few_preemptions(seed, bound):
    program = programs.generated(seed)
    everything = explore(program, Enumeration(bound))
    search = PartialOrderReduction(bound)
    reduced = explore(program, search)
    assert reduced.finished
    if everything.finished:
        assert reduced.classes >= everything.classes, program.__name__
        if not search.cut:
            assert reduced.classes == explore(program, PartialOrderReduction()).classes


def test_figures_of_the_plainest_programs():
    assert explore(programs.counter, Exhaustive()).executions <= 4
    assert explore(programs.locked, Exhaustive()).executions <= 3
    philosophers = explore(programs.philosophers, Exhaustive())
    assert philosophers.stuck_at is not None
    assert philosophers.stuck_at <= 10
    assert philosophers.finished


def loops(times, threads):
    def program():
        state = programs.State()

        def work():
            for _ in range(times):
                state.x += 1

        programs.in_threads(*[work] * threads)

    return program


def test_what_is_too_large_is_searched_by_preemptions():
    strategy = Exhaustive(schedules=150)
    explored = explore(loops(6, 2), strategy, most=150)
    assert not explored.finished
    assert strategy.preemptions == 1
    assert strategy.incomplete is None


def test_auto_searches_exhaustively_what_fits():
    for program in (programs.counter, programs.locked_by_three, programs.one_writes_one_reads):
        strategy = Auto(seed=1, schedules=200)
        assert explore(program, strategy, most=200).finished
        assert strategy.exhausted
    strategy = Auto(seed=1, schedules=200)
    assert not explore(loops(6, 3), strategy, most=200).finished
    assert not strategy.exhausted


def test_auto_ends_where_generators_take_each_others_places_in_memory():
    def program():
        lock, items = threading.Lock(), [1]

        def look_twice():
            with lock:
                return sum(item for item in items) == sum(item for item in items)

        def add():
            with lock:
                items.append(2)

        programs.in_threads(look_twice, add)

    strategy = Auto(seed=1, schedules=200)
    assert explore(program, strategy, most=200).finished
    assert strategy.exhausted


@pytest.mark.parametrize("make", [lambda: Exhaustive(schedules=60), lambda: Auto(seed=1, schedules=60)])
@pytest.mark.parametrize("doubt_from", [1, 2])
def test_what_was_not_fully_controlled_is_sampled_after_the_search(make, doubt_from):
    strategy = make()
    # One of the two classes is left to be run when that is seen; or none is.
    explored = explore(programs.locked, strategy, most=60, doubt_from=doubt_from)
    assert (explored.executions, explored.finished, strategy.exhausted) == (60, False, False)
    assert explored.classes == explore(programs.locked, Exhaustive()).classes
    # It is for sampling that schedules are run more than once.
    assert strategy.current.name != "exhaustive"


@pytest.mark.parametrize("doubt_from", [1, 100])
def test_a_large_search_that_is_doubted_is_given_up(doubt_from):
    strategy = Exhaustive(schedules=150)
    explored = explore(loops(6, 2), strategy, most=150, doubt_from=doubt_from)
    assert explored.executions == 150
    assert strategy.incomplete == DOUBTED
    assert strategy.current.name != "exhaustive"
    # All of the portfolio's that were not found by few preemptions alone.
    assert explored.classes > explore(loops(6, 2), PartialOrderReduction(0)).classes


def test_equal_sleeps_end_in_any_order():
    def program():
        state = programs.State()

        def work():
            time.sleep(1)
            state.x += 1

        programs.in_threads(work, work)
        return state.x

    assert explore(program, PartialOrderReduction()).ends == {1, 2}


def test_what_was_made_by_the_first_execution_alone_is_no_obstacle():
    cache = {}

    def program():
        state = programs.State()

        def work():
            if "made" not in cache:
                cache["made"] = 1
                state.y = 1
            state.x += 1

        programs.in_threads(work, work)
        return state.x

    strategy = Exhaustive()
    assert explore(program, strategy).ends == {1, 2}
    assert strategy.exhausted


def test_a_program_that_never_repeats_is_not_called_exhaustive():
    runs = []

    def program():
        runs.append(1)
        state = programs.State()

        def work():
            for _ in range(len(runs) % 7):
                state.x += 1

        programs.in_threads(work, work)

    strategy = Exhaustive()
    explored = explore(program, strategy, most=100)
    assert not explored.finished
    assert strategy.incomplete == "the same schedule did not lead to the same steps again"


def test_an_execution_that_ends_before_all_that_was_decided_is_a_divergence():
    runs = []

    def program():
        runs.append(1)
        state = programs.State()

        def work():
            for _ in range(1 if len(runs) == 2 else 10):
                state.x += 1

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in reversed(threads):
            thread.join()

    strategy = PartialOrderReduction()
    explore(program, strategy, most=2)
    assert strategy.incomplete == "the same schedule did not lead to the same steps again"


def test_steps_before_the_first_choice_are_to_be_the_same_again():
    runs = []

    def program():
        runs.append(1)
        state = programs.State()
        for _ in range(len(runs)):
            state.x += 1

        def work():
            state.x += 1

        programs.in_threads(work, work)

    strategy = PartialOrderReduction()
    explore(program, strategy, most=2)
    assert strategy.incomplete == "the same schedule did not lead to the same steps again"


def test_an_uncontrolled_thread_beside_others_makes_it_incomplete():
    # The plugin does not know this lock.
    end = real_lock()
    end.acquire()
    foreign = threading.Thread(target=end.acquire)
    foreign.start()

    def program():
        threading.Thread(target=end.release).start()
        foreign.join()

    strategy = PartialOrderReduction()
    explore(program, strategy, most=1)
    assert "threads were not controlled" in strategy.incomplete
    again = strategy.again()
    assert explore(program, again).finished
    assert again.incomplete is None


def test_a_single_uncontrolled_thread_changes_no_order():
    end = threading.Event()
    foreign = threading.Thread(target=end.wait)
    foreign.start()

    def program():
        programs.in_threads(end.set, end.is_set)
        foreign.join()

    strategy = PartialOrderReduction()
    explore(program, strategy, most=1)
    assert strategy.incomplete is None


def test_threads_that_spin_are_not_called_exhaustive():
    def program():
        state = programs.State()

        def spin():
            while not state.x:
                pass

        def release():
            state.x = 1

        programs.in_threads(spin, release)

    strategy = Exhaustive()
    explored = explore(program, strategy, most=100)
    assert not explored.finished
    assert "yielded" in strategy.incomplete


def test_daemons_that_are_cut_off_are_not_called_exhaustive():
    def program():
        state = programs.State()

        def work():
            while True:
                state.x += 1
                time.sleep(1)

        threading.Thread(target=work, daemon=True).start()
        return state.x

    strategy = Exhaustive()
    assert not explore(program, strategy, most=50).finished
    assert "were ended with the test" in strategy.incomplete


def test_a_search_looks_no_further_than_its_schedules():
    program = loops(4, 3)
    search = PartialOrderReduction(limits=Limits(10))
    explored = explore(program, search, most=10)
    assert search.cut_short
    assert explored.executions == 10
    assert not search.finished
    # What was known is explored; that was not all.
    explore(program, search, most=200)
    assert not search.finished


def test_what_was_cut_short_is_never_finished():
    search = PartialOrderReduction(limits=Limits(1))
    explored = explore_until(programs.locked, search)
    assert explored == 1 + 1
    assert (search.finished, search.cut_short, search.incomplete) == (False, True, TOO_MANY)


def test_every_search_stops_when_its_time_is_over():
    search = PartialOrderReduction(limits=Limits(until=0.0))
    # One reversal was found, and that was all.
    assert explore_until(programs.counter, search) == 2
    assert (search.finished, search.incomplete) == (False, TOO_MANY)
    for strategy in (Auto(seed=1, schedules=100, until=0.0), Exhaustive(schedules=100, until=0.0)):
        assert not explore(programs.counter, strategy, most=100).finished


def test_exactly_as_many_schedules_as_there_are_classes_are_enough():
    every = explore(programs.philosophers, PartialOrderReduction()).executions
    search = PartialOrderReduction(limits=Limits(every))
    assert explore(programs.philosophers, search, most=every).finished
    assert not search.cut_short


def explore_until(program, search):
    """Until there is nothing left that is known of; how many executions that takes."""
    number = 0
    with Control() as control:
        while not (search.finished or search.incomplete):
            number += 1
            control.prepare()
            search.begin(number)
            search.end(control.run(program, search, max_steps=10_000))
    return number

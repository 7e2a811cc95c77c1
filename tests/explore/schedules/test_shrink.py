"""Schedules become as small as they can be, and stay schedules of the same finding."""

from __future__ import annotations

import itertools
import math

import pytest

from pytest_interleave.control import Operation
from pytest_interleave.explore import Follow, RandomWalk, SelectivelyUniform, shrink
from pytest_interleave.explore.schedules._directed import MOST, likely_switches
from pytest_interleave.explore.schedules._shrink import _passing_by, _Shrinking
from pytest_interleave.explore.schedules._switches import ChoicePoint, Switch
from tests.detailing import Laboratory
from tests.thorough import some

from ..programs import State, in_threads
from ..racy_programs import (
    always_fails,
    check_then_act,
    lost_update,
    lost_update_among_much_else,
    lost_wakeup,
    never_set,
    opposite_locks,
    philosophers,
    read_before_it_is_written,
    three_ordered_preemptions,
    two_ordered_preemptions,
)

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

SEEDS = range(10)


#: How many preemptions there must be.
NEEDED = {
    lost_update: 1,
    lost_update_among_much_else: 1,
    opposite_locks: 1,
    two_ordered_preemptions: 2,
    three_ordered_preemptions: 3,
    check_then_act: 1,
    read_before_it_is_written: 0,
    lost_wakeup: 1,
    always_fails: 0,
    never_set: 0,
    # The last one goes first, and is left with a fork in its hand; the others then stop of themselves.
    philosophers: 1,
}


def never():
    return 0.0


def shrunk(body, strategy, time_used=never):
    """The first attempt, what has become of it, and how many executions that took."""
    with Laboratory() as laboratory:
        laboratory.run(body, Follow(()))
        found = laboratory.first_with_finding(body, strategy)
        run = laboratory.again(body, found.identity)
        first = run(Follow(found.switches))
        assert first is not None
        before = laboratory.count
        best = shrink(first, run, time_used)
        executions = laboratory.count - before
        again = run(Follow(best.switches))
        assert again is not None
        assert again.switches == best.switches
        assert again.cost == best.cost
        assert best.cost <= first.cost
    return first, best, executions


@pytest.mark.parametrize("body", NEEDED, ids=lambda body: body.__name__)
@pytest.mark.parametrize("make", some([RandomWalk, SelectivelyUniform], 1), ids=["random", "surw"])
def test_to_as_few_switches_as_there_must_be(body, make):
    found = [shrunk(body, make(seed)) for seed in SEEDS]
    assert [best.preemptions for _, best, _ in found] == [NEEDED[body]] * len(SEEDS)


@pytest.mark.parametrize("body", [always_fails, never_set], ids=lambda body: body.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_schedule_that_needs_no_context_switch_ends_with_none(body, seed):
    _, best, _ = shrunk(body, RandomWalk(seed))
    assert best.switches == ()


def test_random_walks_are_not_as_small():
    """Else the others prove nothing."""
    found = [shrunk(lost_update_among_much_else, RandomWalk(seed))[0].preemptions for seed in SEEDS]
    assert min(found) > 5


@pytest.mark.parametrize("body", NEEDED, ids=lambda body: body.__name__)
def test_the_same_input_has_the_same_result(body):
    first, again = (shrunk(body, RandomWalk(3)) for _ in range(2))
    assert first[1].switches == again[1].switches
    assert first[2] == again[2]


def test_another_finding_is_not_taken_for_the_same():
    """Two lines that fail: the one that needs no switch is not the one that was found."""

    def body():
        state = State()

        def work():
            state.x += 1
            state.y += 1

        in_threads(work, work)
        if state.x != 2:
            raise AssertionError("lost")
        assert state.y == 3

    with Laboratory() as laboratory:
        laboratory.run(body, Follow(()))
        usual = laboratory.run(body, Follow(())).identity
        walk = RandomWalk(1)
        found = laboratory.run(body, walk)
        while found.identity == usual:
            found = laboratory.run(body, walk)
        run = laboratory.again(body, found.identity)
        best = shrink(found.attempt, run, never)
        assert laboratory.run(body, Follow(best.switches)).identity == found.identity
    assert best.preemptions == 1


# -- 30 threads --


def reorder():
    state = State()

    def set_both():
        state.x = 1
        state.y = -1

    def check():
        assert (state.x, state.y) in ((0, 0), (1, -1))

    in_threads(*[set_both] * 30, check)


@pytest.mark.parametrize("seed", range(4))
def test_one_context_switch_among_thirty_threads_in_few_executions(seed):
    first, best, executions = shrunk(reorder, SelectivelyUniform(seed))
    assert first.preemptions > 20
    assert best.preemptions == 1
    # In two of them thirty threads give way one to the next.
    assert executions <= (100 if seed in (2, 3) else 10)


# -- what ends it --


def attempts(body):
    """An attempt, and a way to run that counts."""
    with Laboratory() as laboratory:
        laboratory.run(body, Follow(()))
        found = laboratory.first_with_finding(body, RandomWalk(1))
        run = laboratory.again(body, found.identity)
        yield run(Follow(found.switches)), run


def test_nothing_is_run_where_there_is_no_time():
    for first, _ in attempts(three_ordered_preemptions):
        assert shrink(first, lambda strategy: pytest.fail("was run"), lambda: 1.0) is first


def test_no_schedule_is_put_together_where_there_is_no_time():
    """Of a long one there are as many as it has switches, each about as long as it is itself."""
    with Laboratory() as laboratory:
        first = laboratory.first_with_finding(lost_update, RandomWalk(1)).attempt
    asked = itertools.count(0, 0.25)
    shrinking = _Shrinking(first, lambda strategy: None, lambda: next(asked), math.inf)
    made = ((Switch((0,), 1, number, (1,)),) for number in itertools.count(1))
    assert not shrinking._try_each(made)
    assert next(made)[0].occurrence < 6


@pytest.mark.parametrize("most", [1, 2, 5, 20])
def test_no_execution_more_than_there_is_time_for(most):
    for first, run in attempts(three_ordered_preemptions):
        ran = []

        def counted(strategy):
            ran.append(strategy)
            return run(strategy)

        best = shrink(first, counted, lambda: len(ran) / most)
        assert len(ran) == most
        assert best.cost <= first.cost


def test_what_never_comes_again_is_left_as_it_is():
    for first, _ in attempts(three_ordered_preemptions):
        assert shrink(first, lambda strategy: None, never) is first


def test_what_costs_more_is_not_taken():
    for first, run in attempts(lost_update):
        best = shrink(first, run, never)
        assert shrink(best, lambda strategy: first, never) is best


def test_no_schedule_is_tried_twice():
    for first, run in attempts(lost_update_among_much_else):
        tried = [frozenset(first.switches)]

        def noted(strategy):
            if isinstance(strategy, Follow):
                tried.append(frozenset(strategy.switches))
            return run(strategy)

        shrink(first, noted, never)
    assert len(tried) == len(set(tried)) > 2


# -- likely switches --


class Named:
    """A thread of a log that is made by hand."""

    def __init__(self, *path):
        self.path = path
        self.index = 0


def step(thread, name, writes=False):
    operation = Operation("write" if writes else "read", None, likely_switches.__code__, 0, name=name)
    return thread, operation, ((1, name, int(writes)),)


ONE, OTHER, THIRD = Named(0), Named(1), Named(2)


def point(left, number, chosen, *, preempts=True, occurrence=1):
    paths = tuple(thread.path for thread in (ONE, OTHER, THIRD))
    return ChoicePoint((left.path, 77, occurrence), preempts, paths, chosen.path, number)


def test_a_thread_that_was_left_between_its_accesses_and_the_one_that_came_between():
    log = [step(ONE, "x"), step(OTHER, "x", writes=True), step(ONE, "x", writes=True)]
    assert likely_switches([point(ONE, 1, OTHER)], log) == [Switch((0,), 77, 1, (1,))] * 2


def test_where_nothing_conflicts_there_is_none():
    log = [step(ONE, "x"), step(OTHER, "y", writes=True), step(ONE, "x", writes=True)]
    assert likely_switches([point(ONE, 1, OTHER)], log) == []
    reads = [step(ONE, "x"), step(OTHER, "x"), step(ONE, "x")]
    assert likely_switches([point(ONE, 1, OTHER)], reads) == []


def test_without_a_preemption_there_is_none():
    log = [step(ONE, "x"), step(OTHER, "x", writes=True), step(ONE, "x", writes=True)]
    assert likely_switches([point(ONE, 1, ONE)], log) == []
    assert likely_switches([point(ONE, 1, OTHER, preempts=False)], log) == []


def test_it_is_the_thread_that_conflicts_not_the_one_that_was_chosen_first():
    log = [step(ONE, "x"), step(THIRD, "y", writes=True), step(OTHER, "x", writes=True), step(ONE, "x", writes=True)]
    (_, switch) = likely_switches([point(ONE, 1, THIRD)], log)
    assert switch == Switch((0,), 77, 1, (1,))


def test_the_last_comes_first():
    log = [step(ONE, "x", True), step(OTHER, "x", True), step(ONE, "x", True), step(OTHER, "x", True)]
    points = [point(ONE, 1, OTHER, occurrence=1), point(ONE, 3, OTHER, occurrence=2)]
    assert [switch.occurrence for switch in likely_switches(points, log)] == [2, 1, 2, 1]


def test_first_those_with_the_first_threads_that_are_alike():
    threads = [Named(number) for number in range(6)]
    log = [step(thread, "x", True) for thread in threads]
    log += [step(threads[5], "x", True)]
    # Thread 4 came between two steps of thread 5; threads 0 and 1 would do the same.
    log[3:6] = [log[3], log[5], log[4]]
    found = likely_switches([point(threads[5], 5, threads[4])], log)
    assert found == [Switch((0,), 77, 1, (1,)), Switch((5,), 77, 1, (4,))]


def chained():
    """Each thread lets the next one begin, as long as it is not the last one."""
    state = State()

    def work():
        state.x += 1

    in_threads(*[work] * 6)
    assert state.x == 6


def test_threads_that_only_pass_on_are_passed_by():
    with Laboratory() as laboratory:
        usual = laboratory.run(chained, Follow(()))
        # The places at which each thread is about to read and about to write.
        stands = {point.stand[0]: [] for point in usual.recorded.points if point.preempts}
        for point in usual.recorded.points:
            if point.preempts:
                stands[point.stand[0]].append(point.stand)
        chain = [Switch(*stands[number,][0], (number + 1,)) for number in range(4)]
        chain.append(Switch(*stands[4,][-1], (0,)))
        found = laboratory.run(chained, Follow(chain))
        assert found.attempt.preemptions == 5
        points = [point for point in found.recorded.points if point.is_switch]
        (first, *others) = list(_passing_by(found.recorded.points))
        assert first == (*(point.switch for point in points[:3]), points[3].switch._replace(to=(0,)))
        assert len(others) == 4
        # The first thread was not switched to; it continued by itself, and need not.
        assert others[-1][0].leaves == ()
        assert others[-1][0].to == (1,)


def test_there_are_not_too_many():
    log = list(itertools.chain.from_iterable((step(ONE, "x", True), step(OTHER, "x", True)) for _ in range(100)))
    points = [point(ONE, 2 * number + 1, OTHER, occurrence=number) for number in range(100)]
    assert len(likely_switches(points, log)) == 2 * MOST

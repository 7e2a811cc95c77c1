"""The two ways to compute the class of a schedule agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_interleave.control import Control
from pytest_interleave.explore import RandomWalk
from pytest_interleave.explore.search import _classes
from pytest_interleave.explore.search._classes import class_of
from pytest_interleave.explore.search._long_classes import _number_of, class_of_long
from tests.thorough import thorough

from .. import programs


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
    """The class of each execution, computed in both ways."""
    return [(class_of(outcome), class_of_long(outcome.log)) for outcome in traces_of(program)]


def check(pairs):
    told = [pair for pair in pairs if pair[1] is not None]
    assert len(told) in (0, len(pairs)), "what another way is needed for depends on the program alone"
    assert len(set(told)) == len({one for one, _ in told}) == len({other for _, other in told})
    return len(set(told))


@pytest.mark.parametrize("program", programs.SMALL, ids=lambda program: program.__name__)
def test_small_programs(program):
    check(pairs_of(program))


@pytest.mark.parametrize(("seeds", "least"), [(15, 3), pytest.param(60, 5, marks=thorough)])
def test_generated_programs(seeds, least):
    classes = [check(pairs_of(programs.generated(seed))) for seed in range(seeds)]
    assert sum(count > 1 for count in classes) >= least, classes


@thorough
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


#: Prints the classes of some schedules of short and of long executions; with threads that threads have started.
IN_A_PROCESS = """
import sys

from pytest_interleave.control import Control, Scope, set_scope
from pytest_interleave.control.primitives import install_names

set_scope(Scope(sys.path[0]))
install_names()

from pytest_interleave.explore import RandomWalk
from pytest_interleave.explore.search._classes import class_of
from tests.explore import programs


def many():
    # One state for all of it: where one thing takes the place of another in memory is different in each process.
    state = programs.State()

    def count():
        for _ in range(80):
            with state.lock:
                state.x += 1

    programs.in_threads(count, count)


def nested():
    state = programs.State()

    def count():
        for _ in range(40):
            with state.lock:
                pass

    programs.in_threads(*[lambda: programs.in_threads(count, count)] * 2)


for name in sys.argv[1:]:
    program = globals().get(name) or getattr(programs, name)
    strategy = RandomWalk(3)
    with Control() as control:
        for number in range(1, 21):
            control.prepare()
            strategy.begin(number)
            outcome = control.run(program, strategy, max_steps=10_000)
            print(name, len(outcome.log) >= 300, class_of(outcome))
"""


def classes_in_a_process(hash_seed, *names):
    result = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, *names],
        cwd=Path(__file__).resolve().parents[3],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(line.split() for line in result.stdout.splitlines())


@thorough
def test_another_process_finds_the_same_classes():
    """Whatever it has run before, and however it hashes texts: the shards of a test are put together by them."""
    names = ["locked", "counter", "many", "nested"]
    told = classes_in_a_process("1", *names)
    assert {(name, is_long) for name, is_long, _ in told} == {
        ("locked", "False"),
        ("counter", "False"),
        ("many", "True"),
        ("nested", "True"),
    }
    assert all(len({found for name, _, found in told if name == one}) > 1 for one in names)
    assert classes_in_a_process("2", *reversed(names)) == told


def test_threads_have_numbers_of_their_own():
    paths = [(), *((count,) for count in range(2000)), *((first, second) for first in range(5) for second in range(5))]
    assert len({_number_of(path) for path in paths}) == len(paths)
    assert _number_of((50_000,)) == _number_of((50_000,)) < 0x4000


def test_threads_with_one_number_are_distinguished_in_the_other_way(monkeypatch):
    monkeypatch.setattr("pytest_interleave.explore.search._long_classes._number_of", lambda path: min(1, len(path)))
    outcome = next(traces_of(programs.locked))
    assert class_of_long(outcome.log) is None
    assert class_of(outcome) != 0


def _with_things_of_their_own():
    """Each thread uses some things for a moment, one after the other, and all of them while it has the lock."""
    state = programs.State()
    first: list[list[int]] = [[], [], []]
    second: list[list[int]] = [[], [], []]
    addresses = [id(thing) for thing in first], [id(thing) for thing in second]

    def work(things):
        for thing in things:
            with state.lock:
                thing.append(1)
                state.x += 1

    programs.in_threads(lambda: work(first), lambda: work(second))
    return addresses


def _at(log, addresses):
    """The log as it would be, had some things been at other addresses."""

    def moved(touches):
        return touches and tuple((addresses.get(key, key), part, how) for key, part, how in touches)

    return [(thread, operation, moved(touches)) for thread, operation, touches in log]


def _outcomes_and_things():
    found = []
    for outcome in traces_of(lambda: found.append(_with_things_of_their_own()), schedules=40):
        keys = {key for _, _, touches in outcome.log for key, _, _ in touches or ()}
        of_threads = found.pop()
        assert all(keys.issuperset(things) for things in of_threads)
        yield outcome, of_threads


def test_a_thing_may_take_the_address_of_one_that_is_gone():
    """That can be so in one execution, and not in an equivalent one: the lock says who came first."""
    classes = set()
    for outcome, (first, second) in _outcomes_and_things():
        usual = class_of(outcome)
        classes.add(usual)
        for pairs in (
            dict.fromkeys(first, first[0]),
            dict.fromkeys(second, second[0]),
            dict.fromkeys([*first, *second], first[0]),
            {second[1]: first[2], first[1]: second[0]},
        ):
            assert class_of(outcome._replace(log=_at(outcome.log, pairs))) == usual
    assert len(classes) > 5


def test_a_thread_may_use_an_address_again_in_a_long_schedule():
    """Objects of one thread say nothing about the order of the threads."""
    classes = set()
    for outcome, (first, second) in _outcomes_and_things():
        usual = class_of_long(outcome.log)
        classes.add(usual)
        pairs = {**dict.fromkeys(first, first[0]), **dict.fromkeys(second, second[0])}
        assert class_of_long(_at(outcome.log, pairs)) == usual
    assert len(classes) > 5

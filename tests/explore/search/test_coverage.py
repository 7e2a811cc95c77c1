"""What is said of how much was run."""

from __future__ import annotations

import pytest

from pytest_interleave.control import Control, Reasons, Uncontrolled, UncontrolledPart
from pytest_interleave.explore import Classes, Coverage, RandomWalk
from pytest_interleave.explore.search._coverage import percentage

from .. import programs

FILE = Uncontrolled(
    "file",
    "file data.json",
    (UncontrolledPart("worker-0", "written", "shop.py:12"), UncontrolledPart("worker-1", "read", "shop.py:15")),
)
THREAD = Uncontrolled("thread", "thread shop-worker-0", (UncontrolledPart("", "started by a fixture", ""),))


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (Coverage("nothing_interleaved", 1), "nothing to interleave"),
        (Coverage("exhaustive", 1, shares=False), "nothing shared: the threads never touch the same mutable data"),
        (
            Coverage("exhaustive", 1),
            "exhaustive: 1 interleaving, since all conflicting steps have a fixed order",
        ),
        (Coverage("exhaustive", 12), "exhaustive: all 12 interleavings"),
        (
            Coverage("exhaustive", 12, timed=True),
            "exhaustive: all 12 interleavings, assuming no sleep or timeout ends early",
        ),
        (Coverage("bounded", 30, 0), "all schedules with up to 0 preemptions"),
        (Coverage("bounded", 30, 1), "all schedules with up to 1 preemption"),
        (Coverage("sampled", 3), "sampled: 3 distinct interleavings, total unknown"),
        (
            Coverage("sampled", 3, None, 0.12, 40),
            "sampled: 3 of at least ~40 interleavings (next new: 12 %)",
        ),
        (Coverage("sampled", 3, None, 0.0, 3), "sampled: 3 distinct interleavings seen, no new ones expected"),
        (Coverage("sampled", 1, None, 0.0, 1), "sampled: 1 distinct interleaving seen, no new ones expected"),
        (
            Coverage("sampled", 1, None, 0.0, 1, timed=True),
            "sampled: 1 distinct interleaving seen, no new ones expected, assuming no sleep or timeout ends early",
        ),
        (
            Coverage("sampled", 1, None, 0.0, 1, timed=True, early_timeouts=True),
            "sampled: 1 distinct interleaving seen, no new ones expected, with early timeouts",
        ),
        (Coverage("sampled", 49, None, 0.001, 49), "sampled: 49 distinct interleavings seen, next new: under 1 %"),
        (
            Coverage("sampled", 4, uncontrolled=(FILE,)),
            "sampled: 4 distinct interleavings seen; not controlled: file data.json (written by worker-0 at "
            "shop.py:12, read by worker-1 at shop.py:15)",
        ),
        (
            Coverage("sampled", 1, uncontrolled=(THREAD, FILE, FILE, FILE, FILE)),
            "sampled: 1 distinct interleaving seen; not controlled: thread shop-worker-0 (started by a fixture); "
            "file data.json (written by worker-0 at shop.py:12, read by worker-1 at shop.py:15); … and 3 more",
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
        for execution in range(number):
            control.prepare()
            strategy.begin(execution + 1)
            classes.add(control.run(program, strategy, max_steps=10_000))
    return classes.coverage(strategy, timed=False)


def test_the_chance_of_something_new_falls_to_nothing():
    few = sampled(programs.locked_by_three, 10)
    many = sampled(programs.locked_by_three, 300)
    assert few.chance > many.chance == 0
    assert many.classes == many.estimated_classes == 6


def test_a_large_space_is_distinguished_from_a_small_one():
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
    assert classes.coverage(_Finished(), timed=False).status == "exhaustive"
    said = classes.coverage(_Finished(), timed=False, uncontrolled=[FILE])
    assert (said.status, said.preemptions, said.uncontrolled) == ("sampled", None, (FILE,))


def test_nothing_is_estimated_where_something_was_not_controlled():
    classes = Classes()
    classes.include({1: 10, 2: 1})
    assert classes.coverage(None, timed=False).chance is not None
    said = classes.coverage(None, timed=False, uncontrolled=[FILE])
    assert said.chance is said.estimated_classes is None


def test_where_there_was_no_choice_that_is_the_status():
    said = Classes().coverage(_Finished(), timed=False, interleaved=False)
    assert said.as_json()["status"] == "nothing_interleaved"


def test_what_was_not_controlled_is_data_as_well():
    told = Coverage("sampled", 1, uncontrolled=(THREAD, FILE)).as_json()["uncontrolled"]
    assert told[1] == {
        "kind": "file",
        "what": "file data.json",
        "parts": [
            {"thread": "worker-0", "how": "written", "where": "shop.py:12"},
            {"thread": "worker-1", "how": "read", "where": "shop.py:15"},
        ],
        "advice": "",
        "text": "file data.json (written by worker-0 at shop.py:12, read by worker-1 at shop.py:15)",
    }
    assert [Uncontrolled.from_json(each) for each in told] == [THREAD, FILE]


def test_what_controls_it_is_said_after_the_place():
    part = UncontrolledPart("", "called with a shared object", "shop.py:12")
    code = Uncontrolled("code", "installed.Job.run", (part,), "to control it, set interleave_include = installed")
    assert str(code) == (
        "installed.Job.run (called with a shared object at shop.py:12; to control it, set interleave_include = "
        "installed)"
    )
    assert Uncontrolled.from_json(code.as_json()) == code


def test_the_same_thing_and_the_same_places_are_one_reason():
    temporary = [FILE._replace(what=f"file {name}") for name in ("a", "b")]
    elsewhere = FILE._replace(parts=(UncontrolledPart("worker-0", "removed", "shop.py:40"),))
    other = Uncontrolled("file", "file other.json", elsewhere.parts)
    assert Reasons([FILE, THREAD, FILE, *temporary, elsewhere, other]).all() == (FILE, THREAD, other)


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
            strategy.begin(number + 1)
            outcome = control.run(program, strategy, max_steps=10_000)
            whole.add(outcome)
            parts[number * number % 3 if number < 60 else 2].add(outcome)
    together = Classes()
    for part in parts:
        together.include(part.counts)
    assert together.counts == whole.counts
    said = whole.coverage(strategy, timed=False)
    assert together.coverage(strategy, timed=False) == said
    assert said.chance is not None
    assert len(together) == said.classes > 5

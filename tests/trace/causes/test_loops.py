"""A livelock is shown by what its threads repeat: one round each, and how often."""

from __future__ import annotations

from threading import Lock

import pytest

from pytest_interleave.control import Stuck, WaitingThread
from pytest_interleave.explore import Follow
from pytest_interleave.trace import timeline_of
from pytest_interleave.trace.causes._loops import _period, loops_of
from tests.detailing import Laboratory

from ..telling import Marks, in_threads, quiet

pytestmark = quiet

line = Marks(__file__).line


class Flag:
    def __init__(self):
        self.up = self.tries = 0


def ended(body, **more):
    """An execution that ends as a livelock, and its timeline."""
    with Laboratory() as laboratory:
        found = laboratory.run(body, Follow(()))
        outcome = found.outcome
        if outcome.stuck is None:
            outcome = as_livelock(outcome, **more)
        assert outcome.stuck.kind == "livelock"
        return outcome, timeline_of(outcome, found.recorded.points)


def as_livelock(outcome, unexplored=None):
    """What would be known if the threads had continued like that forever, which would take long."""
    waits = [WaitingThread(number, name, "", None, None, None) for number, name in enumerate(outcome.threads)]
    (join,) = [step for step in outcome.log if step[1].kind == "join"][:1]
    begun = [at for at, step in enumerate(outcome.log) if step[0].index]
    stuck = Stuck("livelock", waits, len(outcome.log), cycle=False, pending=[join])
    return outcome._replace(stuck=stuck, log=outcome.log[: begun[-1] - 2], unexplored=unexplored)


def shown_loops(timeline):
    """By thread, what it repeats, and the lines of that."""
    loops = {}
    for event in timeline.events:
        if event.repeats:
            name = timeline.threads[event.thread]
            loops.setdefault(name, (event.repeats, []))[1].append((event.kind, int(event.place.rpartition(":")[2])))
    return loops


def test_one_line_each():
    flag = Flag()

    def wait():
        while not flag.up:  # spins here
            pass

    outcome, timeline = ended(lambda: in_threads(left=wait, right=wait))
    loops = loops_of(outcome)
    here = line("spins here")
    assert shown_loops(timeline) == {
        name: (f"repeats line {here}, {loop.rounds} times", [("read", here)])
        for name, loop in zip(("left", "right"), loops, strict=True)
    }
    for loop in loops:
        own = [at for at, step in enumerate(outcome.log) if step[0].index == loop.thread and step[1].kind == "read"]
        # Some Pythons have the condition twice: before the loop, and in the end of each round.
        assert loop.rounds in (len(own), len(own) - 1)
        assert loop.begin == own[len(own) - loop.rounds]


def test_a_round_has_its_lines_in_order_from_the_first_one():
    flag, lock = Flag(), Lock()

    def work():
        while flag.tries < 40:  # order: head
            with lock:  # order: lock
                flag.tries += 1  # order: counts

    _, timeline = ended(lambda: in_threads(left=work, right=work), unexplored=1_000)
    head, locks, counts = (line(f"order: {mark}") for mark in ("head", "lock", "counts"))
    loops = shown_loops(timeline)
    assert loops.keys() == {"left"}
    for repeats, steps in loops.values():
        # Its last rounds are not in the log.
        assert repeats.startswith(f"repeats lines {head}-{counts}, ")
        assert repeats.endswith("+ times")
        assert steps == [
            ("read", head), ("acquire", locks), ("read", counts), ("write", counts), ("release", locks),
        ]  # fmt: skip


def test_what_comes_before_is_shown_but_no_round_twice():
    flag = Flag()

    def wait():
        flag.tries = 1  # before the loop
        while not flag.up:
            flag.tries  # noqa: B018

    _, timeline = ended(lambda: in_threads(left=wait, right=wait))
    before = [event for event in timeline.events if not event.repeats and not event.waits]
    assert str(line("before the loop")) in {event.place.rpartition(":")[2] for event in before}
    assert len(timeline.events) < 30
    assert not timeline.arrows


def test_a_thread_that_waits_for_them_is_no_loop():
    """However often it has done the same before: it has started several threads in one line."""
    flag = Flag()

    def wait():
        while not flag.up:
            pass

    _, timeline = ended(lambda: in_threads(a=wait, b=wait, c=wait, d=wait))
    assert shown_loops(timeline).keys() == {"a", "b", "c", "d"}
    (join,) = (event for event in timeline.events if event.waits)
    assert (timeline.threads[join.thread], join.kind) == ("main", "join")


def test_a_loop_in_which_it_waits_for_a_lock_is_one():
    """That it has to wait in its next round is as it was before; what it has never waited for is not."""
    flag, lock = Flag(), Lock()

    def work():
        while flag.tries < 20:
            lock.acquire()
            flag.tries += 1
            lock.release()

    outcome, _ = ended(lambda: in_threads(left=work))
    steps = {step[1].kind: step for step in outcome.log}
    for blocked, number in ((steps["acquire"], 1), (outcome.stuck.pending[0], 0)):
        pending = [(steps["read"][0], *blocked[1:])]
        loops = loops_of(outcome._replace(stuck=outcome.stuck._replace(pending=pending)))
        assert len([loop for loop in loops if loop.thread == 1]) == number


def test_calls_are_lines_of_several_functions():
    flag = Flag()

    def is_up():
        return flag.up  # called

    def wait():
        while not is_up():
            flag.tries  # noqa: B018  # caller

    _, timeline = ended(lambda: in_threads(left=wait, right=wait))
    repeats, steps = shown_loops(timeline)["left"]
    assert repeats.startswith("repeats these 2 lines, ")
    assert [number for _, number in steps] == [line("called"), line("caller")]


def test_rounds_that_differ_are_shown_by_their_lines():
    flag = Flag()

    def wait():
        while not flag.up:  # differs: head
            flag.tries  # noqa: B018  # differs: sometimes

    outcome, _ = ended(lambda: in_threads(left=wait, right=wait))
    head, sometimes = line("differs: head"), line("differs: sometimes")
    bits = f"{0xF6A5C3B1D2E47980F1E2D3C4B5A69715D:b}"
    steps = {step[1].where().lineno: step for step in outcome.log if step[0].name == "left" and step[1].kind == "read"}
    log = [step for bit in bits for step in (steps[head], *([steps[sometimes]] if bit == "1" else []))]
    (loop,) = loops_of(outcome._replace(log=log))
    assert (loop.rounds, loop.text) == (0, f"repeats lines {head}-{sometimes}")
    assert [place.lineno for place in loop.places] == [head, sometimes]


@pytest.mark.parametrize(
    ("latest", "period"),
    [
        ("", 0),
        ("a", 0),
        ("aa", 0),
        ("aaa", 1),
        ("ababab", 2),
        ("ababx", 0),
        ("aaabaaabaaab", 4),
        ("aaabaaab", 1),
        ("abcabcabcxyz", 3),
        ("abcde" * 400, 5),
    ],
)
def test_the_round_is_the_one_that_is_repeated_longest(latest, period):
    assert _period(latest) == period

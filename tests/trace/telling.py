"""Timelines of bodies that fail, in the smallest schedule in which they do; and of bodies that go through."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest

from pytest_interleave.control import Outcome, Recorder
from pytest_interleave.explore import Follow, RandomWalk, Recorded, shrink
from pytest_interleave.trace import Timeline, timeline_of
from tests.detailing import Body, Laboratory

#: Exceptions of threads are told by these tests themselves.
quiet = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Told(NamedTuple):
    """An execution in detail, with its values."""

    outcome: Outcome
    recorded: Recorded
    recorder: Recorder
    timeline: Timeline


def in_threads(**bodies: Body) -> None:
    """Threads that are called by the names of the arguments."""
    threads = [threading.Thread(target=body, name=name) for name, body in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def told_of_finding(body: Body) -> Told:
    """The smallest schedule that has the finding of the first random walk that has one."""
    with Laboratory() as laboratory:
        laboratory.run(body, Follow(()))
        found = laboratory.first_with_finding(body, RandomWalk(3))
        run = laboratory.again(body, found.identity)
        best = shrink(found.attempt, run, lambda: False)
        return _told(laboratory, body, Follow(best.switches))


def told(body: Body, strategy: object = None) -> Told:
    """One execution, without switches unless `strategy` makes them."""
    with Laboratory() as laboratory:
        return _told(laboratory, body, Follow(()) if strategy is None else strategy)


def _told(laboratory: Laboratory, body: Body, strategy: object) -> Told:
    recorder = Recorder(everything=True)
    recorded, outcome = laboratory.run(body, strategy, recorder=recorder)
    return Told(outcome, recorded, recorder, timeline_of(outcome, recorded.points, recorder))

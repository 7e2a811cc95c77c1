"""Timelines of bodies that fail, in the smallest schedule in which they do; and of bodies that go through."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_interleave.control import Outcome, Recorder
from pytest_interleave.explore import Follow, RandomWalk, Recorded, shrink
from pytest_interleave.trace import Timeline, timeline_of
from tests.detailing import Body, Laboratory

#: These tests check the exceptions of threads themselves.
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


def timeline_of_finding(body: Body) -> Timeline:
    """The timeline of the smallest schedule that has a finding."""
    return told_of_finding(body).timeline


def texts(timeline: Timeline) -> list[str]:
    """What each step of the evidence does."""
    return [each.text for each in timeline.evidence]


def steps(timeline: Timeline) -> list[tuple[str, str]]:
    """What each step of the evidence does, and the comment of its line."""
    return [(each.text, each.source.rpartition("  # ")[2]) for each in timeline.evidence]


class Marks:
    """The lines of a file that end with a comment."""

    def __init__(self, filename: str) -> None:
        path = Path(filename)
        self._name = path.name
        self._lines = path.read_text(encoding="utf-8").splitlines()

    def line(self, mark: str) -> int:
        """The number of the only line that ends with this comment."""
        (number,) = (number for number, text in enumerate(self._lines, start=1) if text.endswith(f"  # {mark}"))
        return number

    def at(self, mark: str) -> str:
        """The place of that line."""
        return f"{self._name}:{self.line(mark)}"


def told(body: Body, strategy: object = None) -> Told:
    """One execution, without switches unless `strategy` makes them."""
    with Laboratory() as laboratory:
        return _told(laboratory, body, Follow(()) if strategy is None else strategy)


def _told(laboratory: Laboratory, body: Body, strategy: object) -> Told:
    recorder = Recorder(everything=True)
    recorded, outcome = laboratory.run(body, strategy, recorder=recorder)
    return Told(outcome, recorded, recorder, timeline_of(outcome, recorded.points, recorder))

"""The steps on files and directories that a body does under control, and all results that a program can have."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pytest_interleave.control import Control
from pytest_interleave.control.steps import External
from pytest_interleave.explore import PartialOrderReduction
from tests.driving import execute, require_good_end


def steps_in(outcome: Any) -> list[External]:
    """The steps on files and directories in an execution."""
    return [step for _, step, _ in outcome.log if isinstance(step, External)]


def steps_of(body: Callable[[], object]) -> list[External]:
    """The steps of an execution of `body`, which must end well."""
    outcome = execute(body)
    require_good_end(outcome)
    return steps_in(outcome)


def done(body: Callable[[], object]) -> list[tuple[str, str]]:
    """Of each step of `body`, whether it reads or writes, and the words for it without its result."""
    return [(str(step.kind), step.doing.text) for step in steps_of(body)]


def touched_by(body: Callable[[], object], verb: str) -> list[Any]:
    """What the steps of `body` with that verb touch."""
    outcome = execute(body)
    require_good_end(outcome)
    return [touches for _, step, touches in outcome.log if isinstance(step, External) and step.name == verb]


def in_threads(*bodies: Callable[[], object]) -> None:
    """Run each body in a thread of its own."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def every_outcome(program: Callable[[], Any], most: int = 2_000) -> set[Any]:
    """What `program` returns, in all interleavings; for one that got stuck, in which way."""
    strategy = PartialOrderReduction()
    found = set()
    number = 0
    with Control() as control:
        while not strategy.finished:
            number += 1
            assert number <= most
            control.prepare()
            strategy.begin(number)
            results: list[Any] = []
            outcome = control.run(lambda results=results: results.append(program()), strategy, max_steps=10_000)
            strategy.end(outcome)
            assert strategy.incomplete is None
            if outcome.stuck is None:
                require_good_end(outcome)
                found.add(results[0])
            else:
                found.add(outcome.stuck.kind)
    return found

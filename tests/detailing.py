"""Runs bodies in detail, as the plugin does to explain a finding: recorded as switches, followed, made smaller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pytest_interleave.control import Outcome, Recorder, Strategy
from pytest_interleave.detect import finding_of, identity_of
from pytest_interleave.explore import Attempt, Follow, Recorded
from pytest_interleave.plugin.running.explanations._detailed_runs import attempt_of
from tests.driving import MAX_STEPS, Control

Body = Callable[[], object]


class Detailed(NamedTuple):
    """An execution in detail."""

    recorded: Recorded
    outcome: Outcome

    @property
    def switches(self):
        return self.recorded.switches

    @property
    def attempt(self) -> Attempt:
        return attempt_of(self.outcome, self.recorded)

    @property
    def identity(self) -> object:
        """Of what it has found; None where it has found nothing."""
        finding = finding_of(self.outcome)
        return None if finding is None else identity_of(finding, self.outcome)


class Laboratory:
    """For as long as it is entered, bodies can be run in detail."""

    def __init__(self, max_steps: int = MAX_STEPS) -> None:
        self._control = Control()
        self._max_steps = max_steps
        #: How many executions there were.
        self.count = 0

    def __enter__(self) -> Laboratory:
        self._control.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._control.__exit__(*exception)

    def run(self, body: Body, strategy: Any, number: int = 1, recorder: Recorder | None = None) -> Detailed:
        """The execution with that number of a strategy that is not wrapped."""
        self.count += 1
        self._control.prepare()
        recorded = Recorded(strategy)
        recorded.begin(number)
        outcome = self._control.run(body, recorded, max_steps=self._max_steps, detail=True, recorder=recorder)
        recorded.end(outcome)
        return Detailed(recorded, outcome)

    def first_with_finding(self, body: Body, strategy: Strategy, most: int = 500) -> Detailed:
        """The first execution under a strategy that has found something."""
        for number in range(1, most + 1):
            found = self.run(body, strategy, number)
            if found.identity is not None:
                return found
        raise AssertionError(f"nothing was found in {most} executions")

    def again(self, body: Body, identity: object) -> Callable[[Strategy], Attempt | None]:
        """For the shrinker: an execution, where it has the same finding."""

        def run(strategy: Strategy) -> Attempt | None:
            found = self.run(body, strategy)
            return found.attempt if found.identity == identity else None

        return run


def followed(body: Body, switches: Any, recorder: Recorder | None = None) -> Detailed:
    """One execution with these switches, in a laboratory of its own."""
    with Laboratory() as laboratory:
        return laboratory.run(body, Follow(switches), recorder=recorder)

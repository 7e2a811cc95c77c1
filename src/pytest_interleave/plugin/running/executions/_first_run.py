"""The first execution of a test: the only one that begins in the state in which the process was before the test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....control import Outcome, ThreadView
from ...items._workers import WORKER, quiet_types


class Undisturbed:
    """Passes the questions of the scheduler on to a strategy, and notes whether it ever preempts a thread."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.name: str = inner.name
        self.spawned = inner.spawned
        self.yielded = inner.yielded
        #: Whether each thread ran until it blocked or ended, and then the first one of those that could run.
        self.is_plain = True

    @property
    def held_back(self) -> Any:
        """The threads that the strategy holds back."""
        return getattr(self._inner, "held_back", ())

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the strategy's choice."""
        at: int = self._inner.choose(enabled, running)
        if at != (0 if running is None else enabled.index(running)):
            self.is_plain = False
        return at


class FirstRun(NamedTuple):
    """What the first execution of a test has shown."""

    passed: bool
    choices: list[int]
    #: Whether the worker that ran before all others, from its beginning to its end, has passed; None if none did.
    first_worker_passed: bool | None

    @classmethod
    def of(cls, outcome: Outcome) -> FirstRun:
        """Sum up an execution."""
        quiet = quiet_types()
        raised = (outcome.exception, *(failure.exception for failure in outcome.failures))
        failed = outcome.stuck is not None or any(
            error is not None and not issubclass(type(error), quiet) for error in raised
        )
        return cls(not failed, outcome.choices, _first_worker_passed(outcome) if failed else None)


def _first_worker_passed(outcome: Outcome) -> bool | None:
    """Return whether the worker passed whose steps all come before those of the other workers; None without one."""
    workers = [unit for unit, _, _ in outcome.log if unit.name.startswith(WORKER)]
    if not workers:
        return None
    first = workers[0]
    own = sum(unit is first for unit in workers)
    if any(unit is not first for unit in workers[:own]) or any(unit is first for unit, _, _ in outcome.pending):
        return None
    error = outcome.raised.get(first.index)
    return error is None or issubclass(type(error), quiet_types())

"""Runs bodies under control from within a test of this package, without the pytest layer in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pytest_interleave.control import LONGEST, Control, Outcome, Strategy, without_ours
from pytest_interleave.explore import NonPreemptive, RandomWalk

#: Far more than any body here needs; one that does not end is a livelock, and fails.
MAX_STEPS = 100_000


class EndedBadly(AssertionError):
    """An execution did not go through."""


def executions(
    body: Callable[[], object],
    strategy: Strategy,
    number: int = 1,
    *,
    max_steps: int = MAX_STEPS,
    leaps: Sequence[int | None] = (None,),
    longest: float = LONGEST,
) -> Iterator[Outcome]:
    """The outcomes of `number` executions of `body` under `strategy`, with one of the `leaps` after the other."""
    with Control() as control:
        for count in range(1, number + 1):
            control.prepare()
            strategy.begin(count)
            outcome = control.run(body, strategy, max_steps=max_steps, leap=leaps[count % len(leaps)], longest=longest)
            strategy.end(outcome)
            yield outcome


def execute(body: Callable[[], object], strategy: Strategy | None = None, *, longest: float = LONGEST) -> Outcome:
    """One execution, without switches unless `strategy` makes them."""
    (outcome,) = executions(body, NonPreemptive() if strategy is None else strategy, longest=longest)
    return outcome


def check(body: Callable[[], object], *, walks: int = 20, seed: int = 1) -> None:
    """Require that `body` ends well without switches and in `walks` random walks, and leaves nothing behind.

    The walks share one `Control`, as the executions of one test do.
    """
    for strategy, number in ((NonPreemptive(), 1), (RandomWalk(seed), walks)):
        for count, outcome in enumerate(executions(body, strategy, number), start=1):
            require_good_end(outcome, f"{strategy.name}, seed {seed}, execution {count}")


def require_good_end(outcome: Outcome, which: str = "the execution") -> None:
    """Raise what an execution raised, or what it was ended for."""
    __tracebackhide__ = True
    if outcome.exception is not None:
        outcome.exception.add_note(f"in {which}")
        raise outcome.exception
    for failure in outcome.failures:
        failure.exception.add_note(f"in thread {failure.thread!r} of {which}")
        raise failure.exception.with_traceback(without_ours(failure.exception.__traceback__))
    if outcome.stuck is not None:
        waits = "\n".join(f"  {wait.thread} at {wait.where}: {wait.waits_for}" for wait in outcome.stuck.waits)
        raise EndedBadly(f"{outcome.stuck.kind} in {which}:\n{waits}")
    for what, found in (("could not be ended", outcome.leaked), ("was set aside", outcome.set_aside)):
        if found:
            raise EndedBadly(f"in {which}, thread {found[0].thread!r} {what} at {found[0].where}")


def value_of(body: Callable[[], Any]) -> Any:
    """What `body` returns in one execution that ends well."""
    values: list[Any] = []
    require_good_end(execute(lambda: values.append(body())))
    return values[0]

"""An explanation: a finding with all that its report shows."""

from __future__ import annotations

from typing import NamedTuple

from ....detect import Finding
from ....explore import Token
from ....trace import Timeline

#: Hints for a test that fails with less than preemptions between workers, by the value of `Explanation.simplest`.
SIMPLEST = {
    "one worker": (
        "The test fails in one worker alone, too: no other thread has a part in it. If it passes with plain pytest, it "
        "looks at what control changes, such as real time, or the number of objects, references or frames."
    ),
    "workers in turn": (
        "The test fails when its workers run one after another, too: its body cannot be run twice on the same "
        "fixtures. If it is not meant to be, name the fixtures that each worker needs for itself, isolated=(...), or "
        "mark the test thread_unsafe."
    ),
}
SOMETHING_UNSEEN = (
    "A schedule with the same accesses in the same order has passed before: it seems to depend on something that the "
    "scheduler does not see, such as a file, a database, real time, or what an earlier execution has left."
)
NEEDS_TIME = 'This failure needs timeouts="explore": a thread is held up while time passes, as on a busy machine.'


class Explanation(NamedTuple):
    """A finding as it is to be reported."""

    finding: Finding
    token: Token
    #: Preemptions in the token's schedule, and in the one that was found first; None if that is not known.
    switches: int | None = None
    switches_before: int | None = None
    #: Seconds of real time that shrinking took.
    seconds: float = 0.0
    timeline: Timeline | None = None
    #: Why the token may not reproduce it.
    difference: str | None = None
    #: The least that makes a thread_safety test fail: "one worker", "workers in turn" or "switches".
    simplest: str | None = None
    #: Whether an equivalent schedule has passed before.
    unseen: bool = False
    #: The steps that were explored, and all steps of the execution; None if those are the same.
    explored: tuple[int, int] | None = None
    #: Whether the schedule, run again, gave the same finding.
    confirmed: bool = True
    #: Whether time passed as a choice in it.
    time_passed: bool = False
    #: Parts that were skipped for lack of time, in words; and the seconds that the test had.
    left_out: tuple[str, ...] = ()
    seconds_of_test: float = 0.0

    @property
    def repeatable(self) -> bool:
        """Whether the token surely reproduces it."""
        return self.confirmed and self.difference is None

    @property
    def hints(self) -> list[str]:
        """Sentences that may help to understand it, besides what happened."""
        hints = [SOMETHING_UNSEEN] if self.unseen and not self.time_passed else []
        if self.time_passed:
            hints.append(NEEDS_TIME)
        if self.explored is not None:
            first, steps = self.explored
            hints.append(
                f"The test took {steps:,} steps. The first {first:,} (max_steps) were explored, the rest ran without "
                f"preemptions. {self._tried()}"
            )
        left_out = [*self.left_out, *(self.timeline.left_out if self.timeline is not None else ())]
        if left_out:
            may_not = "" if self.confirmed else " The token may not reproduce the failure."
            hints.append(
                f"Not done for lack of time (seconds={self.seconds_of_test:g}): {', '.join(left_out)}.{may_not}"
            )
        if self.simplest in SIMPLEST:
            hints.append(SIMPLEST[self.simplest])
        return hints

    def _tried(self) -> str:
        """Say what was done with the schedule of a long execution."""
        if self.repeatable:
            return "The schedule was run again with the same result, but not shrunk."
        if self.difference is not None:
            return "The schedule was not shrunk."
        return (
            "The schedule was neither run again, which would take too long, nor shrunk; the token may not reproduce "
            "the failure."
        )

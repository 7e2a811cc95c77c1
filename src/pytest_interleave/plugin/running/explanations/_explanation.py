"""An explanation: a finding with all that its report shows."""

from __future__ import annotations

from typing import NamedTuple

from ...._leaves import leaves
from ...._texts import headline
from ....control.execution import DEADLOCK, LIVELOCK, TIMEOUT
from ....detect import (
    DATA_RACE,
    FAILED_SETUP,
    FAILED_TEARDOWN,
    FAILED_TEST,
    LEAK,
    WORKER_EXCEPTION,
    Finding,
)
from ....explore import Token
from ....trace import Timeline
from ._detailed_runs import has_race
from ._repetition import Repetition

#: Why a thread_safety test is no race, and what helps, by the value of `Explanation.simplest`.
SIMPLEST = {
    "one worker": (
        "Not a race: the test also fails with one worker.",
        "run it with plain pytest. If it passes there, it depends on state from an earlier run, such as a module "
        "global, on real time, or on the number of objects, references or frames, which the plugin changes.",
    ),
    "workers one after another": (
        "Not a race: the test body fails when it runs twice on the same fixtures.",
        "give each worker its own fixtures with isolated={names}, or mark the test thread_unsafe",
    ),
}
SOMETHING_UNSEEN = (
    "An equivalent schedule passed earlier, so the failure depends on something that the plugin cannot see, such as a "
    "memory-mapped file, code in C, another process, real time, or state left by an earlier run."
)
NEEDS_TIME = 'This failure needs timeouts="explore": a thread is held up while time passes, as on a busy machine.'
WITHOUT_PREEMPTION = (
    "No preemption is needed: each thread runs until it blocks or ends, in start order. Other schedules pass."
)
#: Kinds of findings for which it matters whether other schedules fail as well.
FAILURES = frozenset((FAILED_TEST, FAILED_SETUP, FAILED_TEARDOWN, WORKER_EXCEPTION))
#: The start of a headline, by the kind of the finding.
_BY_KIND = {
    FAILED_SETUP: "Set-up failure",
    FAILED_TEARDOWN: "Teardown failure",
    LEAK: "Resource leak",
    TIMEOUT: "Timeout: one execution did not end",
    DEADLOCK: "Deadlock",
    LIVELOCK: "Livelock",
    DATA_RACE: "Data race",
}


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
    #: The simplest way in which a thread_safety test fails: "one worker", "workers one after another" or "workers
    #: interleaved"; "repeated" if it fails only because earlier runs have left state.
    simplest: str | None = None
    #: If the test fails only because it is repeated, what is known about that.
    repetition: Repetition | None = None
    #: The fixtures of a thread_safety test that its workers share, and that could be made for each of them.
    shared: tuple[str, ...] = ()
    #: Whether an equivalent schedule has passed before.
    unseen: bool = False
    #: In what that one differed, in words: an order of threads that no step shows; empty if that is not known.
    hidden_order: str = ""
    #: The steps that were explored, and all steps of the execution; None if those are the same.
    explored: tuple[int, int] | None = None
    #: The fixture or the function that raised it, if the test was being set up or torn down.
    raised_in: str = ""
    #: Whether the schedule, run again, gave the same finding.
    confirmed: bool = True
    #: Whether time passed as a choice in it.
    time_passed: bool = False
    #: Parts that were skipped for lack of time, in words; and the seconds that the test had.
    left_out: tuple[str, ...] = ()
    seconds_of_test: float = 0.0
    #: For a failure without preemption: the number of schedules that were tried if all of them fail, 0 if one passes;
    #: None if that is not known.
    always: int | None = None
    #: Whether schedules of another kind than those tried may pass: a wait with a time limit, or a sleep, did not end
    #: early; something was not controlled; or the exceptions differed between the schedules.
    unsure: bool = False

    def without_guess(self) -> Explanation:
        """Return the same without a bug that is one only if another schedule passes, unless one does."""
        if self.timeline is None or self.timeline.is_certain or self.always == 0:
            return self
        return self._replace(timeline=self.timeline.without_bug())

    @property
    def no_race(self) -> str:
        """Why the order of threads has no part in the failure; empty if it has, or if that is not known."""
        if self.repetition is not None:
            return self.repetition.headline if self.repetition.is_certain else ""
        if self.finding.kind not in FAILURES or self.unseen or not self.repeatable or has_race(self.finding):
            return ""
        if self.simplest in SIMPLEST:
            return SIMPLEST[self.simplest][0]
        if self.always and not self.unsure:
            return f"Probably not a race: the test fails in every schedule tried ({self.always})."
        if self.timeline is not None and self.timeline.is_alone:
            return "Not a race: the test fails before it starts a thread."
        return ""

    @property
    def bug(self) -> str | None:
        """The class of the bug, and on what; None if that is not known."""
        if self.no_race or self.timeline is None or not self.timeline.bug:
            return None
        bug = self.timeline.bug
        if self.finding.kind in (FAILED_SETUP, FAILED_TEARDOWN):
            return f"{_BY_KIND[self.finding.kind]}: {bug[0].lower()}{bug[1:]}"
        return bug

    @property
    def headline(self) -> str:
        """The first line of a report, which may have shortened names."""
        return headline(self._headline())

    def _headline(self) -> str:
        if self.repetition is not None:
            return self.repetition.headline
        named = self.no_race or self.bug or self._kind
        if named is not None:
            return named
        what = "the test fails"
        if self.finding.kind == WORKER_EXCEPTION:
            error = next(leaves(self.finding.exception))
            note = next((text for text in getattr(error, "__notes__", ()) if text.startswith("raised in ")), "")
            what = f"{type(error).__name__}{note.removeprefix('raised')}"
        if self.always and self.unsure:
            return f"{what[0].upper()}{what[1:]} in every schedule tried ({self.always})"
        if (self.switches or self.always == 0) and not self.unseen:
            # Another schedule has passed.
            return f"Race condition: {what} in this interleaving"
        return f"{what[0].upper()}{what[1:]} in this interleaving"

    @property
    def _kind(self) -> str | None:
        """The kind of the finding as a headline; for a fixture, which one, and what it raised."""
        kind = _BY_KIND.get(self.finding.kind)
        if kind is None or self.finding.kind not in (FAILED_SETUP, FAILED_TEARDOWN):
            return kind
        where = f" in {self.raised_in}" if self.raised_in else ""
        return f"{kind}{where}: {type(next(leaves(self.finding.exception))).__name__}"

    @property
    def help(self) -> str:
        """What helps; empty if that is not known."""
        if self.repetition is not None:
            return self.repetition.help
        if self.simplest in SIMPLEST:
            return SIMPLEST[self.simplest][1].replace("{names}", repr(self.shared) if self.shared else "(...)")
        return "" if self.no_race or self.timeline is None else self.timeline.help

    @property
    def repeatable(self) -> bool:
        """Whether the token surely reproduces it."""
        return self.confirmed and self.difference is None

    @property
    def hints(self) -> list[str]:
        """Sentences that may help to understand it, besides what happened."""
        if self.repetition is not None:
            return self.repetition.hints
        unseen = SOMETHING_UNSEEN
        if self.hidden_order:
            unseen = (
                f"A schedule with the same order of accesses passed earlier, but there, {self.hidden_order}. "
                "The failure may depend on that order."
            )
        hints = [unseen] if self.unseen and not self.time_passed else []
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
            may_not = "" if self.confirmed else " The token may not replay."
            hints.append(
                f"Skipped to keep the time limit (seconds={self.seconds_of_test:g}): {', '.join(left_out)}.{may_not}"
            )
        if self.always == 0 and not self.no_race:
            hints.append(WITHOUT_PREEMPTION)
        stuck = self.finding.kind in (DEADLOCK, LIVELOCK)
        if self.always and not self.unsure and stuck and self.repeatable and not self.unseen:
            # The headline is the deadlock, or the livelock.
            hints.append(
                f"Probably not a race: this {self.finding.kind} occurs in every schedule tried ({self.always})."
            )
        return hints

    def _tried(self) -> str:
        """Say what was done with the schedule of a long execution."""
        if self.repeatable:
            return "The schedule was run again with the same result, but not shrunk."
        if self.difference is not None:
            return "The schedule was not shrunk."
        return "The schedule was neither run again, which would take too long, nor shrunk. The token may not replay."

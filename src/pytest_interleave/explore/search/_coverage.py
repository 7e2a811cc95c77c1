"""Coverage: how much of everything that could have happened was run, without claiming more than is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...control import Trace, Uncontrolled
from ._classes import class_of

#: At most this many of the reasons are named in the text; all of them are in the data.
_NAMED = 2


class Coverage(NamedTuple):
    """The coverage of a test: what can be said of the schedules that were run, compared with all that there are."""

    #: "exhaustive" (every class of schedules was run), "bounded" (all with few preemptions), "sampled", or
    #: "nothing_interleaved" (there is no other schedule).
    status: str
    #: The number of classes of equivalent schedules among those that were run.
    classes: int
    #: If the status is "bounded": the number of preemptions up to which all schedules were run.
    preemptions: int | None = None
    #: The estimated probability that one more schedule is of a class not run yet, and the estimated number of classes;
    #: None if something was not controlled, which no step shows.
    chance: float | None = None
    estimated_classes: int | None = None
    #: Whether time passed: sleeps and timeouts end only when no thread can continue.
    timed: bool = False
    #: Whether threads touch the same thing, which one of them changes, even if there is only one order for that.
    shares: bool = True
    #: The reasons why "exhaustive" cannot be claimed, whatever the strategy has run.
    uncontrolled: tuple[Uncontrolled, ...] = ()
    #: For a test that is longer than `max_steps`: how many of its steps were explored; else None.
    explored_steps: int | None = None
    #: Whether timeouts also expired early, as a choice.
    early_timeouts: bool = False

    def __str__(self) -> str:
        if self.status == "nothing_interleaved":
            return "nothing to interleave"
        if self.status == "exhaustive":
            return self._if_timed(self._all())
        if self.status == "bounded":
            count = self.preemptions
            return self._if_timed(f"all schedules with up to {count} preemption{'' if count == 1 else 's'}")
        first = "" if self.explored_steps is None else f"; first {self.explored_steps:,} steps explored"
        early = ", with early timeouts" if self.early_timeouts else ""
        return f"sampled: {self._sampled()}{early}{first}"

    def _all(self) -> str:
        if self.classes > 1:
            return f"exhaustive: all {self.classes:,} interleavings"
        if self.shares:
            return "exhaustive: 1 interleaving, since all conflicting steps have a fixed order"
        return "nothing shared: the threads never touch the same mutable data"

    def _if_timed(self, text: str) -> str:
        return f"{text}, assuming no sleep or timeout ends early" if self.timed else text

    def _sampled(self) -> str:
        seen = f"{self.classes:,} distinct interleaving{'' if self.classes == 1 else 's'}"
        if self.uncontrolled:
            named = "; ".join(map(str, self.uncontrolled[:_NAMED]))
            more = len(self.uncontrolled) - _NAMED
            return f"{seen} seen; not controlled: {named}{f'; … and {more} more' if more > 0 else ''}"
        if self.explored_steps is not None:
            return f"{seen} seen"
        if self.chance is None or self.estimated_classes is None:
            return f"{seen}, total unknown"
        if self.estimated_classes > self.classes:
            return (
                f"{self.classes:,} of at least ~{self.estimated_classes:,} interleavings (next new: {self._next_new})"
            )
        if self.chance:
            return f"{seen} seen, next new: {self._next_new}"
        expected = f"{seen} seen, no new ones expected"
        return expected if self.early_timeouts else self._if_timed(expected)

    @property
    def _next_new(self) -> str:
        return percentage(self.chance or 0)

    def as_json(self) -> dict[str, Any]:
        """Return the data for the machine-readable report."""
        return {
            "status": self.status,
            "interleavings": self.classes,
            "preemptions": self.preemptions,
            "chance_of_new": None if self.chance is None else round(self.chance, 4),
            "estimated_interleavings": self.estimated_classes,
            "timed": self.timed,
            "shares": self.shares,
            "explored_steps": self.explored_steps,
            "early_timeouts": self.early_timeouts,
            "uncontrolled": [reason.as_json() for reason in self.uncontrolled],
            "text": str(self),
        }


#: Estimates need at least this many executions; with fewer there are none.
FEWEST = 10
#: Schedules with at most this many choices are likely to come again. At most the second number of them are remembered;
#: the classes of the rest are computed each time.
_SHORT = 30
_MOST_KNOWN = 10_000


class Classes:
    """The classes of the schedules that were run, and how often each was run."""

    def __init__(self) -> None:
        # Not a `Counter`: its code is in scope, and would be searched for accesses.
        self._counts: dict[int, int] = {}
        self._executions = 0
        #: By schedule, if it is short: its class, which is the same each time.
        self._known: dict[tuple[int, ...], int] = {}
        #: The class of the last execution; None if there was none.
        self.last: int | None = None

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, trace: Trace) -> int:
        """Count an execution, and return how many there have been of its class."""
        self._executions += 1
        found: int | None
        if len(trace.choices) > _SHORT:
            found = class_of(trace)
        else:
            schedule = tuple(trace.choices)
            found = self._known.get(schedule)
            if found is None:
                found = class_of(trace)
                if len(self._known) < _MOST_KNOWN:
                    self._known[schedule] = found
        self.last = found
        count = self._counts[found] = self._counts.get(found, 0) + 1
        return count

    @property
    def counts(self) -> dict[int, int]:
        """The number of executions of each class, by its fingerprint, which is the same in every process."""
        return dict(self._counts)

    def include(self, counts: Mapping[int, int]) -> None:
        """Count executions of another process, as if they had been added here."""
        for found, count in counts.items():
            self._counts[found] = self._counts.get(found, 0) + count
            self._executions += count

    def coverage(
        self,
        strategy: Any,
        *,
        timed: bool,
        uncontrolled: Sequence[Uncontrolled] = (),
        shares: bool = True,
        interleaved: bool = True,
        explored_steps: int | None = None,
        early_timeouts: bool = False,
    ) -> Coverage:
        """Return what can be said after the last execution.

        `uncontrolled` is what happened that the scheduler does not control; `interleaved` is False if there was never a
        choice; `explored_steps` is how many steps were explored, if there were more. With `early_timeouts`, the number
        of interleavings is not estimated.
        """
        classes = len(self._counts)
        reasons = tuple(uncontrolled)
        if not interleaved:
            return Coverage("nothing_interleaved", classes, timed=timed, shares=shares, uncontrolled=reasons)
        if reasons or explored_steps is not None:
            return Coverage(
                "sampled",
                classes,
                timed=timed,
                shares=shares,
                uncontrolled=reasons,
                explored_steps=explored_steps,
                early_timeouts=early_timeouts,
            )
        if early_timeouts:
            return Coverage("sampled", classes, timed=timed, shares=shares, early_timeouts=True)
        if getattr(strategy, "exhausted", False):
            return Coverage("exhaustive", classes, timed=timed, shares=shares)
        preemptions = getattr(strategy, "preemptions", None)
        if preemptions is not None:
            return Coverage("bounded", classes, preemptions, timed=timed, shares=shares)
        return Coverage("sampled", classes, None, self._chance_of_new(), self._estimated_classes(), timed, shares)

    def _chance_of_new(self) -> float | None:
        """Return the estimate of Good and Turing: the share of the executions whose class was run only once.

        Source: I. J. Good, "The Population Frequencies of Species and the Estimation of Population Parameters",
        Biometrika 40, 1953.
        """
        once = sum(1 for count in self._counts.values() if count == 1)
        return once / self._executions if self._executions >= FEWEST else None

    def _estimated_classes(self) -> int | None:
        """Return a lower bound for the number of classes, estimated from how many were run once and twice.

        Source: A. Chao, "Nonparametric Estimation of the Number of Classes in a Population", Scandinavian Journal of
        Statistics 11, 1984, in its form without bias.
        """
        if self._executions < FEWEST:
            return None
        once = sum(1 for count in self._counts.values() if count == 1)
        twice = sum(1 for count in self._counts.values() if count == 2)
        return len(self._counts) + once * (once - 1) // (2 * (twice + 1))


def percentage(share: float) -> str:
    """Return a share as text short enough for a line: never 0 % for a share above 0."""
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{share:.0%}".replace("%", " %")

"""How much of what could have happened has been run: the honest answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..control import Trace
from ._classes import class_of

#: Where it matters to no step what another thread has done before it, as far as steps are seen.
_ONE = "exhausted: all 1 class, as threads were seen to share nothing that one of them changes"


class Coverage(NamedTuple):
    """What can be said of the schedules that were run, beside all that there are."""

    #: "exhausted" (every class of schedules was run), "bounded" (all with few preemptions) or "sampled".
    status: str
    #: Classes of equivalent schedules among those that were run.
    classes: int
    #: Where the status is "bounded": the number of preemptions up to which all were run.
    preemptions: int | None = None
    #: The estimated chance that one more schedule is of a class not run yet, and the estimated number of classes.
    chance: float | None = None
    estimated_classes: int | None = None
    #: Whether time passed: sleeps and timeouts end only when no thread can go on.
    timed: bool = False

    def __str__(self) -> str:
        if self.status == "exhausted":
            text = _ONE if self.classes == 1 else f"exhausted: all {self.classes} classes"
            return f"{text}, where no timeout comes early" if self.timed else text
        if self.status == "bounded":
            count = self.preemptions
            text = f"all schedules with at most {count} preemption{'' if count == 1 else 's'}"
            return f"{text}, where no timeout comes early" if self.timed else text
        if self.chance is None or self.estimated_classes is None:
            return f"sampled: {self.classes} of an unknown number of classes"
        return f"sampled: {percentage(self.chance)} chance that one more shows something new, {self._size()}"

    def _size(self) -> str:
        assert self.estimated_classes is not None
        if self.estimated_classes > self.classes:
            return f"about {self.estimated_classes} classes or more"
        return f"about {self.classes} classes"

    def as_json(self) -> dict[str, Any]:
        """For the machine-readable report."""
        return {
            "status": self.status,
            "classes": self.classes,
            "preemptions": self.preemptions,
            "chance_of_new": None if self.chance is None else round(self.chance, 4),
            "estimated_classes": self.estimated_classes,
            "timed": self.timed,
            "text": str(self),
        }


#: Executions that an estimate needs at least.
FEWEST = 10
#: Schedules with at most so many choices are likely to come again; so many of them are remembered.
_SHORT = 30
_MOST_KNOWN = 10_000


class Classes:
    """The classes of the schedules that were run, each with how often."""

    def __init__(self) -> None:
        # No `Counter`, whose code is in scope: it would be looked through for accesses.
        self._counts: dict[int, int] = {}
        self._executions = 0
        #: By schedule, where that is short: the same one again is of the same class.
        self._known: dict[tuple[int, ...], int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, trace: Trace) -> int:
        """Count one more execution; the answer is how many there have been of its class."""
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
        count = self._counts[found] = self._counts.get(found, 0) + 1
        return count

    @property
    def counts(self) -> dict[int, int]:
        """How often each class was run, by its fingerprint, which is the same in every process."""
        return dict(self._counts)

    def include(self, counts: Mapping[int, int]) -> None:
        """Count executions of another process, as if they had been added here."""
        for found, count in counts.items():
            self._counts[found] = self._counts.get(found, 0) + count
            self._executions += count

    def coverage(self, strategy: Any, *, certain: bool, timed: bool) -> Coverage:
        """What can be said after the last execution.

        `certain` is False where something happened that the scheduler does not control.
        """
        classes = len(self._counts)
        if certain and getattr(strategy, "exhausted", False):
            return Coverage("exhausted", classes, timed=timed)
        preemptions = getattr(strategy, "preemptions", None)
        if certain and preemptions is not None:
            return Coverage("bounded", classes, preemptions, timed=timed)
        return Coverage("sampled", classes, None, self._chance_of_new(), self._estimated_classes(), timed)

    def _chance_of_new(self) -> float | None:
        """Good and Turing: as many of the executions as are of a class that was run only once.

        Source: I. J. Good, "The Population Frequencies of Species and the Estimation of Population Parameters",
        Biometrika 40, 1953.
        """
        once = sum(1 for count in self._counts.values() if count == 1)
        return once / self._executions if self._executions >= FEWEST else None

    def _estimated_classes(self) -> int | None:
        """At least so many, estimated from how many were run once and twice.

        Source: A. Chao, "Nonparametric Estimation of the Number of Classes in a Population", Scandinavian Journal of
        Statistics 11, 1984, in its form without bias.
        """
        if self._executions < FEWEST:
            return None
        once = sum(1 for count in self._counts.values() if count == 1)
        twice = sum(1 for count in self._counts.values() if count == 2)
        return len(self._counts) + once * (once - 1) // (2 * (twice + 1))


def percentage(share: float) -> str:
    """A share in words short enough for a line: never 0 % for what is not nothing."""
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{share:.0%}".replace("%", " %")

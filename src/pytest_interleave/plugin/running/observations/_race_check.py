"""Searches each execution of a test for data races."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from ....control import Outcome, Recorder
from ....detect import DATA_RACE, Conflict, DataRace, Finding, Race, Watchlist, races_of
from ....trace import first_difference
from ...items._raised import came_by_signal
from ._nondeterminism import describe_difference

#: A function that runs a schedule again, in detail.
Again = Callable[[Recorder], Outcome]


class Raced(NamedTuple):
    """A data race, and the execution that is to be shown for it."""

    finding: Finding
    shown: Outcome
    #: Why it is not the same as the one in which it was found.
    difference: str | None = None


class RaceCheck:
    """Searches the executions of one test, one after the other, for data races on what its watchlist has."""

    def __init__(self, watchlist: Watchlist) -> None:
        #: The fixture `race_detector` puts its own here, a new one for each execution.
        self.watchlist = watchlist

    def suspects(self, outcome: Outcome) -> Sequence[Conflict]:
        """Return pairs of accesses that may be data races, by the names of objects, which are not all unique."""
        watchlist = self.watchlist
        if not watchlist or len(outcome.threads) == 1 or outcome.set_aside:
            # The accesses of a thread that was set aside are unknown, and so is what it waits for.
            return ()
        return watchlist.suspects(outcome.log)

    def likely(self, outcome: Outcome) -> list[Race]:
        """Return descriptions of what may be data races in an execution."""
        return races_of(self.suspects(outcome), outcome.log)

    def confirm(self, suspects: Sequence[Conflict], outcome: Outcome, again: Again) -> Raced | None:
        """Run the schedule again; return the data race with its values, or None if there is none."""
        certain = self.watchlist.races(outcome.log)
        recorder = recorder_for(suspects)
        try:
            second = again(recorder)
        except pytest.exit.Exception:
            raise
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
            return Raced(_finding(certain), outcome, describe_failed_repetition(error)) if certain else None
        finding = self.finding(suspects, outcome, second, recorder)
        if finding is not None:
            return Raced(finding, second)
        difference = first_difference(outcome.log, second.log)
        if difference is None or not certain:
            return None
        finding = _finding(certain)
        return Raced(finding, outcome, describe_difference(difference, finding, None))

    def finding(
        self, suspects: Sequence[Conflict], outcome: Outcome, second: Outcome, recorder: Recorder
    ) -> Finding | None:
        """Return the data race of the second execution of a schedule; None if there is none, or it differs."""
        if not suspects or first_difference(outcome.log, second.log) is not None:
            return None
        races = self.watchlist.confirmed(suspects, second.log, recorder)
        return _finding(races) if races else None


def recorder_for(suspects: Sequence[Conflict], *, everything: bool = False, until: float = math.inf) -> Recorder:
    """Return a recorder for the accesses of suspects; with `everything`, for all other values, too, `until` a time."""
    steps = {step for conflict in suspects for step in (conflict.first, conflict.second)}
    return Recorder(steps, everything=everything, until=until)


def _finding(races: Sequence[Race]) -> Finding:
    return Finding(DATA_RACE, DataRace(races))


def describe_failed_repetition(error: BaseException) -> str:
    """Describe why a schedule could not be run again: a fixture failed, a time limit was over, or Ctrl-C pressed."""
    what = "a signal handler" if isinstance(error, KeyboardInterrupt) or came_by_signal(error) else "a fixture"
    return (
        f"Could not run the same schedule again to record its details: {what} raised "
        f"{type(error).__name__}{f': {error}' if str(error) else ''}"
    )

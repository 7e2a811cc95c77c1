"""The search for data races after each execution of a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from ....control import Outcome, Recorder
from ....detect import Conflict, DataRace, Finding, Race, Watchlist, races_of
from ....trace import first_difference
from ...items._raised import came_by_signal
from ._nondeterminism import tell_difference

#: What the fixture `race_detector` of the execution that runs, or has just been, watches; empty without one.
watchlists: list[Watchlist] = []

#: Runs a schedule once more, in detail.
Again = Callable[[Recorder], Outcome]


class Raced(NamedTuple):
    """A data race, and the execution that is to be shown for it."""

    finding: Finding
    shown: Outcome
    #: Why it is not the same as the one in which it was found.
    difference: str | None = None


class RaceCheck:
    """Looks at executions, one after the other. With `everything`, at all that is in scope."""

    def __init__(self, *, everything: bool) -> None:
        self._default = Watchlist(everything=everything)
        watchlists.clear()

    def _watchlist(self) -> Watchlist:
        return watchlists[-1] if watchlists else self._default

    def suspects(self, outcome: Outcome) -> Sequence[Conflict]:
        """What seems to be a race, from the names of objects alone, some of which are not unique."""
        watchlist = self._watchlist()
        if not watchlist or len(outcome.threads) == 1 or outcome.set_aside:
            # What a thread does that was set aside is not seen, nor what it waits for.
            return ()
        return watchlist.suspects(outcome.log)

    def likely(self, outcome: Outcome) -> list[Race]:
        """What seem to be races in an execution, described."""
        return races_of(self.suspects(outcome), outcome.log)

    def confirm(self, suspects: Sequence[Conflict], outcome: Outcome, again: Again) -> Raced | None:
        """Run the schedule once more, to see whether it is a race, and with which values; None where it is none."""
        certain = self._watchlist().races(outcome.log)
        recorder = recorder_for(suspects)
        try:
            second = again(recorder)
        except pytest.exit.Exception:
            raise
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
            return Raced(_finding(certain), outcome, not_again(error)) if certain else None
        finding = self.finding(suspects, outcome, second, recorder)
        if finding is not None:
            return Raced(finding, second)
        difference = first_difference(outcome.log, second.log)
        if difference is None or not certain:
            return None
        finding = _finding(certain)
        return Raced(finding, outcome, tell_difference(difference, finding, None))

    def finding(
        self, suspects: Sequence[Conflict], outcome: Outcome, second: Outcome, recorder: Recorder
    ) -> Finding | None:
        """The finding of the second execution of a schedule; None where the two are not the same, or it is none."""
        if not suspects or first_difference(outcome.log, second.log) is not None:
            return None
        races = self._watchlist().confirmed(suspects, second.log, recorder)
        return _finding(races) if races else None


def recorder_for(suspects: Sequence[Conflict], *, everything: bool = False, until: float = math.inf) -> Recorder:
    """Looks at the accesses of what seem to be races; with `everything`, at all other values, too, `until` a moment."""
    steps = {step for conflict in suspects for step in (conflict.first, conflict.second)}
    return Recorder(steps, everything=everything, until=until)


def _finding(races: Sequence[Race]) -> Finding:
    return Finding("data race", DataRace(races))


def not_again(error: BaseException) -> str:
    """What is said where a fixture failed, a time limit was over, or Ctrl-C came."""
    what = "a signal handler" if isinstance(error, KeyboardInterrupt) or came_by_signal(error) else "a fixture"
    return (
        f"The same schedule could not be run again at once, to show it in detail: {what} raised "
        f"{type(error).__name__}{f': {error}' if str(error) else ''}"
    )

"""What the executions of one test have shown so far, besides findings."""

from __future__ import annotations

from typing import Any

from ..control import Outcome
from ..explore import Classes, Coverage


class Seen:
    """Of all executions that are counted."""

    def __init__(self) -> None:
        self.classes = Classes()
        #: Whether nothing has happened that the scheduler does not control.
        self.certain = True
        #: So many threads there were, at most.
        self.threads = 1
        #: Texts for warnings, in their order.
        self.notes: dict[str, None] = {}
        #: Whether there was an execution before the last one that was equivalent to it.
        self.again = False
        self._timed = False

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.again = self.classes.add(outcome) > 1
        self._timed = self._timed or outcome.timed
        self.threads = max(self.threads, len(outcome.threads))
        if outcome.uneventful:
            return
        if outcome.set_aside or outcome.leaked:
            self.certain = False
        for thread, where in outcome.set_aside:
            self.notes[
                f"thread {thread!r} blocked at {where} where the scheduler cannot see it, and was set aside: the "
                "order of the threads is not fully controlled there. A lock made before the plugin was loaded, or "
                "a call that waits in the operating system, does that"
            ] = None
        for thread, where in outcome.leaked:
            self.notes[f"thread {thread!r} could not be ended; it is still at {where}"] = None

    def coverage(self, strategy: Any) -> Coverage:
        """How much of what could have happened that was."""
        return self.classes.coverage(strategy, certain=self.certain, timed=self._timed)

    def note_nothing_to_interleave(self) -> None:
        """Say why, and what to do."""
        self.notes[
            "the test starts no thread, so nothing could be interleaved: start threads in it (the fixture "
            "run_concurrent does), or let its body run in several: @pytest.mark.concurrency(workers=2)"
            if self.threads == 1
            else "no two of the test's threads could ever run at the same time, so nothing could be interleaved: they "
            "take turns, by joins or by sleeping; if that is not meant, start all of them before the first is joined"
        ] = None

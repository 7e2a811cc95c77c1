"""How long an execution waits, in real time, for what the scheduler does not control.

What is not controlled takes real time, and nothing says how much. An execution waits only for a while, or each deadlock
beside a background thread would take a minute to be found. If it continues too early, a correct test may fail. So a
failure in an execution that has continued early proves nothing: the same schedule is run again with full patience.
"""

from __future__ import annotations

#: Real seconds that an execution in which every thread waits is given for a thread outside to come back, once that is
#: not at work any more, and waits for a lock that nothing will release; then the execution continues without it, or
#: ends.
OUTSIDE_PATIENCE = 10.0
#: The same if a timeout ends the wait after that, however far off it is: the test would take it for an answer.
TIMEOUT_PATIENCE = 30.0
#: The same for threads that are not controlled, which might do what a controlled one waits for.
FOREIGN_PATIENCE = 2.0
#: Real seconds for which the executions of one test may wait for those without result, over all waits; and the
#: patience, in real seconds, from then on.
MOST_IN_VAIN = 4.0
LITTLE_PATIENCE = 0.01
#: Where it is not usual to wait at all.
NONE = -1.0
#: Full patience, in real seconds, with threads that are not controlled and do not wait for a lock. With threads outside
#: and child processes, it is as long as an execution may take.
FOR_FOREIGN_THREADS = 10.0


class Patience:
    """The patience of one execution, which may take `longest` seconds; full patience, or the usual."""

    __slots__ = ("_full", "hurried", "longest")

    def __init__(self, longest: float, *, full: bool) -> None:
        self._full = full
        self.longest = longest
        #: Whether the execution has continued while something not controlled could still have done what it waited for.
        self.hurried = False

    def lasts(self, waited: float, most: float) -> bool:
        """Return whether to wait on after `waited` seconds, more than usual, where full patience is `most` seconds."""
        if waited > most:
            return False
        if not self._full:
            self.hurried = True
        return self._full


def for_threads_outside(*, timeout: bool) -> float:
    """Return the usual patience with threads outside, in real seconds.

    `timeout` says whether a timeout expires after that.
    """
    return TIMEOUT_PATIENCE if timeout else OUTSIDE_PATIENCE


def for_foreign_threads(in_vain: int, *, signal: bool) -> float:
    """Return the usual patience with uncontrolled threads, after `in_vain` nanoseconds in vain, in real seconds.

    `signal` says whether a signal may come.
    """
    if signal:
        return OUTSIDE_PATIENCE
    return FOREIGN_PATIENCE if in_vain < MOST_IN_VAIN * 1e9 else LITTLE_PATIENCE

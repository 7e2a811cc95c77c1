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
#: Steps that a slow machine does in a second.
_STEPS_OF_A_SECOND = 200_000
#: At most this many steps of one execution are done during long sleeps; after that, sleeps end as usual.
_MOST_STEPS_FOR_SLEEPS = 500_000


class Patience:
    """The patience of one execution, which may take `longest` seconds; full patience, or the usual.

    With `long_sleeps`, threads that sleep are patient with those that work.
    """

    __slots__ = ("_full", "_long_sleeps", "_steps_for_sleeps", "hurried", "longest", "woke_early")

    def __init__(self, longest: float, *, full: bool, long_sleeps: bool = False) -> None:
        self._full = full
        self._long_sleeps = long_sleeps
        self._steps_for_sleeps = _MOST_STEPS_FOR_SLEEPS
        #: Whether a sleep has ended while others worked, earlier than with `long_sleeps`.
        self.woke_early = False
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

    def sleep_lasts(self, seconds: float, steps: int) -> bool:
        """Return whether a sleep lasts longer, as others work and have done `steps` steps, more than usual, meanwhile.

        A long sleep lasts as many steps as a slow machine does in that time: a thread that polls for a result, with a
        limit on the number of sleeps, relies on that. But one execution does only so much for it.
        """
        if steps < min(seconds * _STEPS_OF_A_SECOND, self._steps_for_sleeps):
            self.woke_early = self.woke_early or not self._long_sleeps
            return self._long_sleeps
        self._steps_for_sleeps -= steps
        return False


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

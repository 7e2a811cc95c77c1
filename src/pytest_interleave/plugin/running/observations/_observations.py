"""Sums up the executions of one test: their classes, what was not controlled, and texts for warnings."""

from __future__ import annotations

from typing import Any

from ....control import Outcome, Reasons, Uncontrolled, UncontrolledPart
from ....detect import code_in, cut_in, ends_in, shares_something, uncontrolled_in, wakings
from ....explore import Classes, Coverage
from ._thread_notes import BLOCKED, COMPUTED, NOT_ENDED, ThreadNotes

#: The first execution of each of this many classes is searched for code out of scope, and for places that ask which
#: threads are alive; later ones are not, as they run the same code.
_LOOKED_THROUGH = 32
#: Orders of threads that no step shows.
_ORDERS = ("the threads read the clock in another order", "the threads got the numbers in their names in another order")
_IF_SLEEPS = 'If sleeps keep the threads apart, timeouts="explore" lets them end early.'


class Observations:
    """Sums up the executions of one test, counted or not."""

    def __init__(self) -> None:
        self.classes = Classes()
        #: Why the executions cannot be all that are possible, even if the strategy has no more.
        self.reasons = Reasons()
        #: The most threads that ran in an execution.
        self.threads = 1
        #: Texts for warnings, in their order, except those about threads.
        self.notes: dict[str, None] = {}
        self._threads = ThreadNotes()
        #: Whether an earlier execution was equivalent to the last one.
        self.last_is_known = False
        #: In what the last execution differs from all earlier ones that were equivalent, although no step shows it:
        #: words for the order of the threads at the clock, or of the numbers in their names; empty if in nothing known.
        self.hidden_order = ""
        #: By class, the fingerprints of these two orders in each execution.
        self._orders: dict[int | None, set[tuple[int | None, int | None]]] = {}
        #: The fewest steps that were explored of an execution that had more; None if all were explored.
        self._explored_steps: int | None = None
        #: Whether there was no time to check that the test is deterministic.
        self.is_unchecked = False
        #: Whether a thread has waited with a time limit, or read the clock.
        self.time_matters = False
        #: Whether there was a choice between two threads.
        self._interleaved = False
        #: Whether a thread has woken another one in an execution without such a choice.
        self._wakes = False
        self._shares = False
        self._timed = False
        #: Whether threads that are not under control ran beside the test.
        self.has_company = False

    def add(self, outcome: Outcome) -> None:
        """Count an execution."""
        self.last_is_known = self.classes.add(outcome) > 1
        self.hidden_order = self._hidden_order(outcome)
        self.look_at(outcome)
        if outcome.choices or outcome.unexplored is not None:
            self._interleaved = True
        elif not self._wakes and not self.last_is_known:
            self._wakes = any(True for _ in wakings(outcome.log))
        if not self.last_is_known and len(self.classes) <= _LOOKED_THROUGH:
            for reason in (*code_in(outcome), *cut_in(outcome), *ends_in(outcome)):
                self.reasons.add(reason)
        self._timed = self._timed or outcome.timed
        self.time_matters = self.time_matters or outcome.timed or outcome.reads_clock
        self.threads = max(self.threads, len(outcome.threads) - outcome.idle)
        if not self._shares and len(self.classes) == 1:
            # With several classes, there is something whose order matters.
            self._shares = shares_something(outcome.log, outcome.uses)
        if outcome.uneventful:
            return
        if outcome.unexplored is not None:
            self._look_at_long(outcome)
        for thread, where, computed in outcome.set_aside:
            self._threads.add(COMPUTED if computed else BLOCKED, thread, where)
        for thread, where, _ in outcome.leaked:
            self._threads.add(NOT_ENDED, thread, where)

    def _hidden_order(self, outcome: Outcome) -> str:
        """Note the orders of the last execution that no step shows, and return which one is new, in words."""
        now = outcome.order_at_clock, outcome.order_of_names
        known = self._orders.setdefault(self.classes.last, set())
        # What happened outside may be the reason as well.
        columns = zip(*known, strict=True)
        new = (words for words, order, column in zip(_ORDERS, now, columns, strict=True) if order not in column)
        found = "" if outcome.waits_outside or not known else next(new, "")
        known.add(now)
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """The texts of all warnings."""
        return (*self._threads.texts(), *self.notes)

    def _look_at_long(self, outcome: Outcome) -> None:
        steps = len(outcome.log)
        self._explored_steps = steps if self._explored_steps is None else min(steps, self._explored_steps)
        if outcome.suspected and outcome.stuck is None:
            where = ", ".join(f"{thread} at {place}" for thread, place, _ in outcome.suspected)
            self.notes[
                f"suspected livelock: for a long time, threads only repeated the same steps ({where}), although the "
                "test ended. Check that each retry can succeed, and that threads back off for different times."
            ] = None

    def look_at(self, outcome: Outcome) -> None:
        """Note what the scheduler did not control in an execution, counted or not."""
        if outcome.foreign:
            self.has_company = True
        if outcome.uses or outcome.foreign or outcome.unseen or not outcome.uneventful:
            for reason in uncontrolled_in(outcome):
                self.reasons.add(reason)

    def note_nondeterminism(self, where: str) -> None:
        """Note that the same schedule has taken other steps, from this place on."""
        part = UncontrolledPart("", "first difference", where)
        self.reasons.add(Uncontrolled("nondeterminism", "nondeterministic steps", (part,)))

    @property
    def doubtful(self) -> bool:
        """Whether something was not controlled or not explored: then a search cannot say that nothing is left."""
        return bool(self.reasons) or self._explored_steps is not None or self.is_unchecked

    @property
    def nothing_to_interleave(self) -> bool:
        """Whether no two threads could run at the same time in any execution so far."""
        return not self._interleaved and (self.threads == 1 or not (self._wakes or self.reasons))

    def coverage(self, strategy: Any, *, interleaved: bool, early_timeouts: bool = False) -> Coverage:
        """Return how many of the possible interleavings the executions were.

        `interleaved` is False if only one was possible, `early_timeouts` is True if timeouts also expired early.
        """
        return self.classes.coverage(
            strategy,
            timed=self._timed,
            uncontrolled=self.reasons.all(),
            shares=self._shares or len(self.classes) > 1,
            interleaved=interleaved,
            explored_steps=self._explored_steps,
            early_timeouts=early_timeouts,
        )

    def note_no_choice(self) -> None:
        """Add a warning if there was never a choice: why, and what to do."""
        if self._interleaved:
            return
        if self.threads == 1 and self.has_company:
            text = (
                "the test starts no threads of its own, and the threads beside it are not controlled, so only one "
                f"interleaving was run. Not controlled: {self.reasons.all()[0]}."
            )
        elif self.threads == 1:
            text = (
                "the test starts no threads, so there is nothing to interleave. Use run_concurrent, or run the body "
                "itself in threads: @pytest.mark.concurrency(workers=2)"
            )
        elif self.nothing_to_interleave and self.threads == 2:
            text = (
                "there is nothing to interleave: the test starts only one thread, and at each scheduling point either "
                "that thread or the test could run. Start at least two threads, or use the shared objects in the test "
                f"itself between start() and join(). {_IF_SLEEPS}"
            )
        elif self.nothing_to_interleave:
            text = (
                "there is nothing to interleave: only one thread could run at each scheduling point. If each thread is "
                f"joined before the next one starts, start all of them before joining the first. {_IF_SLEEPS}"
            )
        elif self.reasons:
            text = (
                "only one interleaving was run, because only one thread could run at each scheduling point. But "
                f"something was not controlled: {self.reasons.all()[0]}."
            )
        else:
            text = (
                "there is only one interleaving: a thread that wakes another one waits, sleeps or ends next, so only "
                "one thread could run at each scheduling point. If that is intended, ignore this warning. If such a "
                'wait has a timeout, timeouts="explore" lets it expire early.'
            )
        self.notes[text] = None

"""Control over one test: everything that its executions share."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable, Iterable

from ._patches import Patches
from .calls._referents import forget_referents
from .execution._detailed import DetailedExecution
from .execution._execution import LONGEST, Execution
from .execution.outside._blocked_at_end import Outliving
from .execution.outside._foreign import look_for_foreign, watching
from .execution.outside._left_alone import Start
from .execution.outside._patience import Patience
from .execution.units import _current
from .execution.units._outcome import Outcome
from .identity._leaving import forget_calls
from .identity._object_names import forget_names
from .instrumentation._engine import engine, renew_after_debugger
from .instrumentation._recorder import Recorder
from .interpreter._affinity import Placement, choose_cpu, has_gil, pin, unpin
from .interpreter._random_state import RandomState, random_state, restore_random, seed_random
from .steps._protocol import Strategy
from .system import put_in_new_modules, put_in_place, take_away
from .threads._carriers import Carriers
from .threads._fork import release_forked_children
from .threads._held_signals import held_signals
from .threads._lasting_threads import Lasting
from .threads._main_thread import run_body
from .threads._numbering import number_anew
from .threads._threads import forget_units
from .threads._watchdog import Watchdog


def begin_alike() -> None:
    """Start with the same random numbers and names of threads each time, before an execution's fixtures are made."""
    seed_random()
    number_anew()


#: If there are more than this many new objects, garbage is collected between two executions. Without a GIL each
#: collection is a full one, and costs far more.
_GARBAGE = 2_000 if has_gil() else 20_000
#: One in this many collections inspects all objects; the others inspect only the youngest.
_FULL_EVERY = 16

release_forked_children()


class Control:
    """A context manager in which bodies can be run under control; what is replaced for it is put back at the end.

    Not re-entrant: one test at a time, in the thread that enters. `outlives` returns objects that are used after an
    execution: a thread that waits for one of these may still be woken. `uses` returns what was made for the test.
    """

    def __init__(self, outlives: Outliving = tuple, uses: Outliving = tuple) -> None:
        self._outlives = outlives
        self._lasting = Lasting(outlives, uses)
        self._engine = engine()
        self._patches = Patches()
        self._cpu: int | None = None
        self._placement: Placement | None = None
        self._carriers: Carriers
        self._watchdog: Watchdog
        self._collecting = False
        self._frozen = False
        self._random: RandomState
        self._collections = 0
        #: Threads that are started at these places are not controlled.
        self._left_alone: set[Start] = set()
        #: The places where fixtures started threads that were found blocked in the last execution.
        self._blocked: list[Start] = []
        #: Whether executions wait with full patience for what is not controlled: see `Outcome.hurried`.
        self.patient = False
        #: Whether sleeps last long in executions: see `Outcome.woke_early`.
        self.long_sleeps = False
        #: Number of threads, without the test's own, that were controlled in the last execution when it had set up the
        #: test.
        self.fixtures_threads = 0

    def __enter__(self) -> Control:
        if _current.current_unit() is not None:
            raise RuntimeError("a concurrency test cannot run another one in the same process: run it in a subprocess")
        self._watchdog = Watchdog.at_hand()
        self._cpu = choose_cpu()
        self._placement = pin(self._cpu)
        _current.state.undo_in_child = lambda: unpin(self._placement)
        self._carriers = Carriers(functools.partial(pin, self._cpu), self._engine)
        self._patches.apply()
        put_in_place()
        self._engine.on()
        held_signals.install()
        self._random = random_state()
        self._collecting = gc.isenabled()
        gc.disable()
        if gc.get_freeze_count() == 0:
            gc.freeze()
            self._frozen = True
        return self

    def __exit__(self, *exception: object) -> None:
        _current.state.undo_in_child = None
        held_signals.remove()
        self._engine.off()
        take_away()
        self._patches.remove()
        self._carriers.retire()
        self._watchdog.stop()
        unpin(self._placement)
        restore_random(self._random)
        if self._frozen:
            gc.unfreeze()
        if self._collecting:
            gc.enable()
        raised = held_signals.settle()
        if raised is not None:
            raise raised

    def prepare(self) -> None:
        """Let everything begin in the same way each time, before an execution's fixtures are made, and collect garbage.

        Raises what a signal's handler raises, if the signal has come since the last execution.
        """
        raised = held_signals.settle()
        if raised is not None:
            raise raised
        begin_alike()
        put_in_new_modules()
        if gc.get_count()[0] > _GARBAGE:
            self._collections += 1
            gc.collect(2 if self._collections % _FULL_EVERY == 0 else 0)

    def leave_blocked_alone(self) -> bool:
        """Do not control, from now on, threads of fixtures that were found blocked in the last execution.

        The answer is whether there were any.
        """
        self._left_alone.update(self._blocked)
        return bool(self._blocked)

    def threads_of_others(self, outcome: Outcome, values: Iterable[object]) -> list[str]:
        """Return the names of older threads that took part in an execution and are not reached from `values`."""
        return self._lasting.threads_of_others(outcome, values)

    def run(
        self,
        body: Callable[[], object],
        strategy: Strategy,
        *,
        max_steps: int,
        longest: float = LONGEST,
        leap: int | None = None,
        detail: bool = False,
        recorder: Recorder | None = None,
    ) -> Outcome:
        """Run `body` in the calling thread under `strategy`, with every thread that it starts, and return the result.

        After `max_steps` steps it continues without choices, for at most `longest` seconds of processor time.

        With `leap`, a position in `LEAPS`, the strategy also chooses when time passes. With `detail` or a `recorder`,
        the execution is a `DetailedExecution`.
        """
        outcome = self._run(body, strategy, max_steps, longest, leap, recorder, detail=detail)
        raised = held_signals.settle()
        if raised is not None:
            return outcome._replace(exception=raised, uneventful=False)
        return outcome

    def _run(
        self,
        body: Callable[[], object],
        strategy: Strategy,
        max_steps: int,
        longest: float,
        leap: int | None,
        recorder: Recorder | None,
        *,
        detail: bool,
    ) -> Outcome:
        forget_names()
        forget_referents()
        renew_after_debugger()
        execution: Execution
        if detail or recorder is not None:
            execution = DetailedExecution(strategy, self._carriers, max_steps=max_steps, longest=longest, leap=leap)
            execution.recorder = recorder
        else:
            execution = Execution(strategy, self._carriers, max_steps=max_steps, longest=longest, leap=leap)
        execution.outside.patience = Patience(longest, full=self.patient, long_sleeps=self.long_sleeps)
        execution.outlives = self._outlives
        execution.left_alone = self._left_alone
        execution.lasting = self._lasting
        self._watchdog.watch(execution)
        # Before the search for threads that are not under control: one that is about to wait again will be.
        self._lasting.adopt(execution, body)
        watching.append(execution)
        look_for_foreign(execution, self._lasting.matters)
        trace = self._engine.trace
        before = sys.gettrace()
        held_signals.unit = execution.main
        try:
            return run_body(execution, body, trace)
        finally:
            watching.clear()
            self._blocked = execution.outside.fixtures_starts
            self.fixtures_threads = max(0, execution.of_fixtures - 1)
            self._watchdog.watch(None)
            if trace is not None:
                sys.settrace(before)
            forget_units()
            forget_calls()
            # This comes last: from now on a handler may raise.
            held_signals.end()

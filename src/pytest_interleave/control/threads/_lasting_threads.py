"""The threads of one test that are older than an execution, or outlive it.

A thread that waits at a primitive of ours when an execution begins is a unit of it, until it waits again when the
execution ends: a worker that a fixture of a wider scope has started, for example. A thread that the test has started
continues if something that outlives the test can still wake it: it may be the worker of the whole program, which is
started once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any

from ..execution._unit_lives import adopt
from ..execution.outside._blocked_at_end import Outliving, is_worker_of_pool
from ..execution.outside._foreign import is_foreign_thread, runs_code_in_scope
from ..execution.outside._left_alone import Start, start_of
from ..execution.outside._reach import globals_in_scope, globals_of_libraries, reached, ways_to_wake
from ..execution.timing._real_waits import sleeps, stands_at
from ..execution.units import _current
from ..execution.units._at_large import have_waited, let_go, real_waits, wake_adopted
from ..execution.units._enabled import NoneEnabled
from ..execution.units._units import Moment, Unit
from ..interpreter._real_clocks import REAL
from ..scope import _real
from ..scope._real import new_gate
from ..steps._kinds import BEGIN, START
from ..steps._operations import Operation
from . import _threads
from ._thread_half import ThreadHalf

if TYPE_CHECKING:
    from ..execution._execution import Execution
    from ..execution.units._at_large import RealWait
    from ..execution.units._outcome import Outcome
    from ..execution.units._units import Step

#: Paths of threads that an execution has found when it began are greater than this; none that it starts has one of
#: these.
OLDER = 500_000
#: At most this many threads that were started at one place continue: a test whose executions leave more does not have
#: one for the whole program.
_MOST_OF_A_KIND = 4
#: Real seconds to wait for the end of a thread that has nothing more to do; then the wait is given up.
_END = 1.0
#: Number of executions that decide whether threads that were started at one place are ended with the test.
_ENOUGH = 3


class Lasting:
    """The threads that are under control in several executions of one test.

    `outlives` returns what outlives an execution, `uses` all that fixtures have made for the test.
    """

    def __init__(self, outlives: Outliving, uses: Outliving) -> None:
        self._outlives = outlives
        self._uses = uses
        #: Whether the test could wake a thread, by thread identifier.
        self._matters: dict[int, bool] = {}
        #: By the place where threads were started: how many continue, and how many were ended with their execution.
        self._kept: dict[Start, int] = {}
        self._ended: dict[Start, int] = {}
        #: Real nanoseconds that executions have waited for what is not under control, since that was last of use.
        self.waited_in_vain = 0

    # -- as an execution begins --------------------------------------------------------------------------------

    def adopt(self, execution: Execution, body: object) -> None:
        """Make threads that wait without control units of the execution, if its body could wake them.

        This is for speed: any other thread may still do what a controlled one waits for, but that takes real time.
        """
        older = 0
        for _ in range(_ATTEMPTS):
            _let_them_come()
            if not real_waits:
                break
            unknown = [each for each in _waiting() if each[0] not in self._matters]
            if unknown:
                self._look(unknown, body)
                # That may have taken long enough for some to be woken by their timeouts.
                _let_them_come()
            settling = []
            for ident, thread, wait in _waiting():
                if self._matters.get(ident, False):
                    older += 1
                    adopted = _adopt(execution, ident, thread, wait, OLDER + older)
                    if adopted is not None:
                        settling.append(adopted)
            # Until they are parked, they run code of their own, and may just have woken others.
            for parked in settling:
                parked()
            if not settling:
                break
        execution.older = older

    def _look(self, waiting: list[tuple[int, threading.Thread, RealWait]], body: object) -> None:
        wanted = {}
        for ident, thread, wait in waiting:
            if wait.limit is not None and runs_code_in_scope(thread):
                # It continues by itself, and may use anything that has a name.
                self._matters[ident] = True
            else:
                wanted[ident] = {id(thread), id(wait.operation.target), *map(id, _owners(thread))}
        if not wanted:
            return
        everything = set().union(*wanted.values())
        # What threads that take part may wake takes part, too.
        others = [thread for ident, thread, _ in _waiting() if self._matters.get(ident, False)]
        owners = [owner for thread in others for owner in _owners(thread)]
        found, complete = reached(
            [*globals_in_scope(), *self._outlives(), *self._uses(), body, *others, *owners], everything
        )
        if complete and any(found.isdisjoint(names) for names in wanted.values()):
            more, complete = reached(globals_of_libraries(), everything)
            found |= more
        for ident, names in wanted.items():
            self._matters[ident] = not complete or not found.isdisjoint(names)

    def matters(self, ident: int) -> bool:
        """Whether the test could wake a thread that waits without control; True for any other thread."""
        wait = real_waits.get(ident)
        return wait is None or wait.limit is not None or self._matters.get(ident, True)

    def idle(self, execution: Execution) -> int:
        """Return the number of threads that were there before the execution and took no part in it."""
        older = {unit for unit in execution.units if unit.path >= (OLDER,)}
        return len(older - _older_with_part(execution.log))

    @staticmethod
    def threads_of_others(outcome: Outcome, values: Iterable[object]) -> list[str]:
        """Return the names of older threads that took part in an execution and are not reached from `values`."""
        wanted: dict[Unit, set[int]] = {}
        for unit in _older_with_part(outcome.log):
            wait = real_waits.get(unit.half.ident)
            target = () if wait is None else (wait.operation.target,)
            wanted[unit] = set(map(id, (unit.thread, *target, *_owners(unit.thread))))
        if not wanted:
            return []
        found, complete = reached(values, set().union(*wanted.values()))
        return sorted(unit.name for unit, names in wanted.items() if complete and found.isdisjoint(names))

    # -- as an execution ends ----------------------------------------------------------------------------------

    def keep(self, execution: Execution) -> None:
        """Let threads that the execution has left continue if what outlives it can wake them, or refers to them.

        If the execution is stuck, only threads of a kind that continued before do: others may be part of what it is
        stuck in.
        """
        left = [unit for unit in execution.units if _is_left(unit)]
        starts: dict[int, Start] = {}
        for unit in left:
            assert unit.thread is not None
            assert unit.half.started is not None
            start = start_of(unit.half.started, unit.thread)
            kept, ended = self._kept.get(start, 0), self._ended.get(start, 0)
            if (kept > 0 if execution.stuck is not None else ended < _ENOUGH) and kept < _MOST_OF_A_KIND:
                starts[unit.index] = start
        if not starts:
            return
        wanted = {unit.index: set(map(id, _ways_to_reach(unit))) for unit in left if unit.index in starts}
        everything = set().union(*wanted.values())
        found, _ = reached([*globals_in_scope(), *self._outlives()], everything)
        if any(found.isdisjoint(names) for names in wanted.values()):
            found |= reached(globals_of_libraries(), everything)[0]
        for unit in left:
            if unit.index in starts:
                goes_on = not found.isdisjoint(wanted[unit.index])
                counts, start = self._kept if goes_on else self._ended, starts[unit.index]
                counts[start] = counts.get(start, 0) + 1
                unit.lasting = goes_on

    def settle(self, execution: Execution) -> None:
        """End, with the execution, threads that were to continue but wait for what only it could give them."""
        for unit in execution.units:
            if unit.lasting and unit.path < (OLDER,) and not (unit.done or unit.enabled or _can_wait_at_large(unit)):
                unit.lasting = False

    def let_go(self, execution: Execution) -> None:
        """Let threads that last continue without control, as the execution is over."""
        for unit in execution.units[1 : execution.older + 1]:
            if unit.done and _threads.carrier_of(unit) is None and unit.thread is not None:
                # Its OS thread is just ending; the next execution is not to find it alive.
                _threads.wait_for_end(unit.thread, _END)
        going = [unit for unit in execution.units if unit.lasting and not unit.done]
        if not going:
            return
        # What they do as they leave does not concern those that wait in the next execution.
        execution.enabled = NoneEnabled()
        settled: list[Callable[[], object]] = []
        for unit in going:
            if unit.resource is not None:
                unit.withdraw()
            _release_ownership(unit)
            if _threads.carrier_of(unit) is not None:
                self._matters[unit.half.ident] = True
                _threads.outlive(unit)
            if unit.outside:
                execution.outside.forget(unit)
            else:
                have_waited.add(unit.half.ident)
                _busy.pop(unit.half.ident, None)
                settled.append(let_go(unit))
        for wait in settled:
            wait()


#: Threads that are not under control and have something else to do than wait without control, by identifier.
_busy: dict[int, threading.Thread] = {}
#: Real seconds for a thread that has just been started, or woken, to wait, as it usually does soon; then it counts as
#: busy.
_PATIENCE = 0.2
#: How many times a thread that is woken as it is to be adopted is waited for, and how many times threads are looked
#: for.
_ATTEMPTS = 3
#: Real seconds between two looks at these threads; and looks in a row at which a thread that has never waited in this
#: way is asleep at the same place, before it counts as busy: it waits for something else.
_PAUSE = 0.0005
_LOOKS = 5


def _let_them_come() -> None:
    """Wait for threads that are about to wait without control, so that they can be adopted."""
    active: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]
    if len(active) == 1:
        have_waited.clear()
        _busy.clear()
        return
    others = active.keys() - _current.infrastructure - real_waits.keys() - {_real.get_ident()}
    if all(_busy.get(ident) is active.get(ident) for ident in others):
        return
    have_waited.intersection_update(active)
    for ident, thread in list(_busy.items()):
        if active.get(ident) is not thread:
            del _busy[ident]
    awaited = {
        ident: thread
        for ident, thread in list(active.items())
        if ident in others and ident not in _busy and is_foreign_thread(ident, thread)
    }
    seen: dict[int, tuple[object, int]] = {}
    until = REAL["perf_counter"]() + _PATIENCE
    while awaited:
        REAL["sleep"](_PAUSE)
        late = REAL["perf_counter"]() >= until
        for ident, thread in list(awaited.items()):
            if ident in real_waits or active.get(ident) is not thread:
                del awaited[ident]
            elif late or (ident not in have_waited and _stays(thread, seen)):
                # A thread that has something else to do is not waited for again and again.
                _busy[ident] = thread
                del awaited[ident]


def _stays(thread: threading.Thread, seen: dict[int, tuple[object, int]]) -> bool:
    """Whether a thread was asleep at the same place at several looks in a row; each call is one."""
    ident = thread.ident
    assert ident is not None
    if not sleeps(thread.native_id, otherwise=False):
        seen.pop(ident, None)
        return False
    place = stands_at(ident)
    before, times = seen.get(ident, (None, 0))
    times = times + 1 if place == before else 1
    seen[ident] = place, times
    return times >= _LOOKS


def _waiting() -> list[tuple[int, threading.Thread, RealWait]]:
    """Return the threads that wait without control, and their waits, in the order in which the threads were started."""
    threads = [(ident, thread, real_waits.get(ident)) for ident, thread in list(threading._active.items())]  # type: ignore[attr-defined]
    return [
        (ident, thread, wait)
        for ident, thread, wait in threads
        if wait is not None and is_foreign_thread(ident, thread)
    ]


def _adopt(
    execution: Execution, ident: int, thread: threading.Thread, wait: RealWait, number: int
) -> Callable[[], object] | None:
    """Adopt a waiting thread; return a function that waits until it is parked, or None if it is not adopted."""
    unit = adopt(execution, thread.name, wait.operation, (number,))
    unit.half = ThreadHalf(ident, thread.native_id, new_gate())
    unit.half.thread = thread
    _busy.pop(ident, None)
    attempts = 0
    while not wait.take_over(ident, unit):
        # It was woken just now. If that was by its timeout, it may wait again.
        _let_them_come()
        again = real_waits.get(ident)
        attempts += 1
        if again is None or attempts > _ATTEMPTS:
            unit.done = True
            return None
        wait = again
        unit.operation = wait.operation
    _threads.adopt(unit)
    _current.units[ident] = unit
    # As if the test had started it: what was done before is ordered before all that it does.
    for who, kind in ((execution.main, START), (unit, BEGIN)):
        operation = Operation(kind, thread, _adopt.__code__, 0)
        operation.announced = False
        execution.log.append((who, operation, None))
    for lock in _held.pop(ident, ()):
        if lock.owner is None and lock.locked():
            lock.owner = unit
            unit.held.append(lock)
    resource = wait.resource(unit)
    deadline = None if wait.limit is None else execution.clock.deadline(wait.limit.seconds)
    unit.wait_for(resource, deadline)
    if resource.available(unit):
        execution.enabled.add(unit)
    return wake_adopted(wait, unit)


#: The locks that a thread has held since it was let go, by thread identifier.
_held: dict[int, list[Any]] = {}


def _release_ownership(unit: Unit) -> None:
    """Remove the owner of locks that a thread still has: an execution that is over has no owners of locks."""
    if unit.held:
        _held[unit.half.ident] = list(unit.held)
        for lock in unit.held:
            lock.owner = None
        unit.held.clear()


def _older_with_part(log: Iterable[Step]) -> set[Unit]:
    """Return the threads that were there before an execution and have taken a step in it."""
    return {
        unit for unit, operation, _ in log if unit.path >= (OLDER,) and operation.kind != BEGIN and not unit.is_clock
    }


def _is_left(unit: Unit) -> bool:
    """Whether the thread was left behind by the test, and could continue after it."""
    return (
        unit.index > 0
        and not (unit.done or unit.lasting or unit.outside)
        and unit.thread is not None
        and unit.half.started is not None
        and not is_worker_of_pool(unit)
        and (unit.enabled or _can_wait_at_large(unit))
    )


def _can_wait_at_large(unit: Unit) -> bool:
    """Whether a thread that cannot continue may wait without control from here on."""
    return not unit.held and hasattr(type(unit.resource), "waits_at_large")


def _ways_to_reach(unit: Unit) -> Iterable[object]:
    assert unit.thread is not None
    yield unit.thread
    if unit.enabled or unit.resource is None or type(unit.resource) is Moment:
        # It continues by itself.
        yield from _owners(unit.thread)
    else:
        yield from ways_to_wake(unit)


def _owners(thread: Any) -> Iterator[object]:
    """Yield the object whose method the thread runs, if it runs one."""
    target = getattr(thread, "_target", None)
    if isinstance(target, MethodType):
        yield target.__self__

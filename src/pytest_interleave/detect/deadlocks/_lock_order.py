"""Prediction of deadlocks from executions that did not deadlock, by the order in which their threads nest locks.

A thread that takes a lock while it holds another one has a *dependency*. Dependencies of several threads form a circle
if each wants what the next one holds. They are a deadlock in some other schedule, unless something keeps the threads
apart: a lock that two of them hold (a gate), a semaphore with fewer permits than the threads that hold it, or that one
thread has ended, or has not been started, when the other one is there.

Source: K. Havelund, "Using Runtime Analysis to Guide Model Checking of Java Programs", SPIN 2000 (the GoodLock
algorithm); S. Bensalem, K. Havelund, "Dynamic Deadlock Analysis of Multi-threaded Programs", HVC 2005 (more than two
threads, gates, start and join).
"""

from __future__ import annotations

import contextlib
import graphlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

from ...control import Nesting, Path, PendingOperation, Trace, current_scope
from ...control.steps import kinds
from ._gates import Gates
from ._predicted import LockName, Part, PredictedDeadlock, can_wait

#: A circle has at most this many threads; longer ones are not found.
LONGEST = 100
#: At most this many extensions of chains are tried in one execution; then the search for circles ends.
PATIENCE = 10_000
#: At most this many new circles of one execution are reported; the rest are skipped.
MOST = 20

_EXIT_STACK = contextlib.ExitStack.__init__.__code__.co_filename
Clock = dict[Path, int]


class LockOrder:
    """The deadlocks that the executions of one test predict, each reported once."""

    def __init__(self) -> None:
        #: Fingerprints of the executions so far; executions with the same dependencies have the same one.
        self._seen: set[int] = set()
        self._reported: set[object] = set()

    def look_at(self, trace: Trace) -> list[PredictedDeadlock]:
        """Return the deadlocks that an execution predicts and no earlier one did, at most `MOST`."""
        if not _is_tangled(trace.nestings):
            return []
        dependencies = _that_can_be_in_circles(_dependencies(trace))
        if not dependencies:
            return []
        fingerprint = _fingerprint(dependencies)
        if fingerprint in self._seen:
            return []
        self._seen.add(fingerprint)
        found: list[PredictedDeadlock] = []
        gates: Gates | None = None
        for circle in _circles(dependencies, trace):
            gates = gates or Gates(trace, {one.nesting.position for one in dependencies})
            if gates.keep_apart([one.nesting.position for one in circle]):
                continue
            predicted = _predicted(circle)
            identity = predicted.identity
            if identity not in self._reported:
                self._reported.add(identity)
                found.append(predicted)
                if len(found) == MOST:
                    break
        return found


def _is_tangled(nestings: Sequence[Nesting]) -> bool:
    """Whether the nestings form a cycle, of any threads.

    It is a quick test, because there is nearly always none.
    """
    both = {id(nesting.lock) for nesting in nestings}.intersection(
        [id(lock) for nesting in nestings for lock, _ in nesting.held]
    )
    if not both:
        return False
    #: By address of a lock: the locks that were taken while it was held.
    taken: dict[int, set[int]] = defaultdict(set)
    for nesting in nestings:
        wants = id(nesting.lock)
        if wants in both:
            for lock, _ in nesting.held:
                taken[id(lock)].add(wants)
    try:
        graphlib.TopologicalSorter(taken).prepare()
    except graphlib.CycleError:
        return True
    return False


class _Dependency(NamedTuple):
    """A nesting that can be part of a deadlock: a thread takes a lock while it holds others."""

    path: Path
    nesting: Nesting
    #: The address of the lock that the thread wants.
    wants: int
    #: The addresses of all locks that it holds.
    held: frozenset[int]
    #: The held locks that another thread can wait for, by address: the lock, the operation that took it, and how often
    #: the thread has reached this nesting with a lock taken there, from 1. The other held locks can only be gates.
    links: dict[int, tuple[Any, PendingOperation, int]]


def _dependencies(trace: Trace) -> list[_Dependency]:
    """Return the dependencies of an execution, each once."""
    signals = trace.signals
    in_scope = _InScope()
    found: dict[object, _Dependency] = {}
    occurrences: Counter[object] = Counter()
    for nesting in trace.nestings:
        thread, position, started, operation, lock, held = nesting
        wants = id(lock)
        path = thread.path
        way = (path, id(operation.code), operation.lasti)
        for taken in {(id(taken.code), taken.lasti) for _, taken in held}:
            occurrences[way, taken] += 1
        what = (way, started, wants, *((id(other), id(taken.code), taken.lasti) for other, taken in held))
        if what in found or wants in signals or not can_wait(operation) or not in_scope[operation.code]:
            continue
        if trace.log[position][0] is not thread:
            # The thread was being ended, or did something else that is not scheduled.
            continue
        links = {
            id(other): (other, taken, occurrences[way, (id(taken.code), taken.lasti)])
            for other, taken in held
            if id(other) not in signals and in_scope[taken.code]
        }
        if links:
            found[what] = _Dependency(path, nesting, wants, frozenset(id(other) for other, _ in held), links)
    return list(found.values())


class _InScope:
    """A cache: whether code is the program's own. `contextlib.ExitStack` counts: it takes locks for the program."""

    def __init__(self) -> None:
        self._answers: dict[int, bool] = {}

    def __getitem__(self, code: CodeType) -> bool:
        answer = self._answers.get(id(code))
        if answer is None:
            answer = code.co_filename == _EXIT_STACK or current_scope().holds_code(code)
            self._answers[id(code)] = answer
        return answer


def _that_can_be_in_circles(dependencies: list[_Dependency]) -> list[_Dependency]:
    """Drop the dependencies that want what no other thread holds, or hold what no other thread wants."""
    while dependencies:
        wanted_by: dict[int, set[Path]] = defaultdict(set)
        held_by: dict[int, set[Path]] = defaultdict(set)
        for one in dependencies:
            wanted_by[one.wants].add(one.path)
            for key in one.links:
                held_by[key].add(one.path)
        left = [
            one
            for one in dependencies
            if held_by.get(one.wants, set()) - {one.path}
            and any(wanted_by.get(key, set()) - {one.path} for key in one.links)
        ]
        if len(left) == len(dependencies):
            break
        dependencies = left
    return dependencies


def _fingerprint(dependencies: list[_Dependency]) -> int:
    """Return a number that is equal for executions with the same dependencies, in whatever order the threads ran."""
    numbers: dict[int, int] = {}
    parts: list[object] = []
    # The sort is stable: the dependencies of one thread stay in their order.
    for path, nesting, wants, _, _ in sorted(dependencies, key=lambda one: one.path):
        locks = tuple(numbers.setdefault(id(other), len(numbers)) for other, _ in nesting.held)
        sites = tuple((id(taken.code), taken.lasti) for _, taken in nesting.held)
        wanted = numbers.setdefault(wants, len(numbers))
        parts.append((path, nesting.started, locks, sites, wanted, id(nesting.operation.code), nesting.operation.lasti))
    return hash(tuple(parts))


def _circles(dependencies: list[_Dependency], trace: Trace) -> Iterator[list[_Dependency]]:
    """Yield the circles of dependencies, the shortest first.

    The dependencies of a circle are of different threads, hold no lock in common, and are not ordered by starts and
    joins.
    """
    holding: dict[int, list[_Dependency]] = defaultdict(list)
    for one in dependencies:
        for key in one.links:
            holding[key].append(one)
    clocks = _clocks(trace, {one.nesting.position for one in dependencies})
    chains = [[one] for one in dependencies]
    patience = PATIENCE
    for _ in range(2, LONGEST + 1):
        longer: list[list[_Dependency]] = []
        for chain in chains:
            for one in holding[chain[-1].wants]:
                patience -= 1
                if not patience:
                    return
                # The first one has the lowest path, so that each circle is found once.
                if one.path <= chain[0].path or not all(_can_meet(one, other, clocks) for other in chain):
                    continue
                if one.wants in chain[0].links:
                    yield [*chain, one]
                else:
                    longer.append([*chain, one])
        chains = longer


def _can_meet(one: _Dependency, other: _Dependency, clocks: dict[int, Clock]) -> bool:
    if one.path == other.path or not one.held.isdisjoint(other.held):
        return False
    mine, its = clocks[one.nesting.position], clocks[other.nesting.position]
    return its.get(one.path, -1) <= mine[one.path] and mine.get(other.path, -1) <= its[other.path]


def _clocks(trace: Trace, positions: Collection[int]) -> dict[int, Clock]:
    """Return, for each of the positions in the log, what its thread knows of the others by starts and joins alone.

    A thread's own figure is the number of threads that it has started. What it does before it starts another thread has
    a lower figure than the other one knows of it. What it does before it ends has a lower figure than a thread that
    joins it knows.
    """
    last: dict[Path, int] = {}
    threads: dict[int, Path] = {}
    for number, (thread, _, _) in enumerate(trace.log):
        last[thread.path] = number
        if thread.thread is not None:
            threads[id(thread.thread)] = thread.path
    unfinished = {thread.path for thread, _, _ in trace.pending}
    clocks: dict[Path, Clock] = {}
    starts: dict[tuple[Path, int], Clock] = {}
    found: dict[int, Clock] = {}
    for number, (thread, operation, _) in enumerate(trace.log):
        path = thread.path
        clock = clocks.get(path)
        if clock is None:
            # The first step of a thread is its beginning, which has the same target as the start.
            clock = clocks[path] = {**starts.get((path[:-1], id(operation.target)), {}), path: 0}
        if operation.kind == kinds.START:
            clock[path] += 1
            starts[path, id(operation.target)] = dict(clock)
        elif operation.kind == kinds.JOIN:
            ended = threads.get(id(operation.target))
            if ended is not None and last[ended] < number and ended not in unfinished:
                for other, count in clocks[ended].items():
                    clock[other] = max(clock.get(other, -1), count + (other == ended))
        if number in positions:
            found[number] = dict(clock)
    return found


def _predicted(circle: Sequence[_Dependency]) -> PredictedDeadlock:
    parts: list[Part] = []
    for before, one in zip((circle[-1], *circle[:-1]), circle, strict=True):
        lock, taken, occurrence = one.links[before.wants]
        operation = one.nesting.operation
        parts.append(
            Part(
                path=one.path,
                thread=one.nesting.thread.name,
                holds=LockName.of(lock),
                outer=(taken.code, taken.lasti),
                inner=(operation.code, operation.lasti),
                occurrence=occurrence,
            )
        )
    return PredictedDeadlock(tuple(parts))

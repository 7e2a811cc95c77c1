"""Which steps of an execution could have come in the other order: the races that partial-order reduction is about.

A step happens before another where it is of the same thread and earlier, where it starts the other's thread or is the
last of a thread that the other joins, where both conflict and it is earlier, and where there is such a chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..control import Path, Touches, Trace, conflicts, touches_of
from ..control._kinds import bases_of, is_one_of
from ..control.primitives import Semaphore
from ..detect import Clock
from ._lives import asked_for_all, last_steps, life_touches

#: What gives a lock back, and what can only follow that.
_RELEASING = frozenset(("release", "wait"))
_TAKING = frozenset(("acquire", "woken"))


class Reversal(NamedTuple):
    """A step that a later one, of another thread, could have come before."""

    #: The position in the log of the step that is to come later.
    position: int
    #: Threads that could go on there instead, on the way to the other order; the first is to be preferred.
    initials: tuple[Path, ...]


class _Event:
    __slots__ = ("clock", "count", "number", "path", "releases", "step", "touches")

    def __init__(
        self, number: int, path: Path, count: int, clock: Clock[Path], touches: Touches, step: int, releases: bool
    ) -> None:
        #: Its position among the events.
        self.number = number
        self.path = path
        #: How many events of its thread there are up to it.
        self.count = count
        #: How many events of each thread happen before it, itself included.
        self.clock = clock
        self.touches = touches
        #: Position in the log at which the step that it belongs to was granted.
        self.step = step
        self.releases = releases

    def before(self, clock: Clock[Path]) -> bool:
        return clock.get(self.path, 0) >= self.count


def reversals(trace: Trace, end: int, choices: Mapping[int, tuple[Path, ...]]) -> Iterator[Reversal]:
    """The reversible races of the first `end` steps, as far as their earlier step is one of the `choices`.

    What was announced in the end and never granted counts as a last step. `choices` has the threads that could go on,
    by position in the log, where there was more than one.
    """
    if not choices:
        return
    events: list[_Event] = []
    clocks: dict[Path, Clock[Path]] = {(): Clock()}
    threads: dict[int, Path] = {}
    log = [*trace.log[:end], *(trace.pending if end == len(trace.log) else ())]
    last_of = last_steps(log)
    all_matter = asked_for_all(log)
    for thread, _, _ in log:
        if thread.thread is not None:
            threads[id(thread.thread)] = thread.path
    past: dict[int, Clock[Path]] = {
        operation.expired_at: Clock() for _, operation, _ in log if operation.expired_at is not None
    }
    #: By object, part, and thread and how: accesses to data, the last one; operations on primitives, all of them.
    accesses: dict[Any, dict[Any, dict[Any, list[_Event]]]] = {}
    step = 0
    first = min(choices)
    for number, (thread, operation, touched) in enumerate(log):
        path = thread.path
        if number < first:
            # It cannot come later, and whatever could is ordered by what comes in between alone.
            if operation.kind == "start":
                clocks[_child(path, clocks)] = Clock()
            continue
        if number in past:
            for known in clocks.values():
                past[number].join(known)
        if operation.announced:
            step = number
        touches = touches_of(operation, touched)
        last = last_of[path] == number
        if last or operation.kind == "start":
            touches = (*touches, *life_touches((thread, operation, touched), last=last, all_matter=all_matter))
        clock = Clock(clocks.get(path, {}))
        kind = operation.kind
        if kind == "join":
            ended = threads.get(id(operation.target))
            if ended is not None and ended in clocks:
                clock.join(clocks[ended])
        if operation.expired_at is not None:
            # Time passes only where no thread can go on: after all that was done before.
            clock.join(past[operation.expired_at])
        ordered = Clock(clock)
        count = clock.get(path, 0) + 1
        may_wait = operation.target is not None
        candidates: list[_Event] = []
        for earlier in _touching(accesses, touches):
            if earlier[0].path == path or not conflicts(touches, earlier[0].touches):
                continue
            clock.join(earlier[-1].clock)
            for other_event in earlier:
                if other_event.before(ordered) or other_event.step not in choices:
                    continue
                if other_event.releases and kind in _TAKING and not _is_counted(operation.target):
                    continue
                if may_wait and _waits(path, events, other_event, choices):
                    continue
                candidates.append(other_event)
        clock[path] = count
        event = _Event(len(events), path, count, clock, touches, step, kind in _RELEASING)
        events.append(event)
        clocks[path] = clock
        if kind == "start":
            # It begins with all that its parent has done until now.
            clocks[_child(path, clocks)] = Clock(clock)
        for key, part, how in touches:
            known_here = accesses.setdefault(key, {}).setdefault(part, {}).setdefault((path, how & 1), [])
            if not may_wait:
                known_here.clear()
            known_here.append(event)
        for candidate in candidates:
            if may_wait or not any(other is not candidate and candidate.before(other.clock) for other in candidates):
                yield Reversal(candidate.step, _initials(events, candidate, event))


def _is_counted(target: Any) -> bool:
    """Whether several threads may hold it at the same time, so that to take it need not wait for its release."""
    return is_one_of(Semaphore, *bases_of(type(target)))


def _child(path: Path, known: Iterable[Path]) -> Path:
    """The path of the thread that the one with `path` starts next, where those that there are already are `known`."""
    return (*path, sum(1 for other in known if other[:-1] == path and other))


def _touching(accesses: dict[Any, dict[Any, dict[Any, list[_Event]]]], touches: Touches) -> Iterator[list[_Event]]:
    """What touched the same parts of the same objects, or one of the two all of it: each list once."""
    seen: set[int] = set()
    for key, part, _ in touches:
        parts = accesses.get(key)
        if parts is None:
            continue
        for found in parts.values() if part is None else (parts.get(part, {}), parts.get(None, {})):
            if id(found) not in seen:
                seen.add(id(found))
                yield from found.values()


def _waits(path: Path, events: list[_Event], at: _Event, choices: Mapping[int, tuple[Path, ...]]) -> bool:
    """Whether the thread waited already for what it does next when `at` was done, and could not go on there."""
    if path in choices[at.step]:
        return False
    return not any(event.path == path for event in events[at.number + 1 :])


def _initials(events: list[_Event], earlier: _Event, later: _Event) -> tuple[Path, ...]:
    """The threads that can go first in what does not happen after `earlier`, followed by `later`."""
    first: dict[Path, int] = {}
    found: list[Path] = []
    for event in events[earlier.number + 1 : later.number]:
        if earlier.before(event.clock) or event.path in first:
            continue
        if not _follows(event, first):
            found.append(event.path)
        first[event.path] = event.count
    if later.path not in first and not _follows(later, first):
        found.insert(0, later.path)
    elif later.path in found:
        found.remove(later.path)
        found.insert(0, later.path)
    return tuple(found)


def _follows(event: _Event, first: dict[Path, int]) -> bool:
    return any(event.clock.get(path, 0) >= count for path, count in first.items())

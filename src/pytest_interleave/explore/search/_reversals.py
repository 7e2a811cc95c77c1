"""Reversals: pairs of steps of an execution that could have come in the other order, for partial-order reduction.

A step happens before another one if it is of the same thread and earlier, if it starts the other's thread or is the
last of a thread that the other joins, if both conflict and it is earlier, or if there is a chain of such steps.

With many threads, nearly everything that one step needs to know of all earlier ones follows from the latest of these:
what comes before a change comes before all that this change comes before. So they are searched from the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ...control import Path, Trace, touches_of
from ...control.identity import bases_of, is_one_of
from ...control.primitives import Semaphore
from ...control.steps import WRITES, kinds
from ...control.system import FileLock
from ...detect import Clock
from ._budget import never
from ._lives import asked_for_all, last_steps, life_touches

# Needed at each step, so they are plain globals.
_GIVING_LOCKS = kinds.GIVING_LOCKS
_JOIN = kinds.JOIN
_START = kinds.START
_TAKING_LOCKS = kinds.TAKING_LOCKS

#: The time is checked once in this many steps.
_PATIENCE = 256


class Reversal(NamedTuple):
    """A step that a later one, of another thread, could have come before."""

    #: The position in the log of the step that is to come later.
    position: int
    #: Threads that could continue there instead, on the way to the other order; the first one is preferred.
    initials: tuple[Path, ...]


class _Event:
    __slots__ = ("clock", "count", "number", "path", "releases", "step", "walk")

    def __init__(self, number: int, path: Path, count: int, clock: Clock[Path], step: int, releases: bool) -> None:
        #: Its position among the events.
        self.number = number
        self.path = path
        #: The number of events of its thread up to it.
        self.count = count
        #: The number of events of each other thread that happen before it. Events share it while it stays the same.
        self.clock = clock
        #: Position in the log at which the step that it belongs to was granted.
        self.step = step
        self.releases = releases
        self.walk: _Walk | None = None

    def before(self, path: Path, clock: Clock[Path]) -> bool:
        """Whether it happens before what the thread `path` does next, which knows `clock` of the others."""
        return self.path == path or clock.get(self.path, 0) >= self.count


class _Uses:
    """The events that touch one part of an object, by thread; the thread that touched it last is the last one.

    For accesses to data, it has the last event of each thread; for operations on primitives, all events.
    """

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads: dict[Path, list[_Event]] = {}
        self.writes: dict[Path, list[_Event]] = {}

    def add(self, event: _Event, how: int, *, all_count: bool) -> None:
        """Add the next event."""
        uses = self.writes if how & WRITES else self.reads
        known = uses.pop(event.path, None)
        if known is None or not all_count:
            known = []
        known.append(event)
        uses[event.path] = known

    def known_change(self, path: Path, clock: Clock[Path]) -> int:
        """Return the number of the latest change that the thread `path` knows of; -1 if there is none."""
        for events in reversed(self.writes.values()):
            if events[-1].before(path, clock):
                return events[-1].number
        return -1


class _Object:
    """The events that touch one object."""

    __slots__ = ("all", "parts")

    def __init__(self) -> None:
        self.parts: dict[Any, _Uses] = {}
        #: The events of all parts together.
        self.all = _Uses()

    def add(self, event: _Event, part: Any, how: int, *, all_count: bool) -> None:
        """Add the next event."""
        for uses in (self.parts.setdefault(part, _Uses()), self.all):
            uses.add(event, how, all_count=all_count)

    def unknown(self, path: Path, clock: Clock[Path], part: Any, how: int) -> Iterator[list[_Event]]:
        """Yield lists of conflicting events by thread that the thread `path` may not know of, the latest first.

        It knows `clock` of the others. A thread that knows of a change of a part knows of all that came before that.
        """
        whole = self.parts.get(None)
        since = -1 if whole is None else whole.known_change(path, clock)
        if part is None:
            yield from _later(self.all, since, how)
            return
        if whole is not None:
            yield from _later(whole, since, how)
        mine = self.parts.get(part)
        if mine is not None:
            yield from _later(mine, max(since, mine.known_change(path, clock)), how)


def _later(uses: _Uses, since: int, how: int) -> Iterator[list[_Event]]:
    for known in (uses.writes, uses.reads) if how & WRITES else (uses.writes,):
        for events in reversed(known.values()):
            if events[-1].number <= since:
                break
            yield events


def reversals(
    trace: Trace, end: int, choices: Mapping[int, Collection[Path]], is_over: Callable[[], bool] = never
) -> Iterator[Reversal]:
    """Yield the reversible races of the first `end` steps whose earlier step is one of the `choices`.

    What was announced at the end and never granted counts as a last step. `choices` has the threads that could
    continue, by position in the log, if there was more than one. Once `is_over`, no more are yielded.
    """
    if not choices:
        return
    events: list[_Event] = []
    #: What each thread knows of the others, and how many events of its own there are.
    clocks: dict[Path, Clock[Path]] = {(): Clock()}
    counts: dict[Path, int] = {(): 0}
    #: The number of each thread's last event.
    latest_of: dict[Path, int] = {}
    children: Counter[Path] = Counter()
    threads: dict[int, Path] = {}
    log = [*trace.log[:end], *(trace.pending if end == len(trace.log) else ())]
    last_of = last_steps(log)
    all_matter = asked_for_all(log)
    for thread, _, _ in log:
        if thread.thread is not None:
            threads[id(thread.thread)] = thread.path
    #: By number of steps, everything that was done until then.
    past: dict[int, Clock[Path]] = {
        operation.expired_at: Clock() for _, operation, _ in log if operation.expired_at is not None
    }
    objects: dict[Any, _Object] = {}
    step = 0
    first = min(choices)
    for number, (thread, operation, touched) in enumerate(log):
        path = thread.path
        kind = operation.kind
        if number < first:
            # This step cannot come later, and any step that could is ordered by what comes in between alone.
            if kind == _START:
                child = (*path, children[path])
                children[path] += 1
                clocks[child], counts[child] = Clock(), 0
            continue
        if number % _PATIENCE == 0 and is_over():
            return
        if number in past:
            past[number].update(counts)
        if operation.announced:
            step = number
        touches = touches_of(operation, touched)
        last = last_of[path] == number
        if last or kind == _START:
            touches = (*touches, *life_touches((thread, operation, touched), last=last, all_matter=all_matter))
        clock = clocks.get(path)
        if clock is None:
            clock = Clock()
        if kind == _JOIN:
            ended = threads.get(id(operation.target))
            if ended is not None and ended in clocks:
                clock = _joined(clock, clocks[ended], ended, counts[ended])
        if operation.expired_at is not None:
            # Time passes only if no thread can continue: after all that was done before.
            clock = _joined(clock, past[operation.expired_at])
        ordered = clock
        count = counts.get(path, 0) + 1
        may_wait = operation.target is not None
        candidates: dict[int, _Event] = {}
        for key, part, how in touches:
            known = objects.get(key)
            if known is None:
                continue
            for earlier in known.unknown(path, ordered, part, how):
                latest = earlier[-1]
                if latest.path == path:
                    continue
                if not latest.before(path, clock):
                    clock = _joined(clock, latest.clock, latest.path, latest.count)
                for event in reversed(earlier):
                    if event.before(path, ordered):
                        break
                    if event.step not in choices or event.number in candidates:
                        continue
                    if event.releases and kind in _TAKING_LOCKS and not _is_counted(operation.target):
                        continue
                    if may_wait and latest_of.get(path, -1) <= event.number and path not in choices[event.step]:
                        # The thread waited already for what it does now, and could not continue there.
                        continue
                    candidates[event.number] = event
        mine = _Event(len(events), path, count, clock, step, kind in _GIVING_LOCKS)
        events.append(mine)
        clocks[path] = clock
        counts[path] = count
        latest_of[path] = mine.number
        if kind == _START:
            # The new thread begins after all that its parent has done until now.
            child = (*path, children[path])
            children[path] += 1
            clocks[child], counts[child] = _joined(clock, Clock(), path, count), 0
        for key, part, how in touches:
            known = objects.get(key)
            if known is None:
                known = objects[key] = _Object()
            known.add(mine, part, how, all_count=may_wait)
        if candidates:
            found = [candidates[number] for number in sorted(candidates)]
            for event in found if may_wait or len(found) == 1 else _undominated(found):
                yield Reversal(event.step, _initials(events, event, mine))


def _joined(clock: Clock[Path], other: Clock[Path], path: Path | None = None, count: int = 0) -> Clock[Path]:
    """Return a new clock that knows what both know, and `count` events of the thread `path`."""
    joined = Clock(clock)
    joined.join(other)
    if path is not None and count > joined.get(path, 0):
        joined[path] = count
    return joined


def _undominated(candidates: list[_Event]) -> Iterator[_Event]:
    """Return the candidates in their order, without those that happen before another one of them."""
    kept: list[_Event] = []
    later: Clock[Path] = Clock()
    for event in reversed(candidates):
        if later.get(event.path, 0) >= event.count:
            continue
        kept.append(event)
        later.join(event.clock)
        later[event.path] = event.count
    return reversed(kept)


def _is_counted(target: Any) -> bool:
    """Whether several threads may hold a target at the same time, so that taking it need not wait for its release."""
    if type(target) is FileLock:
        return target.is_shared
    return is_one_of(Semaphore, *bases_of(type(target)))


class _Walk:
    """The threads that can go first in what does not happen after an event, based on the events processed so far."""

    __slots__ = ("_first", "_found", "_upto")

    def __init__(self, start: int) -> None:
        self._upto = start
        #: By thread, the number of its events up to the first one that does not happen after the event.
        self._first: dict[Path, int] = {}
        #: The threads that can go first, in the order of their events.
        self._found: dict[Path, None] = {}

    def initials(self, events: list[_Event], earlier: _Event, later: _Event) -> tuple[Path, ...]:
        """Return the threads that can go first, if `later` is the last event; its thread is preferred."""
        first, found = self._first, self._found
        path, count = earlier.path, earlier.count
        for number in range(self._upto, later.number):
            event = events[number]
            if event.path in first or event.path == path or event.clock.get(path, 0) >= count:
                continue
            if not _follows(event, first):
                found[event.path] = None
            first[event.path] = event.count
        self._upto = later.number
        mine = later.path
        if mine in found or (mine not in first and not _follows(later, first)):
            return (mine, *(other for other in found if other != mine))
        return tuple(found)


def _initials(events: list[_Event], earlier: _Event, later: _Event) -> tuple[Path, ...]:
    """Return the threads that can go first in what does not happen after `earlier`, followed by `later`."""
    if earlier.walk is None:
        earlier.walk = _Walk(earlier.number + 1)
    return earlier.walk.initials(events, earlier, later)


def _follows(event: _Event, first: dict[Path, int]) -> bool:
    """Whether an event happens after one of the `first` events of threads."""
    clock = event.clock
    if len(clock) < len(first):
        return any(first.get(path, count + 1) <= count for path, count in clock.items())
    return any(clock.get(path, 0) >= count for path, count in first.items())

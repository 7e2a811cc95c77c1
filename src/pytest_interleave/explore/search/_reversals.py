"""Which steps of an execution could have come in the other order: the races that partial-order reduction is about.

A step happens before another where it is of the same thread and earlier, where it starts the other's thread or is the
last of a thread that the other joins, where both conflict and it is earlier, and where there is such a chain.

Of many threads, nearly everything that one step asks of all earlier ones is known from the latest of these: what comes
before a change comes before all that this change comes before. So they are looked through from the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ...control import Path, Trace, touches_of
from ...control.identity import bases_of, is_one_of
from ...control.primitives import Semaphore
from ...control.steps import WRITES, kinds
from ...detect import Clock
from ._budget import never
from ._lives import asked_for_all, last_steps, life_touches

# Asked for at each step.
_GIVING_LOCKS = kinds.GIVING_LOCKS
_JOIN = kinds.JOIN
_START = kinds.START
_TAKING_LOCKS = kinds.TAKING_LOCKS

#: What gives a lock back, and what can only follow that.
#: Steps between two looks at the time.
_PATIENCE = 256


class Reversal(NamedTuple):
    """A step that a later one, of another thread, could have come before."""

    #: The position in the log of the step that is to come later.
    position: int
    #: Threads that could go on there instead, on the way to the other order; the first is to be preferred.
    initials: tuple[Path, ...]


class _Event:
    __slots__ = ("clock", "count", "number", "path", "releases", "step", "walk")

    def __init__(self, number: int, path: Path, count: int, clock: Clock[Path], step: int, releases: bool) -> None:
        #: Its position among the events.
        self.number = number
        self.path = path
        #: How many events of its thread there are up to it.
        self.count = count
        #: How many events of each other thread happen before it. Events share it as long as it stays the same.
        self.clock = clock
        #: Position in the log at which the step that it belongs to was granted.
        self.step = step
        self.releases = releases
        self.walk: _Walk | None = None

    def before(self, path: Path, clock: Clock[Path]) -> bool:
        """Whether it happens before what the thread `path` does next, which knows `clock` of the others."""
        return self.path == path or clock.get(self.path, 0) >= self.count


class _Uses:
    """The events that touch one part of an object: by thread, who touched it last comes last.

    Of accesses to data there is the last one of each thread; of operations on primitives there are all.
    """

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads: dict[Path, list[_Event]] = {}
        self.writes: dict[Path, list[_Event]] = {}

    def add(self, event: _Event, how: int, *, all_count: bool) -> None:
        """The next one."""
        uses = self.writes if how & WRITES else self.reads
        known = uses.pop(event.path, None)
        if known is None or not all_count:
            known = []
        known.append(event)
        uses[event.path] = known

    def known_change(self, path: Path, clock: Clock[Path]) -> int:
        """The number of the latest change that the thread `path` knows of; -1 if there is none."""
        for events in reversed(self.writes.values()):
            if events[-1].before(path, clock):
                return events[-1].number
        return -1


class _Object:
    """The events that touch one object."""

    __slots__ = ("all", "parts")

    def __init__(self) -> None:
        self.parts: dict[Any, _Uses] = {}
        #: Of all parts together.
        self.all = _Uses()

    def add(self, event: _Event, part: Any, how: int, *, all_count: bool) -> None:
        """The next one."""
        for uses in (self.parts.setdefault(part, _Uses()), self.all):
            uses.add(event, how, all_count=all_count)

    def unknown(self, path: Path, clock: Clock[Path], part: Any, how: int) -> Iterator[list[_Event]]:
        """By thread, the conflicting events; only those that may not be known to the thread `path`, the latest first.

        It knows `clock` of the others. Whoever knows of a change of a part knows of all that came before that.
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
    """The reversible races of the first `end` steps, as far as their earlier step is one of the `choices`.

    What was announced in the end and never granted counts as a last step. `choices` has the threads that could go on,
    by position in the log, where there was more than one. Once `is_over`, no more are looked for.
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
    #: All that was done until then.
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
            # It cannot come later, and whatever could is ordered by what comes in between alone.
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
            # Time passes only where no thread can go on: after all that was done before.
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
                        # It waited already for what it does now, and could not go on there.
                        continue
                    candidates[event.number] = event
        mine = _Event(len(events), path, count, clock, step, kind in _GIVING_LOCKS)
        events.append(mine)
        clocks[path] = clock
        counts[path] = count
        latest_of[path] = mine.number
        if kind == _START:
            # It begins with all that its parent has done until now.
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
    """A new clock that knows what both know, and `count` events of the thread `path`."""
    joined = Clock(clock)
    joined.join(other)
    if path is not None and count > joined.get(path, 0):
        joined[path] = count
    return joined


def _undominated(candidates: list[_Event]) -> Iterator[_Event]:
    """Without those that happen before another one of them. They are given in their order."""
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
    """Whether several threads may hold it at the same time, so that to take it need not wait for its release."""
    return is_one_of(Semaphore, *bases_of(type(target)))


class _Walk:
    """The threads that can go first in what does not happen after an event, as far as the events were gone through."""

    __slots__ = ("_first", "_found", "_upto")

    def __init__(self, start: int) -> None:
        self._upto = start
        #: By thread, how many events there are of it up to its first one that does not happen after the event.
        self._first: dict[Path, int] = {}
        #: In their order.
        self._found: dict[Path, None] = {}

    def initials(self, events: list[_Event], earlier: _Event, later: _Event) -> tuple[Path, ...]:
        """The same of what comes before `later`, which comes last; it is preferred."""
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
    """The threads that can go first in what does not happen after `earlier`, followed by `later`."""
    if earlier.walk is None:
        earlier.walk = _Walk(earlier.number + 1)
    return earlier.walk.initials(events, earlier, later)


def _follows(event: _Event, first: dict[Path, int]) -> bool:
    """Whether it happens after one of the `first` events of threads."""
    clock = event.clock
    if len(clock) < len(first):
        return any(first.get(path, count + 1) <= count for path, count in clock.items())
    return any(clock.get(path, 0) >= count for path, count in first.items())

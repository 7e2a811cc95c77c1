"""Uses of sockets, pipes, settings and the like by different threads that nothing orders.

No use is a choice of the scheduler, so no schedule tries it in another order. If the steps that are choices order two
uses in every execution of a complete search, there is no other order. If one execution leaves two uses unordered, and
their order can matter, the search has not seen everything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from ...control import Step
from ...control.steps import EXCHANGE, READ, WRITE, Use, kinds
from ...control.system import ENDED, PROCESS_USES, STARTED
from ._use_clocks import When, steps_beside, times_of

#: By way of a use: the ways of other uses with which its order matters.
_CONFLICTS: dict[str, tuple[str, ...]] = {
    READ: (WRITE, EXCHANGE),
    WRITE: (READ, WRITE, EXCHANGE),
    EXCHANGE: (READ, WRITE, EXCHANGE),
}
#: The kinds of things that have another end.
_WITH_ENDS = ("socket", "pipe")


class Unordered(NamedTuple):
    """Two uses by different threads that nothing orders; or one use of something that others take part in."""

    first: Use
    second: Use | None = None


class _Part(NamedTuple):
    """Something that a use touches, and the way of touching it."""

    number: int
    use: Use
    key: Hashable
    way: str


def unordered_uses(log: Sequence[Step], uses: Sequence[Use], threads: int) -> Iterator[Unordered]:
    """Yield uses whose order can matter and is not fixed, in an execution of `threads` threads; one for each thing."""
    if threads < 2 or not uses:
        return
    found: set[Hashable] = set()
    for use in (*_with_others(uses), *_mapped(log, uses)):
        if use.thing.key not in found:
            found.add(use.thing.key)
            yield Unordered(use)
    spans = _spans(uses)
    suspects = _suspects([part for part in _parts(uses) if part.use.thing.key not in found], log)
    if not spans and not suspects:
        return
    times = times_of(log, uses)
    for number in _beside(log, uses, times, spans):
        yield Unordered(uses[number])
    for parts in suspects:
        pair = _pair(parts, times)
        if pair is not None and pair.first.thing.key not in found:
            found.add(pair.first.thing.key)
            yield pair


def contested_uses(log: Sequence[Step], uses: Sequence[Use]) -> list[Use]:
    """Return the uses of things that several threads use, if their order can matter."""
    found = {part.number for parts in _suspects(list(_parts(uses)), log) for part in parts}
    return [use for number, use in enumerate(uses) if number in found]


# -- uses of something that others take part in ----------------------------------------------------------------------


def _with_others(uses: Sequence[Use]) -> Iterator[Use]:
    """Yield the first use of each connection whose other end no thread of the execution has."""
    ends: dict[Hashable, set[Hashable]] = {}
    first: dict[Hashable, Use] = {}
    for use in uses:
        if use.thing.kind in _WITH_ENDS and (use.way == EXCHANGE or use.thing.kind == "pipe"):
            ends.setdefault(use.thing.key, set()).add(use.way if use.thing.kind == "pipe" else use.handle)
            first.setdefault(use.thing.key, use)
    return (first[key] for key, known in ends.items() if len(known) == 1)


def _mapped(log: Sequence[Step], uses: Sequence[Use]) -> Iterator[Use]:
    """Yield the first use of each file that is mapped into memory, if another thread uses the file or the memory."""
    first: dict[Hashable, Use] = {}
    users: dict[Hashable, set[int]] = {}
    for use in uses:
        if use.thing.kind == "file":
            first.setdefault(use.thing.key, use)
            users.setdefault(use.thing.key, set()).add(use.unit.index)
    for unit, operation, touches in log if first else ():
        if operation.is_external:
            for key, _, _ in touches or ():
                if key in users:
                    users[key].add(unit.index)
    return (use for key, use in first.items() if len(users[key]) > 1)


def _spans(uses: Sequence[Use]) -> dict[int, int | None]:
    """Return when each process runs: by number of its first use, that of the last one, or None if it has not ended."""
    spans: dict[int, int | None] = {}
    running: dict[Hashable, int] = {}
    ended: set[Hashable] = set()
    for number, use in enumerate(uses):
        if use.thing.kind != "process":
            continue
        key = use.thing.key
        if use.how not in PROCESS_USES:
            # This belongs to the whole process. Reading it concerns only those uses that change it.
            if use.way != READ:
                spans[number] = number
        elif use.how == STARTED:
            running[key] = number
            spans[number] = None
            ended.discard(key)
        elif key in ended:
            # This use only asks how the process ended.
            pass
        elif key not in running:
            # The process was started before the execution.
            running[key] = number
            spans[number] = None
        if use.how == ENDED and key in running:
            spans[running.pop(key)] = number
            ended.add(key)
    return spans


def _beside(
    log: Sequence[Step], uses: Sequence[Use], times: Sequence[When], spans: dict[int, int | None]
) -> Iterator[int]:
    """Yield the spans, by number of their first use, during which another thread does something."""
    lives = {first: (times[first], None if last is None else times[last]) for first, last in spans.items()}
    found = steps_beside(log, lives) if lives else set()
    for number, (first, last) in lives.items():
        if number in found or any(
            use.unit.index != first.thread and not when.is_before(first) and (last is None or not last.is_before(when))
            for use, when in zip(uses, times, strict=True)
        ):
            yield number


# -- what two threads use --------------------------------------------------------------------------------------------


def _parts(uses: Sequence[Use]) -> Iterator[_Part]:
    for number, use in enumerate(uses):
        thing = use.thing
        if thing.kind in ("process", "file"):
            continue
        if thing.kind in _WITH_ENDS:
            way = WRITE if use.way == WRITE and thing.kind == "socket" else EXCHANGE
            yield _Part(number, use, thing.key, way)
            continue
        yield _Part(number, use, thing.key, use.way)
        if use.handle is not None:
            # Its state changes with each use.
            yield _Part(number, use, ("handle", use.handle), WRITE)


def _suspects(parts: Sequence[_Part], log: Sequence[Step]) -> list[list[_Part]]:
    """Return the parts grouped by what they touch, for the things that two threads may use at the same time."""
    started = next((at for at, (_, operation, _) in enumerate(log) if operation.kind == kinds.START), len(log))
    by_key: dict[Hashable, list[_Part]] = {}
    for part in parts:
        # Before that, there is only one thread.
        if part.use.position > started:
            by_key.setdefault(part.key, []).append(part)
    return [parts for parts in by_key.values() if _is_suspect(parts)]


def _is_suspect(parts: Sequence[_Part]) -> bool:
    if len(parts) < 2:
        return False
    threads: dict[str, set[int]] = {}
    for part in parts:
        threads.setdefault(part.way, set()).add(part.use.unit.index)
    pairs = ((of_one, threads.get(other)) for way, of_one in threads.items() for other in _CONFLICTS[way])
    if not any(of_other is not None and len(of_one | of_other) > 1 for of_one, of_other in pairs):
        return False
    # One lock that all of them hold makes them take turns, and which one is first is a choice.
    return not frozenset.intersection(*(part.use.locks for part in parts))


def _pair(parts: Sequence[_Part], times: Sequence[When]) -> Unordered | None:
    """Return the first two uses whose order can matter and is not fixed."""
    #: By thread and way, the latest part: if an earlier one is not ordered with what follows, neither is this one.
    latest: dict[tuple[int, str], _Part] = {}
    for part in parts:
        for (thread, way), other in latest.items():
            if (
                thread != part.use.unit.index
                and way in _CONFLICTS[part.way]
                and not times[other.number].is_before(times[part.number])
            ):
                return Unordered(other.use, part.use)
        latest[part.use.unit.index, part.way] = part
    return None

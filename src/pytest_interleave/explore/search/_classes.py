"""Classes of schedules: two are equivalent where they differ only in the order of steps that do not conflict."""

from __future__ import annotations

from typing import Any

from ...control import Path, ThreadView, Trace, touches_of
from ...control.steps import kinds
from ._lives import last_steps
from ._long_classes import class_of_long, combined

# Asked for at each step.
_ASKING = kinds.ASKING
_HELD_UP = kinds.HELD_UP
_JOIN = kinds.JOIN
_OF_A_LOCK = kinds.OF_A_LOCK
_OF_LIVES = kinds.OF_LIVES
_START = kinds.START

#: From so many steps on, the other way to find it out is the faster one.
_LONG = 300

#: The thread's number in the name of a step is above these bits; below is which step of the thread it is.
_STEPS = 20


class _Known:
    """What a thread knows of the others' steps."""

    __slots__ = ("clock", "name", "number", "path", "seen")

    def __init__(self, path: Path, clock: dict[int, int]) -> None:
        self.path = path
        self.number = hash(path) & 0xFF_FFFF_FFFF
        #: Its last step.
        self.name = self.number << _STEPS
        #: By the number of another thread, the last step of it that comes before. It is replaced, never changed.
        self.clock = clock
        #: A fingerprint of each of its accesses.
        self.seen: list[int] = []

    def learn(self, step: int, clocks: dict[int, dict[int, int]]) -> int:
        """A step comes before, with all that comes before that; a fingerprint of all, or 0 where it is known.

        `clocks` has what the thread of that step knew.
        """
        number = step >> _STEPS
        clock = self.clock
        if clock.get(number, 0) >= step:
            return 0
        clock = clock.copy()
        for other, known in clocks[step].items():
            if clock.get(other, 0) < known and other != self.number:
                clock[other] = known
        clock[number] = step
        self.clock = clock
        return hash(frozenset(clock.items()))


def class_of(trace: Trace) -> int:
    """A fingerprint of the execution's class: equal for equivalent schedules, else different but by chance.

    For every access of each thread it takes in which steps of other threads are known to come before it, from the
    change of the same object that it came after, unless the thread knew of that already. With the program's
    determinism, that says all: the Mazurkiewicz trace. What is done before the first thread is started has only one
    order. If time has passed as a choice, what each thread does after that may depend on it. Things are told apart by
    their addresses: where one takes that of another, which is gone, they count as one. That tells nothing new where
    both are of one thread, or a lock, an event, a start or a join orders the two. Where nothing does, equivalent
    schedules can get different fingerprints.
    """
    if len(trace.log) >= _LONG:
        found_at_once = class_of_long(trace.log)
        if found_at_once is not None:
            return found_at_once
    # This is done for every step of every execution: hence the short cuts.
    #: By object, the last change of it as a whole, and those of its parts since then.
    wholes: dict[Any, int] = {}
    parts: dict[Any, dict[Any, int]] = {}
    known: dict[ThreadView, _Known] = {}
    #: By thread object, what was known where it was started; and who it is.
    starts: dict[int, dict[int, int]] = {}
    threads: dict[int, _Known] = {}
    #: By change, what its thread knew of others.
    clocks: dict[int, dict[int, int]] = {}
    last: ThreadView | None = None
    mine: _Known
    number, seen = 0, []
    started = False
    last_of: dict[Path, int] | None = None
    for position, (thread, operation, touched) in enumerate(trace.log):
        touches = touched
        if not started:
            if touches is not None or operation.kind != _START:
                continue
            started = True
        if thread is not last:
            last = thread
            found = known.get(thread)
            if found is None:
                found = _Known(thread.path, starts.get(id(thread.thread), {}))
                known[thread] = threads[id(thread.thread)] = found
            mine = found
            number, seen = found.number, found.seen
        if touches is None:
            kind = operation.kind
            if kind in _OF_LIVES:
                if kind == _START:
                    starts[id(operation.target)] = {**mine.clock, number: mine.name}
                elif kind == _JOIN:
                    ended = threads.get(id(operation.target))
                    if last_of is None:
                        last_of = last_steps(trace.log)
                    # Else its time was over before the thread ended.
                    if ended is not None and last_of[ended.path] < position:
                        mine.learn(ended.name, {ended.name: ended.clock})
                continue
            if kind == _HELD_UP:
                for one in known.values():
                    if one.seen:
                        one.seen.append(int.from_bytes(operation.name.encode()))
                continue
        name = mine.name = mine.name + 1
        if touches is None:
            if kind in _OF_A_LOCK:
                key: Any = id(operation.target)
                change = wholes.get(key, 0)
                seen.append(mine.learn(change, clocks) if change and change >> _STEPS != number else 0)
                wholes[key] = name
                clocks[name] = mine.clock
                continue
            if kind in _ASKING:
                # Instead of which threads had begun and ended by then.
                seen.append(int.from_bytes(operation.name.encode()))
                continue
            touches = touches_of(operation, None)
        news = 0
        changed = False
        for key, part, how in touches:
            changes = parts.get(key)
            if part is not None and changes is not None:
                change = changes.get(part) or wholes.get(key, 0)
            else:
                change = wholes.get(key, 0)
                if changes is not None:
                    for of_part in changes.values():
                        if of_part >> _STEPS != number:
                            news = mine.learn(of_part, clocks) or news
            if change and change >> _STEPS != number:
                news = mine.learn(change, clocks) or news
            if how & 1:
                changed = True
                if part is None:
                    wholes[key] = name
                    if changes is not None:
                        del parts[key]
                elif changes is None:
                    parts[key] = {part: name}
                else:
                    changes[part] = name
        if changed:
            clocks[name] = mine.clock
        seen.append(news or len(touches))
    return combined([hash((one.path, *one.seen)) for one in known.values() if one.seen])

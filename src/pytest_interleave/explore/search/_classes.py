"""Classes of schedules: two are equivalent if they differ only in the order of steps that do not conflict."""

from __future__ import annotations

from typing import Any

from ...control import Path, ThreadView, Trace, touches_of
from ...control.steps import kinds
from ._lives import last_steps
from ._long_classes import class_of_long, combined

# Needed at each step, so they are plain globals.
_ASKING = kinds.ASKING
_HELD_UP = kinds.HELD_UP
_JOIN = kinds.JOIN
_OF_A_LOCK = kinds.OF_A_LOCK
_OF_LIVES = kinds.OF_LIVES
_START = kinds.START

#: From this many steps on, `class_of_long` is faster and is tried first.
_LONG = 300

#: In the name of a step, the thread's number is above this many bits; below is the number of the step in its thread.
_STEPS = 20


class _Known:
    """The steps of other threads that a thread knows of."""

    __slots__ = ("clock", "name", "number", "path", "seen")

    def __init__(self, path: Path, clock: dict[int, int]) -> None:
        self.path = path
        self.number = hash(path) & 0xFF_FFFF_FFFF
        #: The name of its last step.
        self.name = self.number << _STEPS
        #: By number of another thread, its last step that comes before. The dictionary is replaced, never changed.
        self.clock = clock
        #: A fingerprint of each of its accesses.
        self.seen: list[int] = []

    def learn(self, step: int, clocks: dict[int, dict[int, int]]) -> int:
        """Note that a step comes before, with all that comes before that step.

        Return a fingerprint of all that, or 0 if it was known. `clocks` has what the thread of that step knew.
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
    """Return a fingerprint of the execution's class: equal for equivalent schedules, else different except by chance.

    For every access of each thread it includes which steps of other threads are known to come before it, by the change
    of the same object that it follows, unless the thread knew of that already. If the program is deterministic, that
    says everything: the Mazurkiewicz trace. What is done before the first thread is started has only one order. If time
    has passed as a choice, what each thread does after that may depend on it.

    Things are distinguished by their addresses: one that takes the address of another, which is gone, counts as the
    same. That adds nothing if both are of one thread, or if a lock, an event, a start or a join orders the two. If
    nothing does, equivalent schedules can get different fingerprints.
    """
    if len(trace.log) >= _LONG:
        found_at_once = class_of_long(trace.log)
        if found_at_once is not None:
            return found_at_once
    # This runs for every step of every execution: hence the short cuts.
    #: By object, the last change of it as a whole, and those of its parts since then.
    wholes: dict[Any, int] = {}
    parts: dict[Any, dict[Any, int]] = {}
    known: dict[ThreadView, _Known] = {}
    #: By address of a thread object: what was known when it was started; and which thread it is.
    starts: dict[int, dict[int, int]] = {}
    threads: dict[int, _Known] = {}
    #: By name of a change: what its thread knew of others.
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
                    # Otherwise the join timed out before the thread ended.
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
                # This stands for the threads that had started, and ended, by then.
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

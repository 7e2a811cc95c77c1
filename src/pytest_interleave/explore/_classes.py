"""Classes of schedules: two are equivalent where they differ only in the order of steps that do not conflict."""

from __future__ import annotations

from typing import Any

from ..control import HELD_UP, ThreadView, Trace, touches_of
from ..control._touches import ASKING_KINDS
from ._long_classes import OF_A_LOCK, SILENT, class_of_long, combined

#: From so many steps on, the other way to find it out is the faster one.
_LONG = 300


def class_of(trace: Trace) -> int:
    """A fingerprint of the execution's class: equal for equivalent schedules, else different but by chance.

    For every access of each thread it takes in which change of the same object it came after. With the program's
    determinism, that says all: the Mazurkiewicz trace. What is done before the first thread is started has only one
    order. If time has passed as a choice, what each thread does after that may depend on it. Things are told apart by
    their addresses: where one takes that of another, which is gone, they count as one, and where that is so in some
    executions only, equivalent schedules can get different fingerprints.
    """
    if len(trace.log) >= _LONG:
        found_at_once = class_of_long(trace.log)
        if found_at_once is not None:
            return found_at_once
    # This is done for every step of every execution: hence the short cuts.
    #: By object, the last change of it as a whole, and those of its parts since then.
    wholes: dict[Any, int] = {}
    parts: dict[Any, dict[Any, int]] = {}
    #: By thread, what its last access is called, and for all of them, which change each came after; 0 for none.
    accesses: dict[ThreadView, list[Any]] = {}
    last: ThreadView | None = None
    of_last: list[Any] = [0, []]
    name, saw = 0, of_last[1].append
    started = False
    for thread, operation, touched in trace.log:
        touches = touched
        if touches is None:
            kind = operation.kind
            if kind in SILENT:
                started = True
                continue
            if kind == HELD_UP:
                for _, seen in accesses.values():
                    seen.append(int.from_bytes(operation.name.encode()))
                continue
        if not started:
            continue
        if thread is not last:
            of_last[0] = name
            last = thread
            found = accesses.get(thread)
            if found is None:
                found = accesses[thread] = [(hash(thread.path) & 0xFF_FFFF_FFFF) << 20, []]
            of_last = found
            name, saw = found[0], found[1].append
        name += 1
        if touches is None:
            if kind in OF_A_LOCK:
                key: Any = id(operation.target)
                saw(wholes.get(key, 0))
                wholes[key] = name
                continue
            if kind in ASKING_KINDS:
                # Instead of which threads had begun and ended by then.
                saw(int.from_bytes(operation.name.encode()))
                continue
            touches = touches_of(operation, None)
        for key, part, how in touches:
            changes = parts.get(key)
            if part is None:
                saw(wholes.get(key, 0) + (0 if changes is None else sum(changes.values())))
                if how & 1:
                    wholes[key] = name
                    parts.pop(key, None)
            elif changes is None:
                saw(wholes.get(key, 0))
                if how & 1:
                    parts[key] = {part: name}
            else:
                saw(changes.get(part) or wholes.get(key, 0))
                if how & 1:
                    changes[part] = name
    return combined([hash((thread.path, *seen)) for thread, (_, seen) in accesses.items()])

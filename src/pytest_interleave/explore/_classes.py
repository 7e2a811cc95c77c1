"""Classes of schedules: two are equivalent where they differ only in the order of steps that do not conflict."""

from __future__ import annotations

from typing import Any

from ..control import Trace, touches_of

#: They touch nothing; asked here because this is done for every step.
_SILENT = frozenset(("begin", "start", "join"))


def class_of(trace: Trace) -> int:
    """A fingerprint of the execution's class: equal for equivalent schedules, else different but by chance.

    For every access it takes in which changes of the same object it came after. With the program's determinism, that
    says all: the Mazurkiewicz trace. What is done before the first thread is started has only one order.
    """
    #: By object and part, the last change of it. A change of the whole takes the place of those of the parts.
    changes: dict[Any, dict[Any, int]] = {}
    counts: dict[tuple[int, ...], int] = {}
    fingerprint = 0
    started = False
    for thread, operation, touched in trace.log:
        touches = touched
        if touches is None:
            if operation.kind in _SILENT:
                started = True
                continue
            touches = touches_of(operation, None)
        if not touches or not started:
            continue
        path = thread.path
        count = counts[path] = counts.get(path, 0) + 1
        for key, part, how in touches:
            changed = changes.get(key)
            if changed is None:
                before = 0
                if how & 1:
                    changes[key] = {part: hash((path, count))}
            else:
                before = sum(changed.values()) if part is None else changed.get(part) or changed.get(None, 0)
                if how & 1:
                    if part is None:
                        changed.clear()
                    changed[part] = hash((path, count))
            mixed = hash((path, count, before))
            # Squared, because the hashes of tuples alone are so regular that their sums collide.
            fingerprint += mixed * mixed
    return fingerprint & 0xFFFF_FFFF_FFFF_FFFF

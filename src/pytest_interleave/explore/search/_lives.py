"""Touches by which steps begin and end threads: other threads may ask which threads live."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from ...control import LoggedStep, Path, Touches
from ...control.steps import EVERY_THREAD, WRITES, kinds

# Needed at each step, so it is a plain global.
_START = kinds.START


def last_steps(log: Sequence[LoggedStep], start: int = 0) -> dict[Path, int]:
    """Return, by thread, the position of its last step in the log, from `start` on."""
    return {log[position][0].path: position for position in range(start, len(log))}


def asked_for_all(log: Iterable[LoggedStep]) -> bool:
    """Whether a thread asks which of all threads live, and not only whether a certain one does."""
    return any(operation.target is EVERY_THREAD for _, operation, _ in log)


def life_touches(step: LoggedStep, *, last: bool, all_matter: bool = True) -> Touches:
    """Return what a step touches because it starts a thread, or is the last one of its own.

    Unless `all_matter`, it is only what a question about a certain thread touches as well.
    """
    thread, operation, _ = step
    starts = operation.kind == _START
    changed = []
    if starts and isinstance(operation.target, threading.Thread):
        changed.append(operation.target)
    if last and thread.thread is not None:
        changed.append(thread.thread)
    touches = tuple((id(of), None, WRITES) for of in changed)
    if all_matter and (starts or last):
        # The parts of two threads do not conflict; a question about all threads conflicts with each.
        return (*touches, (id(EVERY_THREAD), thread.path, WRITES))
    return touches

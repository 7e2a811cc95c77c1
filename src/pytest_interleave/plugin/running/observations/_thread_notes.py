"""Warnings of threads that could not be controlled: one text for each kind, over all executions."""

from __future__ import annotations

from collections.abc import Iterator

_MAY_NOT_REPLAY = "Schedules past that point may not replay."
#: A warning names at most this many places, and the number of others.
_PLACES = 3

BLOCKED, COMPUTED, NOT_ENDED = "blocked", "computed", "not ended"

#: What is between a thread's name and the place where it is.
_VERBS = {BLOCKED: " blocked at", COMPUTED: " computed at", NOT_ENDED: ": still running at"}


class ThreadNotes:
    """Counts such threads by kind and place, as a thread may have another name in each execution."""

    def __init__(self) -> None:
        #: The names of threads by kind, then place, in the order in which they were counted.
        self._kinds: dict[str, dict[str, dict[str, None]]] = {}

    def add(self, kind: str, thread: str, where: object) -> bool:
        """Count a thread; return whether it is the first one of its kind at this place."""
        places = self._kinds.setdefault(kind, {})
        is_new = str(where) not in places
        places.setdefault(str(where), {})[thread] = None
        return is_new

    def texts(self) -> Iterator[str]:
        """Yield a warning for each kind."""
        for kind, places in self._kinds.items():
            subject = _subject(_VERBS[kind], places)
            is_one = len(places) == 1 and len(next(iter(places.values()))) == 1
            if kind == BLOCKED:
                yield f"{subject} {describe_unseen('a call' if is_one else 'calls')}. {_MAY_NOT_REPLAY}"
            elif kind == COMPUTED:
                yield (
                    f"{subject} for seconds without a step that the plugin controls, so the other threads ran "
                    f"meanwhile. {_MAY_NOT_REPLAY}"
                )
            else:
                yield f"could not stop {subject}. {'It' if is_one else 'They'} may disturb later tests."


def describe_unseen(calls: str) -> str:
    """Return the end of a sentence on a thread that has blocked in `calls`: "a call", or "calls"."""
    return f"in {calls} the plugin does not control (I/O, C code, or a lock created before the plugin was loaded)"


def _subject(verb: str, places: dict[str, dict[str, None]]) -> str:
    parts = []
    for where, threads in list(places.items())[:_PLACES]:
        first, *others = threads
        more = f" and {len(others)} other{'' if len(others) == 1 else 's'}" if others else ""
        parts.append(f"{first}{more}{verb} {where}")
    left = len(places) - _PLACES
    if left > 0:
        parts.append(f"others at {left} more place{'' if left == 1 else 's'}")
    return ", ".join(parts)

"""Warnings of threads that could not be controlled: one text for each kind, over all executions."""

from __future__ import annotations

from collections.abc import Iterator

#: A warning names at most this many places, and the number of others.
_PLACES = 3

BLOCKED, COMPUTED, NOT_ENDED = "blocked", "computed", "not ended"

_VERBS = {BLOCKED: "blocked at", COMPUTED: "computed at", NOT_ENDED: "could not be ended; it is still at"}


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
            were = "was" if len(places) == 1 and len(next(iter(places.values()))) == 1 else "were"
            if kind == BLOCKED:
                yield (
                    f"{subject} where the scheduler cannot see it, and {were} set aside: the order of the threads is "
                    "not fully controlled there. A lock made before the plugin was loaded, or a call that waits in the "
                    "operating system, does that"
                )
            elif kind == COMPUTED:
                yield (
                    f"{subject} for seconds without a step that the plugin controls, so the other threads ran "
                    "meanwhile. Schedules past that point may not replay."
                )
            else:
                yield subject


def _subject(verb: str, places: dict[str, dict[str, None]]) -> str:
    parts = []
    for where, threads in list(places.items())[:_PLACES]:
        first, *others = threads
        more = f" and {len(others)} other{'' if len(others) == 1 else 's'}" if others else ""
        parts.append(f"thread {first!r}{more} {verb} {where}")
    left = len(places) - _PLACES
    if left > 0:
        parts.append(f"others at {left} more place{'' if left == 1 else 's'}")
    return ", ".join(parts)

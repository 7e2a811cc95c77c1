"""Single switches that may be all there is to a finding: those in the middle of something that others came between."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from ..control import LoggedStep, Path, Touches, conflicts, touches_of
from ._switches import ChoicePoint, Sites, Switch

#: So many steps of a thread, before it was left and after that, are looked at.
_BEFORE, _AFTER = 4, 2
#: So many steps of the others meanwhile.
_MEANWHILE = 300
#: So many switches of each sort are named.
MOST = 16


def likely_switches(points: Sequence[ChoicePoint], log: Sequence[LoggedStep]) -> list[Switch]:
    """From an execution with a finding: the most likely ones, the last first.

    Each leaves a thread where it was left, and a thread goes on whose steps meanwhile conflicted with its own. Threads
    that do the same are alike: first in the list are those with the threads of each kind that were started first.
    """
    alike = _Alike(log)
    first: dict[Switch, None] = {}
    themselves: dict[Switch, None] = {}
    for point in reversed(points):
        if point.preempts and point.is_switch:
            left, site, occurrence = point.stand
            for other in _came_between(log, point.step, left):
                one, two = alike.first_two(left, other)
                first[Switch(one, site, occurrence, two)] = None
                themselves[Switch(left, site, occurrence, other)] = None
    return [*itertools.islice(first, MOST), *itertools.islice(themselves, MOST)]


def _came_between(log: Sequence[LoggedStep], step: int, left: Path) -> Iterator[Path]:
    """The threads with conflicting steps between the last ones of a thread before it was left and its next ones."""
    before = itertools.islice((one for one in reversed(log[:step]) if one[0].path == left), _BEFORE)
    resumed = next((at for at in range(step, len(log)) if log[at][0].path == left), len(log))
    after = itertools.islice((one for one in log[resumed:] if one[0].path == left), _AFTER)
    own = [touches for one in (*before, *after) if (touches := _touches(one))]
    seen: set[Path] = set()
    for other in log[step : min(resumed, step + _MEANWHILE)]:
        path = other[0].path
        if path not in seen and path and any(conflicts(touches, _touches(other)) for touches in own):
            seen.add(path)
            yield path


def _touches(step: LoggedStep) -> Touches:
    _, operation, touches = step
    return touches_of(operation, touches)


class _Alike:
    """Threads that begin with the same step."""

    def __init__(self, log: Sequence[LoggedStep]) -> None:
        sites = Sites()
        self._first_site: dict[Path, int] = {}
        for thread, operation, _ in log:
            if thread.path not in self._first_site and operation.announced and operation.kind != "begin":
                self._first_site[thread.path] = sites.site_of(operation)

    def first_two(self, one: Path, other: Path) -> tuple[Path, Path]:
        """The first thread like `one`, and the first one like `other` that is not the same."""
        first = self._first_like(one)
        return first, next((path for path in self._like(other) if path != first), other)

    def _first_like(self, path: Path) -> Path:
        return next(iter(self._like(path)), path)

    def _like(self, path: Path) -> list[Path]:
        wanted = self._first_site.get(path)
        return sorted(other for other, site in self._first_site.items() if site == wanted)

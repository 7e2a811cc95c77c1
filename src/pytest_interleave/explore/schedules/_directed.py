"""Single switches that may suffice for a finding: those that let another thread interfere."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence

from ...control import LoggedStep, Path, conflicts, touches_of
from ...control.steps import kinds
from ..search._budget import never
from ._switches import ChoicePoint, Sites, Switch

#: Only this many steps of a thread before it was left, and after that, are compared.
_BEFORE, _AFTER = 4, 2
#: At most this many steps of the others meanwhile are compared; the rest are ignored.
_MEANWHILE = 300
#: At most this many switches of each sort are returned; the rest are skipped.
MOST = 16


def likely_switches(
    points: Sequence[ChoicePoint], log: Sequence[LoggedStep], is_over: Callable[[], bool] = never
) -> list[Switch]:
    """Return the most likely switches of an execution with a finding, the last first.

    Each leaves a thread at the place where it was left, for a thread whose steps meanwhile conflicted with its own.
    Threads that do the same are alike: first in the list are the switches between those of each kind that were started
    first. Once `is_over`, no more are added.
    """
    alike = _Alike(log)
    meanwhile = _Meanwhile(log)
    first: dict[Switch, None] = {}
    themselves: dict[Switch, None] = {}
    for point in reversed(points):
        if is_over() or (len(first) >= MOST and len(themselves) >= MOST):
            break
        if point.is_preemption:
            left, site, occurrence = point.stand
            for other in meanwhile.came_between(left, point.step):
                one, two = alike.first_two(left, other)
                first[Switch(one, site, occurrence, two)] = None
                themselves[Switch(left, site, occurrence, other)] = None
    return [*itertools.islice(first, MOST), *itertools.islice(themselves, MOST)]


class _Meanwhile:
    """The steps of other threads while a thread did not run."""

    def __init__(self, log: Sequence[LoggedStep]) -> None:
        self._log = log
        self._touches = [touches_of(operation, touches) for _, operation, touches in log]
        self._positions: dict[Path, list[int]] = {}
        for position, (thread, _, _) in enumerate(log):
            self._positions.setdefault(thread.path, []).append(position)

    def came_between(self, left: Path, step: int) -> Iterator[Path]:
        """Yield the threads whose steps conflict with the last steps of a thread before `step`, or its next ones."""
        positions = self._positions.get(left, [])
        at = bisect.bisect_left(positions, step)
        resumed = positions[at] if at < len(positions) else len(self._log)
        near = [self._touches[position] for position in positions[max(0, at - _BEFORE) : at + _AFTER]]
        own = [touches for touches in near if touches]
        seen: set[Path] = {()}
        for position in range(step, min(resumed, step + _MEANWHILE)):
            path = self._log[position][0].path
            if path not in seen and any(conflicts(touches, self._touches[position]) for touches in own):
                seen.add(path)
                yield path


class _Alike:
    """Groups of threads that begin with the same step."""

    def __init__(self, log: Sequence[LoggedStep]) -> None:
        sites = Sites()
        self._first_site: dict[Path, int] = {}
        self._known: dict[Path, list[Path]] = {}
        for thread, operation, _ in log:
            if thread.path not in self._first_site and operation.announced and operation.kind != kinds.BEGIN:
                self._first_site[thread.path] = sites.site_of(operation)

    def first_two(self, one: Path, other: Path) -> tuple[Path, Path]:
        """Return the first thread like `one`, and the first thread like `other` that is not the same."""
        first = self._like(one)[0]
        return first, next((path for path in self._like(other) if path != first), other)

    def _like(self, path: Path) -> list[Path]:
        known = self._known.get(path)
        if known is None:
            wanted = self._first_site.get(path)
            known = sorted(other for other, site in self._first_site.items() if site == wanted)
            self._known[path] = known = known or [path]
        return known

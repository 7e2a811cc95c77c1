"""What earlier executions tell of the next one: how many steps each thread makes, and which objects are contested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

from ...control import LoggedStep, Path, PendingOperation, Trace, touches_of
from ...control.steps import kinds

# Asked for at each step.
_START = kinds.START

#: Where in the program an operation stands; the same in every execution.
Site = Hashable


def site_of(operation: PendingOperation) -> Site:
    """The instruction of an operation. The code object is known by its address; it lives as long as the test."""
    return (id(operation.code), operation.lasti)


class Contested(NamedTuple):
    """An object that several threads touch and at least one changes, or a lock that several take."""

    sites: frozenset[Site]
    #: How often each thread is at one of the sites.
    counts: dict[Path, int]

    @property
    def total(self) -> int:
        """How often they are there altogether."""
        return sum(self.counts.values())


class Profile(NamedTuple):
    """One execution, as an estimate of the next. Counted is from the first start of a thread on: before, nothing
    can be interleaved.
    """

    #: Steps of each thread.
    steps: dict[Path, int]
    contested: list[Contested]
    #: How often all threads together are at each site.
    at: dict[Site, int]
    #: Where each thread begins its work: threads that begin at the same place do the same, as a rule.
    roles: dict[Path, Site]


def profile_of(trace: Trace) -> Profile:
    """Look through the steps of an execution."""
    steps: dict[Path, int] = defaultdict(int)
    #: By object and part: the sites and their operations, which threads, whether changed.
    objects: dict[tuple[object, object], tuple[set[Site], set[Path], list[bool]]] = {}
    at_site: dict[Site, dict[Path, int]] = defaultdict(lambda: defaultdict(int))
    roles: dict[Path, Site] = {}
    for thread, operation, touched in _contended(trace):
        path = thread.path
        steps[path] += 1
        touches = touches_of(operation, touched)
        if not touches:
            continue
        site = site_of(operation)
        roles.setdefault(path, site)
        at_site[site][path] += 1
        for key, part, how in touches:
            found = objects.get((key, part))
            if found is None:
                found = objects[key, part] = (set(), set(), [False])
            found[0].add(site)
            found[1].add(path)
            if how & 1:
                found[2][0] = True
    _add_wholes(objects)
    contested: dict[frozenset[Site], Contested] = {}
    for sites, paths, changed in objects.values():
        chosen = frozenset(sites)
        if len(paths) > 1 and changed[0] and chosen not in contested:
            counts: dict[Path, int] = defaultdict(int)
            for site in chosen:
                for path, count in at_site[site].items():
                    counts[path] += count
            contested[chosen] = Contested(chosen, dict(counts))
    visits = {site: sum(counts.values()) for site, counts in at_site.items()}
    return Profile(dict(steps), list(contested.values()), visits, roles)


def _contended(trace: Trace) -> Sequence[LoggedStep]:
    log = trace.log
    for position, (_, operation, _) in enumerate(log):
        if operation.kind == _START:
            return log[position + 1 :]
    return []


def _add_wholes(objects: dict[tuple[object, object], tuple[set[Site], set[Path], list[bool]]]) -> None:
    """Who touches the whole of an object touches each part of it."""
    for (key, part), found in objects.items():
        whole = None if part is None else objects.get((key, None))
        if whole is not None:
            found[0].update(whole[0])
            found[1].update(whole[1])
            found[2][0] |= whole[2][0]


class Learner(Protocol):
    """Who uses profiles."""

    def learn(self, profile: Profile) -> None:
        """Take what `profile` says."""


class Learning:
    """When to look again: after the first executions, then ever more seldom, for it takes time."""

    def __init__(self) -> None:
        self._executions = 0

    def end(self, trace: Trace, *learners: Learner) -> None:
        """Count an execution, and tell the learners what it shows if it is time to."""
        self._executions += 1
        if self._executions & (self._executions - 1) == 0:
            profile = profile_of(trace)
            for learner in learners:
                learner.learn(profile)

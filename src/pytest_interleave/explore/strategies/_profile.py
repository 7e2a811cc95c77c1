"""Profiles of executions, as estimates of the next one: the steps of each thread, and the contested objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

from ...control import LoggedStep, Path, PendingOperation, Trace, touches_of
from ...control.steps import kinds

# Needed at each step, so it is a plain global.
_START = kinds.START

#: The place of an operation in the program; the same in every execution.
Site = Hashable


def site_of(operation: PendingOperation) -> Site:
    """Return the instruction of an operation.

    The code object is known by its address; it lives as long as the test.
    """
    return (id(operation.code), operation.lasti)


class Contested(NamedTuple):
    """An object that several threads touch and at least one changes, or a lock that several take."""

    sites: frozenset[Site]
    #: How often each thread is at one of the sites.
    counts: dict[Path, int]

    @property
    def total(self) -> int:
        """The number of times that all threads together are at these sites."""
        return sum(self.counts.values())


class Profile(NamedTuple):
    """The profile of one execution, as an estimate of the next one.

    It counts from the first start of a thread on: before that, nothing can be interleaved.
    """

    #: The number of steps of each thread.
    steps: dict[Path, int]
    contested: list[Contested]
    #: The number of times that all threads together are at each site.
    at: dict[Site, int]
    #: The site where each thread begins its work: threads that begin at the same site usually do the same.
    roles: dict[Path, Site]


def profile_of(trace: Trace) -> Profile:
    """Return the profile of an execution."""
    steps: dict[Path, int] = defaultdict(int)
    #: By object and part: the sites of the operations on it, the threads, and whether it was changed.
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
    """Add the uses of an object as a whole to those of each of its parts."""
    for (key, part), found in objects.items():
        whole = None if part is None else objects.get((key, None))
        if whole is not None:
            found[0].update(whole[0])
            found[1].update(whole[1])
            found[2][0] |= whole[2][0]


class Learner(Protocol):
    """A strategy that uses profiles."""

    def learn(self, profile: Profile) -> None:
        """Use `profile` for the next executions."""


class Learning:
    """The times to make a profile: after the first executions, then ever more seldom, because it takes time."""

    def __init__(self) -> None:
        self._executions = 0

    def end(self, trace: Trace, *learners: Learner) -> None:
        """Count an execution, and give its profile to the learners if it is time to."""
        self._executions += 1
        if self._executions & (self._executions - 1) == 0:
            profile = profile_of(trace)
            for learner in learners:
                learner.learn(profile)

"""Schedules as switches: where a thread does not go on that otherwise would, and who goes on in its place.

A switch names the thread that is left, the place in the source where it stands and how often it has stood there, and
the thread that goes on. Between switches the running thread goes on until it blocks or ends, and then the one that was
started first. So a schedule is said without counting instructions, of which each Python version has others, and it
stays the same when lines elsewhere in the file change.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...control import LoggedStep, Path, PendingOperation, ThreadView, Trace, is_stdlib
from ...control.steps import kinds

#: The site of a thread that has ended.
ENDED = 0
#: Up to Python 3.11 comprehensions are functions of their own.
_INLINED = re.compile(r"\.<(list|set|dict)comp>")


class Switch(NamedTuple):
    """The thread `leaves` does not go on at the place `site`, where it stands for the nth time; `to` goes on."""

    leaves: Path
    #: Fingerprint of the function, the text of the line, and what is done there; `ENDED` where the thread has ended.
    site: int
    occurrence: int
    to: Path


class Sites:
    """The fingerprints of the places where operations stand, and how often each thread has passed each of them."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        #: Those in Python's own code, which each version has others of; every thread begins there, in all of them.
        self.of_python: set[int] = set()
        self._passed: Counter[tuple[Path, int]] = Counter()
        self._followed = 0

    def begin(self) -> None:
        """An execution begins."""
        self._passed.clear()
        self._followed = 0

    def stand(self, thread: ThreadView) -> tuple[Path, int, int]:
        """Where a thread stands: thread, site, and for the how manieth time."""
        self.follow(thread.log)
        site = ENDED if thread.done else self.site_of(thread.operation)
        return thread.path, site, self._passed[thread.path, site] + 1

    def left(self, log: Sequence[LoggedStep], running: ThreadView | None) -> tuple[Path, int, int] | None:
        """At a choice: where the thread stands that ran last; None before any has."""
        last = log[-1][0] if running is None and log else running
        return None if last is None else self.stand(last)

    def follow(self, log: Sequence[LoggedStep]) -> None:
        """Count the steps that have come since."""
        passed = self._passed
        for position in range(self._followed, len(log)):
            thread, operation, _ = log[position]
            if operation.announced:
                passed[thread.path, self.site_of(operation)] += 1
        self._followed = len(log)

    @property
    def seen(self) -> set[int]:
        """The sites that any thread has passed."""
        return {site for _, site in self._passed}

    def site_of(self, operation: PendingOperation) -> int:
        """The fingerprint of the place where an operation stands, 1 or more."""
        place = operation.where()
        key = (place, operation.kind, operation.name if operation.is_access else "")
        site = self._known.get(key)
        if site is None:
            line = place.text or str(place.lineno)
            text = "\0".join((_function(place.function), line, *key[1:]))
            site = self._known[key] = 1 + zlib.crc32(text.encode("utf-8", "surrogatepass")) % 0xFFFF
            if operation.kind != kinds.BEGIN and is_stdlib(place.filename):
                self.of_python.add(site)
        return site


def _function(qualname: str) -> str:
    """A function's name as later Pythons have it: without the comprehensions that it is in, or that it is."""
    return _INLINED.sub("", qualname).removesuffix(".<locals>")


class ChoicePoint(NamedTuple):
    """A moment at which more than one thread could have gone on."""

    #: Where the thread stood that had run: see `Sites.stand`.
    stand: tuple[Path, int, int]
    #: Whether that thread could have gone on.
    preempts: bool
    #: The threads that could go on, and which of them did.
    enabled: tuple[Path, ...]
    chosen: Path
    #: How many steps there had been.
    step: int

    @property
    def is_switch(self) -> bool:
        """Whether another thread was chosen than goes on of itself."""
        usual = self.stand[0] if self.preempts else self.enabled[0]
        return self.chosen != usual

    @property
    def is_preemption(self) -> bool:
        """Whether the thread that had run had to stop, though it could have gone on."""
        return self.preempts and self.is_switch

    @property
    def switch(self) -> Switch:
        """As a switch, where it is one."""
        return Switch(*self.stand, self.chosen)


def switches_of(points: Sequence[ChoicePoint]) -> tuple[Switch, ...]:
    """The choices that are other than those of a schedule without switches."""
    return tuple(point.switch for point in points if point.is_switch)


class Recorded:
    """Wraps a strategy, and writes down the choices that it makes, for executions in detail."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.name: str = inner.name
        # The log is followed once.
        self._sites = inner.sites if isinstance(inner, Follow) else Sites()
        self.points: list[ChoicePoint] = []

    @property
    def held_back(self) -> Any:
        """As the wrapped strategy has it."""
        return getattr(self._inner, "held_back", ())

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The choices that are other than those of a schedule without switches."""
        return switches_of(self.points)

    @property
    def switched(self) -> frozenset[int]:
        """The positions in the log before which a thread was left that could have gone on."""
        return frozenset(point.step for point in self.points if point.is_preemption)

    def begin(self, number: int) -> None:
        """From the beginning."""
        self.points = []
        self._sites.begin()
        self._inner.begin(number)

    def spawned(self, thread: ThreadView) -> None:
        """For the wrapped one."""
        self._inner.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """As the wrapped one does."""
        at: int = self._inner.choose(enabled, running)
        log = enabled[0].log
        stand = self._sites.left(log, running)
        if stand is not None:
            paths = tuple([thread.path for thread in enabled])
            if self.points and self.points[-1].enabled == paths:
                # Of many threads these are much the same all the time: they are kept once.
                paths = self.points[-1].enabled
            self.points.append(ChoicePoint(stand, running is not None, paths, paths[at], len(log)))
        return at

    def yielded(self, index: int) -> None:
        """For the wrapped one."""
        self._inner.yielded(index)

    def end(self, trace: Trace) -> None:
        """For the wrapped one."""
        self._inner.end(trace)


class Follow:
    """Makes the given switches, each where it says, and no others; for executions in detail."""

    name = "replay"

    def __init__(self, switches: Sequence[Switch]) -> None:
        self.switches = tuple(switches)
        self._by_stand: Mapping[tuple[Path, int, int], Switch] = {switch[:3]: switch for switch in switches}
        self.sites = Sites()
        #: The switches whose place was come to, whether or not the other thread could go on.
        self.reached: set[Switch] = set()
        #: Those that were made.
        self.made: set[Switch] = set()

    def begin(self, number: int) -> None:  # noqa: ARG002
        """From the beginning."""
        self.sites.begin()
        self.reached.clear()
        self.made.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Threads are known by their paths."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """The running thread, else the first, but for the switches."""
        stand = self.sites.left(enabled[0].log, running)
        switch = None if stand is None else self._by_stand.get(stand)
        if switch is not None:
            self.reached.add(switch)
            for position, thread in enumerate(enabled):
                if thread.path == switch.to:
                    self.made.add(switch)
                    return position
        return 0 if running is None else enabled.index(running)

    def yielded(self, index: int) -> None:
        """The scheduler itself lets the next one go on."""

    def end(self, trace: Trace) -> None:
        """Count what came after the last choice."""
        self.sites.follow(trace.log)

    @property
    def seen(self) -> set[int]:
        """The places that threads came to."""
        return self.sites.seen

    def of_python(self) -> list[Switch]:
        """The switches at places in Python's own code, of which another version has others."""
        return [switch for switch in self.switches if switch.site in self.sites.of_python]

    def unknown(self, elsewhere: set[int]) -> list[Switch]:
        """The switches to whose place no thread came, neither in this execution nor in those of `elsewhere`."""
        seen = self.seen | elsewhere | {ENDED}
        return [switch for switch in self.switches if switch not in self.reached and switch.site not in seen]

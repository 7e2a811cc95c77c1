"""Schedules as switches: where a thread does not continue that otherwise would, and which one runs in its place.

A switch names the thread that is left, the place in the source where it stands and how often it has stood there, and
the thread that continues. Between switches the running thread continues until it blocks or ends, and then the one that
was started first. So a schedule is written without counting instructions, which differ between Python versions, and it
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
    """A switch from the thread `leaves`, where it stands at `site` for the nth time, to the thread `to`."""

    leaves: Path
    #: Fingerprint of the function, the text of the line, and what is done there; `ENDED` if the thread has ended.
    site: int
    occurrence: int
    to: Path


class Sites:
    """The fingerprints of the places where operations stand, and how often each thread has passed each of them."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        #: The sites in Python's own code, which differ between versions. The beginnings of threads are there, too, but
        #: in every version.
        self.of_python: set[int] = set()
        self._passed: Counter[tuple[Path, int]] = Counter()
        self._followed = 0

    def begin(self) -> None:
        """Start counting for an execution."""
        self._passed.clear()
        self._followed = 0

    def stand(self, thread: ThreadView) -> tuple[Path, int, int]:
        """Return where a thread stands: the thread, the site, and how often it has stood there, from 1."""
        self.follow(thread.log)
        site = ENDED if thread.done else self.site_of(thread.operation)
        return thread.path, site, self._passed[thread.path, site] + 1

    def left(self, log: Sequence[LoggedStep], running: ThreadView | None) -> tuple[Path, int, int] | None:
        """Return, at a choice, where the thread stands that ran last; None before any thread has run."""
        last = log[-1][0] if running is None and log else running
        return None if last is None else self.stand(last)

    def follow(self, log: Sequence[LoggedStep]) -> None:
        """Count the steps that are new in the log."""
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
        """Return the fingerprint of the place where an operation stands, 1 or more."""
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
    """Return a function's name as later versions of Python have it: comprehensions are not part of it."""
    return _INLINED.sub("", qualname).removesuffix(".<locals>")


class ChoicePoint(NamedTuple):
    """A moment at which more than one thread could have continued."""

    #: Where the thread stood that had run: see `Sites.stand`.
    stand: tuple[Path, int, int]
    #: Whether that thread could have continued.
    preempts: bool
    #: The threads that could continue, and which of them did.
    enabled: tuple[Path, ...]
    chosen: Path
    #: The number of steps before.
    step: int

    @property
    def is_switch(self) -> bool:
        """Whether the chosen thread is not the one that continues in a schedule without switches."""
        usual = self.stand[0] if self.preempts else self.enabled[0]
        return self.chosen != usual

    @property
    def is_preemption(self) -> bool:
        """Whether the thread that had run had to stop, though it could have continued."""
        return self.preempts and self.is_switch

    @property
    def switch(self) -> Switch:
        """The choice as a switch, if it is one."""
        return Switch(*self.stand, self.chosen)


def switches_of(points: Sequence[ChoicePoint]) -> tuple[Switch, ...]:
    """Return the choices that differ from those of a schedule without switches."""
    return tuple(point.switch for point in points if point.is_switch)


class Recorded:
    """A strategy that passes everything on to another one and records its choices, for executions in detail."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.name: str = inner.name
        # The two share their sites, so that the log is followed once.
        self._sites = inner.sites if isinstance(inner, Follow) else Sites()
        self.points: list[ChoicePoint] = []

    @property
    def held_back(self) -> Any:
        """The threads that the wrapped strategy holds back."""
        return getattr(self._inner, "held_back", ())

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The choices that differ from those of a schedule without switches."""
        return switches_of(self.points)

    @property
    def switched(self) -> frozenset[int]:
        """The positions in the log right after a preemption."""
        return frozenset(point.step for point in self.points if point.is_preemption)

    def begin(self, number: int) -> None:
        """Forget the choices, and start the wrapped strategy."""
        self.points = []
        self._sites.begin()
        self._inner.begin(number)

    def spawned(self, thread: ThreadView) -> None:
        """Pass the call on."""
        self._inner.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the wrapped strategy's choice, and record it."""
        at: int = self._inner.choose(enabled, running)
        log = enabled[0].log
        stand = self._sites.left(log, running)
        if stand is not None:
            paths = tuple([thread.path for thread in enabled])
            if self.points and self.points[-1].enabled == paths:
                # With many threads these are mostly the same each time: equal ones are kept once.
                paths = self.points[-1].enabled
            self.points.append(ChoicePoint(stand, running is not None, paths, paths[at], len(log)))
        return at

    def yielded(self, index: int) -> None:
        """Pass the call on."""
        self._inner.yielded(index)

    def end(self, trace: Trace) -> None:
        """Pass the call on."""
        self._inner.end(trace)


class Follow:
    """A strategy that makes the given switches, each at its place, and no others; for executions in detail."""

    name = "replay"

    def __init__(self, switches: Sequence[Switch]) -> None:
        self.switches = tuple(switches)
        self._by_stand: Mapping[tuple[Path, int, int], Switch] = {switch[:3]: switch for switch in switches}
        self.sites = Sites()
        #: The switches whose place was reached, whether or not the other thread could continue.
        self.reached: set[Switch] = set()
        #: The switches that were made.
        self.made: set[Switch] = set()

    def begin(self, number: int) -> None:  # noqa: ARG002
        """Start from the first step."""
        self.sites.begin()
        self.reached.clear()
        self.made.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: threads are known by their paths."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the thread of the switch at this place; if there is none, the running thread, else the first one."""
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
        """Do nothing: the scheduler itself lets the next thread run."""

    def end(self, trace: Trace) -> None:
        """Count the steps after the last choice."""
        self.sites.follow(trace.log)

    @property
    def seen(self) -> set[int]:
        """The sites that threads have reached."""
        return self.sites.seen

    def of_python(self) -> list[Switch]:
        """Return the switches at places in Python's own code, which differs between versions."""
        return [switch for switch in self.switches if switch.site in self.sites.of_python]

    def unknown(self, elsewhere: set[int]) -> list[Switch]:
        """Return the switches whose place no thread has reached, in this execution or in those of `elsewhere`."""
        seen = self.seen | elsewhere | {ENDED}
        return [switch for switch in self.switches if switch not in self.reached and switch.site not in seen]

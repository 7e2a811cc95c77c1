"""Exhaustive search: one schedule of every class, by dynamic partial-order reduction."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ..control import LoggedStep, ThreadView, Touches, Trace, conflicts, touches_of
from ._reversals import Path, reversals


class Beyond(Enum):
    """What a step does besides the operation that was announced."""

    NOTHING = 0
    #: It is the thread's last.
    END = 1
    #: A condition is notified or waited for, for example.
    ANYTHING = 2


class _Choice:
    """A state in which more than one thread could go on, on the way that is being explored."""

    __slots__ = ("chosen", "enabled", "position", "sleeping", "wanted")

    def __init__(self, enabled: tuple[Path, ...], chosen: Path, sleeping: dict[Path, Beyond], position: int) -> None:
        self.enabled = enabled
        self.chosen = chosen
        #: Threads whose going on here would only lead to what is explored elsewhere.
        self.sleeping = sleeping
        #: How many steps there were before.
        self.position = position
        #: Threads that are to go on here at some time, in the order in which that was found out.
        self.wanted: list[Path] = [chosen]


class Exhaustive:
    """Runs one schedule of each class of equivalent schedules, until there is none left.

    Depth first: the last choice that could have come out otherwise, in a way that matters, comes out otherwise in the
    next execution. Which matter, the conflicts of the steps tell (source sets); and what would only repeat an
    execution in another order is left out (sleep sets).

    Source: P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014: its
    algorithm Source-DPOR.
    """

    name = "exhaustive"

    def __init__(self, seed: int = 0) -> None:  # noqa: ARG002
        self._choices: list[_Choice] = []
        self._depth = 0
        #: Who sleeps now, with what its announced operation touches: objects of this execution.
        self._asleep: dict[Path, tuple[Touches, Beyond]] = {}
        self._awake_until = 0
        #: The position from which on the execution repeats, in another order, one that is explored elsewhere.
        self._repeats_from: int | None = None
        #: True when there is nothing left to explore.
        self.finished = False
        #: Why "finished" would not mean "all": what went another way than the search decided.
        self.incomplete: str | None = None

    @property
    def repeated(self) -> bool:
        """Whether the execution turned out to be equivalent to another one."""
        return self._repeats_from is not None

    def begin(self, number: int) -> None:  # noqa: ARG002
        """From the first choice on."""
        self._depth = 0
        self._repeats_from = None
        self._asleep = {}
        self._awake_until = 0

    def spawned(self, thread: ThreadView) -> None:
        """Threads are known by their paths."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """As decided, as far as the decisions go; then the running thread, else the first that may."""
        depth = self._depth
        self._depth = depth + 1
        paths = tuple(thread.path for thread in enabled)
        if depth < len(self._choices):
            choice = self._choices[depth]
            if choice.enabled != paths:
                self.incomplete = "a schedule could not be repeated"
                return 0 if running is None else enabled.index(running)
            if depth + 1 == len(self._choices):
                self._fall_asleep(choice, enabled)
            return paths.index(choice.chosen)
        if not self.repeated:
            self._wake(enabled[0].log)
        if self.repeated or self.incomplete:
            return 0 if running is None else enabled.index(running)
        asleep = self._asleep
        position = len(enabled[0].log)
        ready = [path for path in paths if path not in asleep]
        if not ready:
            self._repeats_from = position
            return 0 if running is None else enabled.index(running)
        chosen = running.path if running is not None and running.path not in asleep else ready[0]
        self._choices.append(_Choice(paths, chosen, {path: its[1] for path, its in asleep.items()}, position))
        return paths.index(chosen)

    def _fall_asleep(self, choice: _Choice, enabled: Sequence[ThreadView]) -> None:
        """At the last choice that is decided: from here on, who sleeps there sleeps on."""
        self._awake_until = choice.position
        self._asleep = {
            thread.path: (touches_of(thread.operation, thread.touches), choice.sleeping[thread.path])
            for thread in enabled
            if thread.path in choice.sleeping
        }

    def _wake(self, log: Sequence[LoggedStep]) -> None:
        """Wake those whose next step conflicts with what was done since the last look.

        Where one that sleeps went on, because no other could, the execution is a repetition from there on.
        """
        asleep = self._asleep
        position = self._awake_until
        while asleep and position < len(log):
            thread, operation, touched = log[position]
            if thread.path in asleep:
                self._repeats_from = position
                return
            touches = touches_of(operation, touched)
            if touches:
                for path in [path for path, its in asleep.items() if _matters(operation.kind, touches, *its)]:
                    del asleep[path]
            position += 1
        self._awake_until = len(log)

    def yielded(self, index: int) -> None:  # noqa: ARG002
        """The scheduler interferes, so that not all is decided here."""
        self.incomplete = "threads that spin or poll were made to give way"

    def end(self, trace: Trace) -> None:
        """Find out what else there is to explore, and decide on the next."""
        if self.incomplete:
            return
        if not self.repeated:
            self._wake(trace.log)
        end = len(trace.log) if self._repeats_from is None else self._repeats_from
        by_position = {choice.position: choice for choice in self._choices}
        for position, initials in reversals(trace, end, by_position):
            choice = by_position[position]
            able = [path for path in initials if path in choice.enabled]
            if able and not any(path in choice.wanted or path in choice.sleeping for path in able):
                choice.wanted.append(able[0])
        while self._choices:
            choice = self._choices[-1]
            choice.sleeping[choice.chosen] = _beyond(trace.log, choice.position)
            left = [path for path in choice.wanted if path not in choice.sleeping]
            if left:
                choice.chosen = left[0]
                return
            self._choices.pop()
        self.finished = True


def _matters(kind: str, touches: Touches, its: Touches, beyond: Beyond) -> bool:
    """Whether the order of an operation and a sleeping thread's next step can matter."""
    if beyond is Beyond.ANYTHING:
        return True
    return (beyond is Beyond.END and kind == "is_alive?") or conflicts(its, touches)


def _beyond(log: Sequence[LoggedStep], position: int) -> Beyond:
    """What the step at `position` does besides the operation that was announced."""
    thread = log[position][0]
    for number in range(position + 1, len(log)):
        other, operation, touched = log[number]
        if other is thread:
            if operation.announced:
                return Beyond.NOTHING
            if touches_of(operation, touched):
                return Beyond.ANYTHING
    return Beyond.END

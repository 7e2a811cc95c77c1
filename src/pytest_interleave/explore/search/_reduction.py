"""Dynamic partial-order reduction: one schedule of every class of equivalent ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from math import inf
from operator import attrgetter

from ...control import LoggedStep, Path, ThreadView, Touches, Trace, conflicts, touches_of
from ...control.steps import External, kinds
from ..strategies._profile import site_of
from ._budget import NO_LIMITS, Limits
from ._lives import last_steps, life_touches
from ._reversals import reversals

# Needed at each step, so they are plain globals.
_ASKING = kinds.ASKING
_START = kinds.START

DIVERGED = "the same schedule did not lead to the same steps again"
GAVE_WAY = "threads that spin, poll or sleep yielded to others"
CUT_OFF = "threads that could have continued were ended with the test"
UNCONTROLLED = "threads were not controlled while others could continue"
TOO_MANY = "there is not enough time to explore everything"


#: The search begins again at most this often, because what earlier executions leave behind (imports, caches) makes the
#: first ones different; then it stays incomplete.
FRESH_STARTS = 2


class Beyond(Enum):
    """The effect of a step besides the operation that was announced."""

    NOTHING = 0
    #: It starts a thread, or is the thread's last.
    LIFE = 1
    #: It does something else: a condition is notified or waited for, for example.
    ANYTHING = 2


_path_of = attrgetter("path")


class _Choice:
    """A state in which more than one thread could continue, on the path that is being explored."""

    __slots__ = (
        "_able", "chosen", "enabled", "explored", "position", "preemptions", "running", "sites", "sleeping", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        enabled: tuple[Path, ...],
        sites: int,
        running: Path | None,
        chosen: Path,
        sleeping: dict[Path, Beyond],
        position: int,
        preemptions: int,
    ) -> None:
        self.enabled = enabled
        self._able: frozenset[Path] | None = None
        #: A fingerprint of where the enabled threads are about to continue.
        self.sites = sites
        #: The thread that ran last, if it could continue.
        self.running = running
        self.chosen = chosen
        #: Threads that would only lead to what is explored elsewhere if they continued here.
        self.sleeping = sleeping
        #: The number of steps before, and of preemptions.
        self.position = position
        self.preemptions = preemptions
        self.explored: set[Path] = set()
        #: Threads that are to continue here at some time, in the order in which that was found out.
        self.wanted: list[Path] = [chosen]

    @property
    def able(self) -> frozenset[Path]:
        """The threads that could continue, for tests of membership."""
        able = self._able
        if able is None:
            able = self._able = frozenset(self.enabled)
        return able


class _Able(Mapping[int, frozenset[Path]]):
    """The threads that could continue, by position in the log."""

    def __init__(self, choices: Sequence[_Choice]) -> None:
        self._choices = {choice.position: choice for choice in choices}

    def __getitem__(self, position: int) -> frozenset[Path]:
        return self._choices[position].able

    def __contains__(self, position: object) -> bool:
        return position in self._choices

    def __iter__(self) -> Iterator[int]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)


class PartialOrderReduction:
    """A strategy that runs one schedule of each class of equivalent schedules, until there is none left.

    The search is depth first: the last choice that could have been another one, in a way that matters, is another one
    in the next execution. Which choices matter follows from the conflicts of the steps (source sets). Schedules that
    would only repeat an execution in another order are left out (sleep sets).

    With a `bound`, only schedules with at most this many preemptions are run: switches away from a thread that could
    continue. Then it can also be necessary to make a switch earlier, at a place where it is free, and no thread sleeps.

    Once more schedules are known to be left than `limits` allow, or their time is over, no further ones are added: such
    a search is `cut_short`. It continues with what is known, but is never finished.

    Sources: P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014: its
    algorithm Source-DPOR. K. Coons, M. Musuvathi, K. McKinley, "Bounded Partial-Order Reduction", OOPSLA 2013.
    """

    name = "exhaustive"

    def __init__(self, bound: int | None = None, fresh_starts: int = 0, limits: Limits = NO_LIMITS) -> None:
        self.bound = bound
        self._fresh_starts = fresh_starts
        self._limits = limits
        self._number = 0
        #: A lower bound for the number of schedules that are left.
        self._left = 0
        self._choices: list[_Choice] = []
        self._depth = 0
        #: The threads that sleep now, with what their announced operations touch: objects of this execution.
        self._asleep: dict[Path, tuple[Touches, Beyond]] = {}
        self._awake_until = 0
        #: Whether a sleeping thread asks which threads live.
        self._asking = False
        #: The position from which the execution repeats, in another order, one that is explored elsewhere; None if it
        #: does not.
        self._repeats_from: int | None = None
        #: Whether there is nothing left to explore, within the bound.
        self.finished = False
        #: Whether the bound has kept anything from being explored.
        self.cut = False
        #: Whether there may be more to explore than was found.
        self.cut_short = False
        #: The reason why "finished" would not mean "all", if the execution did not do as the search decided; else None.
        self.incomplete: str | None = None
        self._executions = 0

    def next_bound(self) -> PartialOrderReduction:
        """Return the search that allows one preemption more; if this one has no bound, the search that allows none."""
        return PartialOrderReduction(0 if self.bound is None else self.bound + 1, self._fresh_starts, self._limits)

    def again(self) -> PartialOrderReduction | None:
        """Return a search that begins again, or None if that does not help or was tried often enough.

        It may help if what earlier executions leave behind has changed things. A first import can be out of sight for
        long, too.
        """
        if self.incomplete not in (DIVERGED, UNCONTROLLED) or self._fresh_starts >= FRESH_STARTS:
            return None
        return PartialOrderReduction(self.bound, self._fresh_starts + 1, self._limits)

    @property
    def repeated(self) -> bool:
        """Whether the execution turned out to be equivalent to another one."""
        return self._repeats_from is not None

    def begin(self, number: int) -> None:
        """Start from the first choice."""
        self._number = number
        self._depth = 0
        self._repeats_from = None
        self._asleep = {}
        self._awake_until = 0
        self._asking = False

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: threads are known by their paths."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the thread that was decided; after the decisions, the running thread, else the first that is awake."""
        depth = self._depth
        self._depth = depth + 1
        paths = tuple(map(_path_of, enabled))
        if depth < len(self._choices):
            choice = self._choices[depth]
            if (
                choice.enabled != paths
                or choice.position != len(enabled[0].log)
                or choice.sites != self._sites(depth, paths, enabled)
            ):
                self.incomplete = DIVERGED
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
        ready = [path for path in paths if path not in asleep] if asleep else paths
        if not ready:
            self._repeats_from = position
            return 0 if running is None else enabled.index(running)
        ran = None if running is None else running.path
        chosen = ran if ran is not None and ran not in asleep else ready[0]
        sleeping = {path: its[1] for path, its in asleep.items()}
        used = 0
        if self._choices:
            last = self._choices[-1]
            used = last.preemptions + _is_preemption(last, last.chosen)
            if last.enabled == paths:
                # With many threads these are mostly the same each time: equal ones are kept once.
                paths = last.enabled
        sites = self._sites(depth, paths, enabled)
        self._choices.append(_Choice(paths, sites, ran, chosen, sleeping, position, used))
        return paths.index(chosen)

    def _sites(self, depth: int, paths: tuple[Path, ...], enabled: Sequence[ThreadView]) -> int:
        """Return a fingerprint of where the threads that can continue stand, without what was known before.

        A thread that could continue at the choice before, and has done nothing since, still stands there.
        """
        log = enabled[0].log
        before = self._choices[depth - 1] if depth else None
        if before is None or before.enabled != paths:
            return hash(tuple([site_of(thread.operation) for thread in enabled]))
        moved = dict.fromkeys([log[position][0] for position in range(before.position, len(log))])
        return hash(tuple([site_of(thread.operation) for thread in moved]))

    def _fall_asleep(self, choice: _Choice, enabled: Sequence[ThreadView]) -> None:
        """Let the threads sleep that sleep at the last choice that is decided."""
        self._awake_until = choice.position
        self._asking = any(thread.operation.kind in _ASKING for thread in enabled if thread.path in choice.sleeping)
        self._asleep = {
            thread.path: (_touches_now(thread), choice.sleeping[thread.path])
            for thread in enabled
            if thread.path in choice.sleeping
        }

    def _wake(self, log: Sequence[LoggedStep]) -> None:
        """Wake the threads whose next step conflicts with what was done since the last call.

        If a sleeping thread ran, because no other one could, the execution is a repetition from there on.
        """
        asleep = self._asleep
        position = self._awake_until
        # Of the steps since the last call, only a thread's latest can be its last one.
        last_of = last_steps(log, position) if asleep and self._asking else {}
        while asleep and position < len(log):
            thread, operation, touched = log[position]
            if thread.path in asleep:
                self._repeats_from = position
                return
            touches = touches_of(operation, touched)
            if last_of:
                last = thread.done and last_of[thread.path] == position
                touches = (*touches, *life_touches(log[position], last=last))
            if touches:
                for path in [path for path, its in asleep.items() if _matters(operation.kind, touches, *its)]:
                    del asleep[path]
            position += 1
        self._awake_until = len(log)

    def yielded(self, index: int) -> None:  # noqa: ARG002
        """Note that the search is incomplete: the scheduler interferes, so that not everything is decided here."""
        self.incomplete = GAVE_WAY

    def end(self, trace: Trace) -> None:
        """Find out what else there is to explore, and decide on the next execution."""
        if trace.cut_off:
            self.incomplete = CUT_OFF
        elif trace.uncontrolled:
            self.incomplete = self.incomplete or UNCONTROLLED
        elif self._depth < len(self._choices) or (self._choices and self._choices[-1].position >= len(trace.log)):
            # The execution ended before everything that was decided had come up, or been done.
            self.incomplete = self.incomplete or DIVERGED
        if self.incomplete:
            return
        if not self.repeated:
            self._wake(trace.log)
        self._executions += 1
        end = len(trace.log) if self._repeats_from is None else self._repeats_from
        self._look_for_more(trace, end)
        while self._choices:
            choice = self._choices[-1]
            choice.explored.add(choice.chosen)
            if self.bound is None:
                choice.sleeping[choice.chosen] = _beyond(trace.log, choice.position)
            for path in choice.wanted:
                if path not in choice.sleeping and path not in choice.explored:
                    if self._is_within_bound(choice, path):
                        choice.chosen = path
                        return
                    self.cut = True
            self._choices.pop()
        if self.cut_short:
            self.incomplete = TOO_MANY
        else:
            self.finished = True

    def _look_for_more(self, trace: Trace, end: int) -> None:
        """Find what else there is to explore, as long as the limits allow."""
        if self.cut_short:
            return
        limits = self._limits
        by_position = {choice.position: number for number, choice in enumerate(self._choices)}
        allowed = limits.schedules_after(self._number)
        self._left = sum(map(self._left_at, self._choices)) if allowed != inf else 0

        def is_over() -> bool:
            self.cut_short = self._left > allowed or limits.is_time_over()
            return self.cut_short

        for position, initials in reversals(trace, end, _Able(self._choices), is_over):
            self._want(by_position[position], initials)
            if is_over():
                return

    def _left_at(self, choice: _Choice) -> int:
        """Return how many known ways to continue at a choice are still to be explored, after the present one."""
        return sum(
            path != choice.chosen and path not in choice.explored and self._is_within_bound(choice, path)
            for path in choice.wanted
        )

    def _is_within_bound(self, choice: _Choice, path: Path) -> bool:
        return self.bound is None or choice.preemptions + _is_preemption(choice, path) <= self.bound

    def _want(self, number: int, initials: Sequence[Path]) -> None:
        """Ensure that one of `initials` continues at a choice at some time."""
        choice = self._choices[number]
        able = [path for path in initials if path in choice.able]
        if able and not any(path in choice.wanted or path in choice.sleeping for path in able):
            self._add_wanted(choice, able[0])
        if self.bound is None or not able:
            return
        # If the thread that continues there was switched to, a switch to another one at that earlier choice costs less.
        while number > 0 and choice.running == choice.chosen:
            number -= 1
            choice = self._choices[number]
        for path in choice.enabled if able[0] not in choice.able else able[:1]:
            if path not in choice.wanted:
                self._add_wanted(choice, path)

    def _add_wanted(self, choice: _Choice, path: Path) -> None:
        choice.wanted.append(path)
        self._left += self._is_within_bound(choice, path)

    @property
    def estimate(self) -> float:
        """The number of executions in all, estimated from the share of the choices that has been explored."""
        share, weight = 0.0, 1.0
        for choice in self._choices:
            share += weight * len(choice.explored) / len(choice.wanted)
            weight /= len(choice.wanted)
        return self._executions / share if share and not self.finished else float(self._executions)


def _touches_now(thread: ThreadView) -> Touches:
    """Return what a thread's next step touches now: it may have been announced before the file was there."""
    operation = thread.operation
    if isinstance(operation, External):
        return operation.look_again()
    return touches_of(operation, thread.touches)


def _is_preemption(choice: _Choice, path: Path) -> bool:
    return choice.running is not None and choice.running != path


def _matters(kind: str, touches: Touches, its: Touches, beyond: Beyond) -> bool:
    """Whether the order of an operation and a sleeping thread's next step can matter."""
    if beyond is Beyond.ANYTHING:
        return True
    return (beyond is Beyond.LIFE and kind in _ASKING) or conflicts(its, touches)


def _beyond(log: Sequence[LoggedStep], position: int) -> Beyond:
    """Return what the step at `position` does besides the operation that was announced."""
    thread = log[position][0]
    beyond = Beyond.NOTHING
    for number in range(position + 1, len(log)):
        other, operation, touched = log[number]
        if other is thread:
            if operation.announced:
                return beyond
            if touches_of(operation, touched):
                return Beyond.ANYTHING
            if operation.kind == _START:
                beyond = Beyond.LIFE
    return Beyond.LIFE

"""An execution as it is shown: the steps that matter, the locks that threads held, and the conflicts between steps."""

from __future__ import annotations

import bisect
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..control import Outcome, Path, Recorder, Step
from ..control.execution import described
from ..control.steps import WRITES, kinds
from ..detect import Holding, Race
from ..explore import ChoicePoint
from ..explore.search import never
from ._events import Event, event_of
from ._expired import expired_before_failure, tasks_that_lasted
from ._latest import Latest
from ._relevant import Relevant
from ._used import uses_shown, with_skipped, with_uses, without_runner
from ._within_steps import without_inner
from .causes._failing import end_of_failure
from .causes._giving_way import gave_way
from .causes._look_ups import with_look_ups_done
from .causes._loops import Loop, loops_of
from .causes._names import distinguished
from .story._races import races_story
from .story._story import story_of
from .words._evidence import Evidence
from .words._library import LibraryCalls

_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
#: The time is checked once in this many steps.
_PATIENCE = 256
#: At most this many steps before the loops that threads repeat are shown; earlier ones are left out.
_BEFORE_LOOPS = 12


class Held(NamedTuple):
    """A time for which a thread held a lock, from one step to another one, both included."""

    thread: int
    lock: str
    first: int
    last: int


class Arrow(NamedTuple):
    """A conflict of two shown steps of different threads, by their numbers; the second one is after the first."""

    first: int
    second: int
    what: str


class Timeline(NamedTuple):
    """The parts of one execution that are shown."""

    #: The names of the threads, by index.
    threads: tuple[str, ...]
    events: tuple[Event, ...]
    held: tuple[Held, ...]
    arrows: tuple[Arrow, ...]
    #: The number of all steps of the execution, shown or not.
    steps: int
    #: The headline: the class of the bug, and on what; empty if that is not known.
    bug: str = ""
    #: The steps that the bug consists of.
    evidence: tuple[Evidence, ...] = ()
    #: Sentences on what made the execution take this way, besides preemptions.
    notes: tuple[str, ...] = ()
    #: What helps; empty if the evidence does not say.
    help: str = ""
    #: The numbers of the steps that evidence and notes are about.
    reported: tuple[int, ...] = ()
    #: The threads without a name of their own, and the function that each runs.
    functions: tuple[tuple[str, str], ...] = ()
    #: Whether no thread was preempted, none gave way, and there were no coroutines; and whether the test had started no
    #: thread until the failure.
    is_plain: bool = False
    is_alone: bool = False
    #: Whether the steps show the bug by themselves: otherwise they do so only if another schedule passes.
    is_certain: bool = True
    #: The parts that there was no time for, in words.
    left_out: tuple[str, ...] = ()
    #: The number of steps in scope that are not shown because they affect no other thread.
    private: int = 0
    #: The numbers of the steps that are the last waits of threads that failed, if their time limits expired.
    expired: tuple[int, ...] = ()

    @property
    def story(self) -> str:
        """The notes and the evidence as text."""
        steps = "; ".join(f"{each.text} at {each.place}" for each in self.evidence)
        return " ".join((*self.notes, *((f"{steps}.",) if steps else ())))

    def without_bug(self) -> Timeline:
        """Return the same without the bug and the steps that it consists of."""
        steps = {each.position + 1 for each in self.evidence}
        reported = tuple(step for step in self.reported if step not in steps)
        return self._replace(bug="", evidence=(), help="", reported=reported, is_certain=True)

    def as_json(self) -> dict[str, Any]:
        """Return nested dictionaries and lists, which can be written as JSON and sent to another process."""
        return {
            "threads": list(self.threads),
            "events": [event._asdict() for event in self.events],
            "held": [held._asdict() for held in self.held],
            "arrows": [arrow._asdict() for arrow in self.arrows],
            "steps": self.steps,
            "bug": self.bug,
            "evidence": [
                {"step": each.position + 1, "text": each.text, "place": each.place, "source": each.source}
                for each in self.evidence
            ],
            "notes": list(self.notes),
            "help": self.help,
            "story": self.story,
            "reported": list(self.reported),
        }


def timeline_of(
    outcome: Outcome,
    points: Sequence[ChoicePoint] | None,
    recorder: Recorder | None = None,
    is_over: Callable[[], bool] = never,
    races: Sequence[Race] = (),
) -> Timeline:
    """Return what is worth showing of an execution in detail.

    `points` are the choices that were made in it; None if they are not known. `races` are what it has found, if the
    test has not failed. Once `is_over`, the rest is left out: the
    story, then the steps, of which the last ones are shown rather than those before.
    """
    if outcome.stuck is None and not races:
        outcome = outcome._replace(log=with_look_ups_done(without_inner(outcome.log)))
    end = end_of_failure(outcome)
    log = outcome.log[:end]
    pending = () if outcome.stuck is None else outcome.stuck.pending
    # Nothing that is done while there is only one thread affects another one.
    begin = next((position for position, (_, operation, _) in enumerate(log) if operation.kind == kinds.START), 0)
    # A step that others take only after the failure may be the one that came too late.
    relevant = Relevant(outcome.log[begin:], pending)
    names = described(outcome.log, [operation.target for _, operation, _ in pending])
    contested = [position for position in range(begin, len(log)) if relevant.shows(log[position])]
    if recorder is not None:
        recorder.number_first(contested)
    story = races_story(races, outcome, recorder) if races else story_of(outcome, points, end, recorder, is_over)
    reported = {position for position in story.positions if position < len(log)}
    expired = expired_before_failure(outcome, end)
    reported.update(expired)
    shown = sorted({*contested, *(position for position in reported if position >= begin)})
    marked = _marked(shown, [(point.step, point.chosen) for point in points or () if point.is_preemption], log)
    given = [point.step for point in points or () if gave_way(point, log)]
    # A thread that runs for long is left again and again: only what it does to shared things then is of interest.
    by_itself = _marked(shown, [(step, log[step][0].path) for step in given], log) & {*shown, *marked}
    loops = loops_of(outcome)
    every = _before_loops(sorted({*shown, *marked}), loops, reported, log)
    events: list[Event] = []
    beside = _beside(every, log)
    shown = []
    left_out = ["the story"] if story.is_cut_short else []
    if recorder is not None and recorder.cut_short:
        left_out.append("values of later steps")
    # From the end backwards: the last steps explain the failure best.
    for number, position in enumerate(reversed(every)):
        if number % _PATIENCE == _PATIENCE - 1 and "earlier steps" not in left_out and is_over():
            left_out.append("earlier steps")
        if "earlier steps" not in left_out or position in reported or position in marked:
            event = event_of(position, log[position], names, recorder, beside=beside.get(position, ()))
            events.append(event._replace(switch=position in marked, gave_way=position in by_itself))
            shown.append(position)
    events.reverse()
    shown.reverse()
    first_round = {loop.thread: loop.begin for loop in loops}
    in_rounds = {at for at in contested if at >= first_round.get(log[at][0].index, len(log))}
    events = with_skipped(events, [at for at in contested if at not in in_rounds])
    arrows = () if loops else tuple(_arrows(shown, log, events))
    uses = uses_shown(outcome, min(first_round.values(), default=len(log)))
    library = LibraryCalls(log)
    events = [event._replace(within=_called(event, library.method_at(event.step - 1))) for event in events]
    events = list(without_runner({*contested, *reported}, log, with_uses(events, uses)))
    for loop in loops:
        for position in loop.positions:
            events.append(event_of(position, log[position], names, recorder)._replace(repeats=loop.text))
    repeating = {loop.thread for loop in loops}
    waiting = {} if outcome.stuck is None else {wait.number: wait for wait in outcome.stuck.waits}
    for at, step in enumerate(pending, start=len(log)):
        if step[0].index not in repeating:
            wait = waiting.get(step[0].index)
            event = event_of(at, step, names, where=None if wait is None else wait.where)
            # A thread outside has done its last step.
            outside = wait is not None and wait.outside
            kind, what = ("blocked", "") if outside else (step[1].kind, event.what)
            within = _called(event, library.method_of(step[1]))
            events.append(event._replace(waits=True, kind=kind, what=what, within=within))
    return Timeline(
        threads=distinguished(outcome.threads),
        events=tuple(events),
        held=tuple(_held(log, names)),
        arrows=arrows,
        steps=len(outcome.log),
        bug=story.bug,
        evidence=story.evidence,
        notes=(*story.notes, *tasks_that_lasted(outcome, expired, library, recorder)),
        help=story.help,
        functions=_functions(outcome),
        # The order of tasks may matter, too.
        is_plain=story.is_plain and not _runs_coroutines(log),
        is_alone=_is_alone(outcome, log),
        is_certain=story.is_certain,
        reported=tuple(position + 1 for position in story.positions),
        left_out=tuple(left_out),
        private=0 if loops else sum(relevant.is_private(log[at]) for at in {*range(begin, len(log))} - reported),
        expired=tuple(position + 1 for position in expired),
    )


def _is_alone(outcome: Outcome, log: Sequence[Step]) -> bool:
    """Whether the test's own thread was alone, and had not even started another one; nor did it run coroutines."""
    alone = all(unit.index == 0 and operation.kind != kinds.START for unit, operation, _ in log)
    return alone and not outcome.waits_outside and not _runs_coroutines(log)


def _runs_coroutines(log: Sequence[Step]) -> bool:
    return any(operation.code is not None and operation.code.co_flags & _COROUTINE for _, operation, _ in log)


def _functions(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """Return the threads that are named after the function that they run: "Thread-1", "worker()"."""
    names = distinguished(outcome.threads)
    units = {unit.index: unit for unit, _, _ in outcome.log}
    return tuple((names[index], f"{unit.runs}()") for index, unit in sorted(units.items()) if unit.runs)


def _called(event: Event, function: str) -> str:
    return f"{function}()" if function and event.kind not in kinds.OF_THREADS else ""


def _marked(shown: Sequence[int], switches: Iterable[tuple[int, Path]], log: Sequence[Step]) -> set[int]:
    """Return the first shown step after each switch if it is of the thread that was switched to, else the next step."""
    marked: set[int] = set()
    for step, to in switches:
        if step < len(log):
            at = bisect.bisect_left(shown, step)
            is_shown = at < len(shown) and log[shown[at]][0].path == to
            marked.add(shown[at] if is_shown else step)
    return marked


def _before_loops(shown: list[int], loops: Sequence[Loop], reported: set[int], log: Sequence[Step]) -> list[int]:
    """Return the steps to show of an execution that ends in loops: those right before them, and those of the story."""
    if not loops:
        return shown
    begin = {loop.thread: loop.begin for loop in loops}
    before = [position for position in shown if position < begin.get(log[position][0].index, len(log))]
    return sorted({*before[-_BEFORE_LOOPS:], *reported})


def _beside(positions: Sequence[int], log: Sequence[Step]) -> dict[int, list[int]]:
    """Return, by position, those of successive steps of one thread at one line, if there are several."""
    rows = itertools.groupby(positions, lambda position: (log[position][0].index, log[position][1].where()[:2]))
    found: dict[int, list[int]] = {}
    for _, several in rows:
        row = list(several)
        if len(row) > 1:
            found.update(dict.fromkeys(row, row))
    return found


def _held(log: Sequence[Step], names: Mapping[int, str]) -> Iterator[Held]:
    """Yield the locks that threads held, from the step that took each to the one that gave it back, or to the end."""
    holding = Holding()
    since: dict[tuple[int, int], tuple[int, str]] = {}
    for number, (unit, operation, _) in enumerate(log, start=1):
        if operation.is_access:
            continue
        holding.follow(unit, operation)
        now = holding.now
        for key in [key for key in since if key not in now]:
            first, text = since.pop(key)
            yield Held(key[0], text, first, number)
        for key, lock in now.items():
            if key not in since:
                since[key] = (number, names.get(id(lock)) or lock.describe())
    for (thread, _), (first, text) in since.items():
        yield Held(thread, text, first, len(log) + 1)


def _arrows(shown: Sequence[int], log: Sequence[Step], events: Sequence[Event]) -> Iterator[Arrow]:
    """Yield an arrow to each shown step from the last shown step of another thread that conflicts with it."""
    touched: dict[Any, Latest] = {}
    for number, position in enumerate(shown):
        unit, _, touches = log[position]
        if not touches:
            continue
        found = -1
        for key, part, how in touches:
            latest = touched.get(key)
            if latest is not None:
                found = max(found, latest.conflicting(unit.index, part, writes=bool(how & WRITES)))
        for key, part, how in touches:
            touched.setdefault(key, Latest()).add(unit.index, part, number, writes=bool(how & WRITES))
        if found >= 0:
            yield Arrow(events[found].step, events[number].step, events[number].what)

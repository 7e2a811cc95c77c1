"""The story of an execution: the bug, and the steps of different threads that it consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...control import Outcome, Recorder
from ...control.execution import DEADLOCK, LIVELOCK
from ...explore import ChoicePoint
from ...explore.search import never
from ..causes._giving_way import gave_way, why_gave_way
from ..causes._iterations import changed_during_iteration
from ..causes._names import distinguished
from ..causes._overlaps import TimeIsOver, Torn
from ._bugs import Bug, Bugs, during_iteration
from ._deadlock import deadlock_story, livelock_bug
from ._effects import Effect, Effects, HandedOn, Interrupted, TooEarly, steps_of
from ._evidence import Evidence, Story
from ._held_up import held_up
from ._words import Words

#: At most this many switches of each sort are examined if the schedule could not be shrunk; and at most this many
#: effects are shown. The rest are skipped.
_EXAMINED = 20
_MOST_EFFECTS = 3

#: The order in which effects give the bug its name, if a failure needs several.
_TELLING: tuple[type, ...] = (Torn, TooEarly)
_LEAST: tuple[type, ...] = (Interrupted, HandedOn)


def story_of(
    outcome: Outcome,
    points: Sequence[ChoicePoint] | None,
    end: int,
    recorder: Recorder | None = None,
    is_over: Callable[[], bool] = never,
) -> Story:
    """Return the bug that the first switches, or the waits of the threads, show; an empty story if nothing can be said.

    `points` is None if it is not known which choices there were. After `end` steps the execution has failed. Once
    `is_over`, no more effects are added.
    """
    pauses = list(held_up(outcome, end))
    notes = [text for text, _ in pauses]
    noted = tuple(at for _, places in pauses for at in places)
    if outcome.stuck is not None and outcome.stuck.kind == DEADLOCK:
        story = deadlock_story(outcome, recorder)
        return story._replace(notes=(*notes, *story.notes), noted=(*noted, *story.noted))
    named = livelock_bug(outcome.stuck) if outcome.stuck is not None and outcome.stuck.kind == LIVELOCK else ""
    chosen = [point for point in points or () if point.is_switch]
    given = [point for point in points or () if gave_way(point, outcome.log) and point.step < end]
    rounds = changed_during_iteration(outcome)
    if rounds is not None:
        words = Words(outcome, recorder)
        bug = during_iteration(words.what(rounds[0]))
        steps = tuple(words.evidence(position, bug.variable) for position in rounds)
        turned = [] if chosen else [_turn(point, outcome) for point in given[-1:]]
        return Story(bug.name, steps, (*notes, *turned), bug.help, noted)
    if points is None:
        return Story(named, notes=tuple(notes), noted=noted)
    if not chosen and not given:
        return Story(named, notes=tuple(notes), noted=noted, is_plain=not pauses)
    if named:
        # Threads that spin give way all the time; what they do besides is rarely the cause.
        return Story(named, notes=(*notes, *[_turn(point, outcome) for point in given[-1:]]), noted=noted)
    # For the same reason, only the effects of the last switches matter.
    examined = sorted((*chosen[:_EXAMINED], *given[-_EXAMINED:]), key=lambda point: point.step)
    found: list[tuple[Effect, ChoicePoint]] = []
    is_cut_short = False
    words = Words(outcome, recorder)
    bug = Bug("")
    evidence: dict[int, Evidence] = {}
    try:
        effects = Effects(outcome, end, is_over)
        for point in examined:
            _add(found, effects.of_switch(point), point)
            if len(found) >= _MOST_EFFECTS:
                break
        if found:
            bugs = Bugs(outcome, effects, words)
            bug = bugs.of(min(found, key=_rank)[0])
            for effect, _ in found:
                for position in (*steps_of(effect), *bug.also):
                    evidence.setdefault(position, words.evidence(position, bug.variable))
    except TimeIsOver:
        is_cut_short = True
    turns = dict.fromkeys(_turn(point, outcome) for _, point in found if point in given)
    if not found and not chosen and not is_cut_short and not pauses:
        turns = {_turn(given[-1], outcome): None}
    return Story(
        bug.name,
        tuple(evidence[position] for position in sorted(evidence)),
        (*notes, *turns),
        bug.help,
        noted,
        is_cut_short=is_cut_short,
    )


def _add(found: list[tuple[Effect, ChoicePoint]], effect: Effect | None, point: ChoicePoint) -> None:
    """Add an effect, unless its steps are all in another one; those whose steps are all in this one are left out."""
    if effect is None:
        return
    steps = set(steps_of(effect))
    if not any(steps <= set(steps_of(other)) for other, _ in found):
        found[:] = [(other, at) for other, at in found if not set(steps_of(other)) < steps]
        found.append((effect, point))


def _rank(pair: tuple[Effect, ChoicePoint]) -> int:
    effect = pair[0]
    return 0 if isinstance(effect, _TELLING) else 2 if isinstance(effect, _LEAST) else 1


def _turn(point: ChoicePoint, outcome: Outcome) -> str:
    """Return a sentence that says that a thread gave way, and why."""
    names = distinguished(outcome.threads)
    other = names[outcome.log[point.step][0].index]
    return f"{why_gave_way(point, outcome.log, names)}, so the scheduler ran {other}."

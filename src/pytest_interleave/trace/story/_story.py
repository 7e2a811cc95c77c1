"""The story of an execution: the bug, and the steps of different threads that it consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...control import Outcome, Recorder, Step
from ...control.execution import DEADLOCK, LIVELOCK
from ...control.identity import type_named
from ...explore import ChoicePoint
from ...explore.search import never
from ..bugs._bug import Bug, after_wait, during_iteration, during_sort, in_vain, unnotified
from ..bugs._bugs import Bugs, of_refusal
from ..causes._giving_way import gave_way, why_gave_way
from ..causes._iterations import changed_during_iteration, changed_during_sort
from ..causes._names import distinguished
from ..causes._of_primitives import guards_others
from ..causes._overlaps import Access, TimeIsOver, Torn
from ..causes._primitive_turns import never_notified, notified_in_vain, used_after_wait
from ..effects._effects import Effects
from ..effects._kinds import Effect, HandedOn, Interrupted, Replaced, TooEarly, steps_of
from ..effects._refined import refined
from ..words._evidence import Evidence, Story
from ..words._refusals import refused_at_failure
from ..words._words import Words
from ._deadlock import deadlock_story, livelock_bug
from ._held_up import held_up
from ._locked import locked

#: At most this many switches of each sort are examined if the schedule could not be shrunk; and at most this many
#: effects are shown. The rest are skipped.
_EXAMINED = 20
_MOST_EFFECTS = 3

#: The order in which effects give the bug its name, if a failure needs several.
_TELLING: tuple[type, ...] = (Torn, TooEarly, Replaced)
_LEAST: tuple[type, ...] = (Interrupted, HandedOn)


def story_of(
    outcome: Outcome,
    points: Sequence[ChoicePoint] | None,
    end: int,
    recorder: Recorder | None = None,
    is_over: Callable[[], bool] = never,
) -> Story:
    """Return the bug that the first switches, or the waits of the threads, show; an empty story if nothing can be said.

    `points` is None if it is not known which choices there were; then the only bugs are updates that are lost. After
    `end` steps the execution has failed. Once `is_over`, no more effects are added.
    """
    pauses = list(held_up(outcome, end))
    notes = list(dict.fromkeys(text for text, _ in pauses))
    noted = tuple(at for _, places in pauses for at in places)
    named = livelock_bug(outcome.stuck) if outcome.stuck is not None and outcome.stuck.kind == LIVELOCK else ""
    chosen = [point for point in points or () if point.is_switch]
    given = [point for point in points or () if gave_way(point, outcome.log) and point.step < end]
    is_plain = points is not None and not (chosen or given or pauses)
    if outcome.stuck is not None and outcome.stuck.kind == DEADLOCK:
        story = deadlock_story(outcome, recorder, is_over)
        return story._replace(notes=(*notes, *story.notes), noted=(*noted, *story.noted), is_plain=is_plain)
    words = Words(outcome, recorder)
    # Threads that spin give way all the time: only the last time may matter.
    turned = [_turn(point, outcome) for point in given[-1:]]
    seen = _plain_bug(outcome, words, end) or locked(outcome)
    refusal = None if seen else refused_at_failure(outcome, end, words.refusals)
    if refusal is not None:
        bug = of_refusal(words, refusal)
        seen = bug, bug.instead
    if seen is not None:
        bug, positions = seen
        steps = tuple(words.evidence(position, bug.variable) for position in positions)
        story = Story(bug.name, steps, (*notes, *([] if chosen else turned)), bug.help, noted)
        # What a lock refuses may be a bug of the test.
        return story if refusal is None else story._replace(is_plain=is_plain, is_certain=not is_plain)
    if not chosen and not given and (named or pauses or not outcome.raised):
        return Story(named, notes=tuple(notes), noted=noted, is_plain=points is not None and not pauses)
    if named:
        # What such threads do besides is rarely the cause.
        return Story(named, notes=(*notes, *turned), noted=noted)
    # For the same reason, only the effects of the last switches matter.
    examined = sorted((*chosen[:_EXAMINED], *given[-_EXAMINED:]), key=lambda point: point.step)
    is_plain = points is not None and not chosen and not given
    found: list[tuple[Effect, ChoicePoint | None]] = []
    is_cut_short = is_certain = False
    bug = Bug("")
    evidence: dict[int, Evidence] = {}
    try:
        effects = Effects(outcome, end, is_over, words)
        if points is None or len(chosen) > _MOST_EFFECTS:
            # Most of the switches are not needed for the failure, or it is not known which ones there were.
            found = [(effect, None) for effect in effects.lost_updates()]
        for point in () if found else examined:
            _add(found, effects.of_switch(point), point)
            if len(found) >= _MOST_EFFECTS:
                break
        if len(examined) > _MOST_EFFECTS:
            # Not every switch is needed for the failure.
            found = _at_different_places(found)
        if is_plain:
            found = [(effect, None) for effect in effects.of_blocking()]
        elif all(isinstance(effect, Interrupted) for effect, _ in found) and len(chosen) <= _MOST_EFFECTS:
            # What a lock is to protect says more than its uses do.
            found = [(effect, None) for effect in effects.of_any(chosen)] or found
        if found:
            bugs = Bugs(outcome, effects, words)
            found = [(refined(each, effects.accesses, outcome.log), point) for each, point in found]
            ranked = sorted(found, key=lambda pair: _rank(pair[0], pair[1], outcome))
            bug = bugs.of(ranked[0][0])
            is_certain = isinstance(ranked[0][0], Torn) and ranked[0][0].loses_update
            shown = [bug.instead] if bug.instead else [(*steps_of(effect), *bug.also) for effect, _ in found]
            for positions in shown:
                for position in positions:
                    each = words.evidence(position, bug.variable)
                    after = " after the failure" if position >= end else ""
                    evidence.setdefault(position, each._replace(text=f"{each.text}{after}"))
    except TimeIsOver:
        is_cut_short = True
    turns = dict.fromkeys(_turn(point, outcome) for _, point in found if point in given)
    if not found and given and not chosen and not is_cut_short and not pauses:
        turns = {_turn(given[-1], outcome): None}
    return Story(
        bug.name,
        tuple(evidence[position] for position in sorted(evidence)),
        (*notes, *turns),
        bug.help,
        noted,
        is_plain=is_plain,
        is_certain=is_certain or not is_plain,
        is_cut_short=is_cut_short,
    )


def _plain_bug(outcome: Outcome, words: Words, end: int) -> tuple[Bug, tuple[int, ...]] | None:
    """Return a bug that does not depend on where threads were switched, and the positions of its steps."""
    rounds = changed_during_iteration(outcome)
    if rounds is not None:
        return during_iteration(words.what(rounds[0])), rounds
    sort = changed_during_sort(outcome)
    if sort is not None:
        return during_sort(words.what(sort[0])), sort
    used = used_after_wait(outcome)
    if used is not None:
        return after_wait(words.what(used[0])), used
    missed = notified_in_vain(outcome, end)
    if missed is not None:
        waits = words.thread(missed.wait)
        woken = "" if missed.woken is None else words.thread(missed.woken)
        bug = in_vain(words.primitive(missed.wait), outcome.log[missed.wait][1], waits, woken)
        return bug, tuple(sorted(at for at in missed if at is not None))
    vain = never_notified(outcome)
    return None if vain is None else (unnotified(words.primitive(vain[0])), vain)


def _add(found: list[tuple[Effect, ChoicePoint | None]], effect: Effect | None, point: ChoicePoint) -> None:
    """Add an effect, unless its steps are all in another one; those whose steps are all in this one are left out."""
    if effect is None:
        return
    steps = set(steps_of(effect))
    if not any(steps <= set(steps_of(other)) for other, _ in found):
        found[:] = [(other, at) for other, at in found if not set(steps_of(other)) < steps]
        found.append((effect, point))


def _at_different_places(found: list[tuple[Effect, ChoicePoint | None]]) -> list[tuple[Effect, ChoicePoint | None]]:
    """Return the first one of the effects of a kind at the same places."""
    different: dict[object, tuple[Effect, ChoicePoint | None]] = {}
    for effect, point in found:
        places = tuple(access.place for access in effect if isinstance(access, Access))
        different.setdefault((type(effect), places) if places else effect, (effect, point))
    return list(different.values())


def _rank(effect: Effect, point: ChoicePoint | None, outcome: Outcome) -> tuple[bool, int, bool]:
    """Return the rank of an effect: the lowest one gives the bug its name."""
    # Which thread runs first says less than where one was preempted.
    is_first = isinstance(effect, TooEarly) and point is not None and not point.preempts
    accesses = [each for each in effect if isinstance(each, Access)]
    guards = bool(accesses) and all(_is_of_guard(outcome.log[each.position]) for each in accesses)
    return guards, 0 if isinstance(effect, _TELLING) else 2 if isinstance(effect, _LEAST) else 1, is_first


def _is_of_guard(step: Step) -> bool:
    """Whether a step accesses a field of a lock that the program has made: what it should protect says more."""
    touches = step[2] or ()
    return any(guards_others(type_named(name)) for name, _, _ in touches[-1:])


def _turn(point: ChoicePoint, outcome: Outcome) -> str:
    """Return a sentence that says that a thread gave way, and why."""
    names = distinguished(outcome.threads)
    other = names[outcome.log[point.step][0].index]
    return f"{why_gave_way(point, outcome.log, names)}, so the scheduler ran {other}."

"""Events of a timeline that are no accesses: uses of files and the like, and switches without a line to show."""

from __future__ import annotations

import bisect
import os
from collections.abc import Container, Iterator, Sequence

from ..control import Outcome, Step
from ..control.steps import kinds
from ..detect import contested_uses, name_of_used
from ._events import Event
from ._relevant import is_elsewhere


def uses_shown(outcome: Outcome, end: int) -> list[Event]:
    """Return an event for each use of a file or the like that conflicts with another thread's, up to `end` steps.

    No use is a step: an event has the number of the step before it.
    """
    events: list[Event] = []
    known: set[object] = set()
    for use in contested_uses(outcome.log, outcome.uses):
        # To open a file and to read it is one thing for people.
        same = use.position, use.unit.index, use.thing.key, use.how, use.code, use.lasti
        if use.position <= end and same not in known:
            known.add(same)
            place = use.place
            name = name_of_used(use)
            events.append(
                Event(
                    step=use.position,
                    thread=use.unit.index,
                    kind=use.how,
                    what=name,
                    place=str(place),
                    function=place.function,
                    source=place.text,
                    value="",
                    does=f"{use.how}: {_short(name)}",
                    uses=True,
                )
            )
    return events


def _short(name: str) -> str:
    """Return the name of a file without its directories."""
    return f"{name.partition(' ')[0]} {os.path.basename(name)}" if os.sep in name else name


def with_uses(events: Sequence[Event], uses: Sequence[Event]) -> list[Event]:
    """Return the events of steps and of uses in their order."""
    # A step is before the uses that have its number; `sorted` is stable.
    return sorted((*events, *uses), key=lambda event: event.step)


def without_runner(telling: Container[int], log: Sequence[Step], events: Sequence[Event]) -> Iterator[Event]:
    """Yield the events without those that only show the library that runs a thread, because of a switch to it.

    The mark of the switch is on what the thread does next. If that is not shown, the event has no place. The steps at
    the positions in `telling` are shown for themselves.
    """
    switch = gave_way = False
    for number, event in enumerate(events):
        shown = event._replace(switch=event.switch or switch, gave_way=event.gave_way or gave_way)
        switch = gave_way = False
        position = event.step - 1
        if not event.uses and position not in telling and is_elsewhere(log[position][1]):
            if number + 1 < len(events) and events[number + 1].thread == event.thread:
                switch, gave_way = shown.switch, shown.gave_way
                continue
            if event.kind == kinds.BEGIN:
                shown = shown._replace(place="", function="", source="")
        yield shown


def with_skipped(events: Sequence[Event], positions: Sequence[int]) -> list[Event]:
    """Return the events with the number of steps at `positions` between each and the one before that are not shown."""
    shown = {event.step - 1 for event in events}
    missing = [position for position in positions if position not in shown]
    counted = []
    begin = 0
    for event in events:
        end = bisect.bisect_left(missing, event.step - 1)
        counted.append(event._replace(skipped=end - begin))
        begin = end
    return counted

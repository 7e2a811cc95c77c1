"""Every step of an execution as text, one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..control import Recorder, Step
from ..control.execution import described
from ._rows import SWITCHED
from .causes._names import distinguished
from .causes._what import what_of


def steps_text(log: Sequence[Step], switched: Collection[int] = (), recorder: Recorder | None = None) -> Iterator[str]:
    """Yield a line for each step: its number, its thread, what it does to what, the values, and the place.

    `switched` are the positions in the log right after a preemption.
    """
    names = described(log)
    called = dict(sorted((unit.index, unit.name) for unit, _, _ in log))
    threads = dict(zip(called, distinguished(list(called.values())), strict=True))
    width = max(map(len, threads.values()), default=0)
    digits = len(str(len(log)))
    for position, (unit, operation, touches) in enumerate(log):
        place = operation.where()
        value = "" if recorder is None else recorder.text_at(position)
        what = " ".join(word for word in (operation.kind, what_of(operation, touches, names), value) if word)
        mark = SWITCHED if position in switched else " " * len(SWITCHED)
        source = f"  {place.text}" if place.text else ""
        yield f"{mark} {position + 1:>{digits}}  {threads[unit.index]:<{width}}  {what}  {place}{source}"

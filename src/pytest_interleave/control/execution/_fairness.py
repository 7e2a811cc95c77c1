"""Fairness: a unit that goes on for long gives the others a turn, whatever the strategy prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._execution import Execution
    from .units._units import Unit

#: Steps in a row that change nothing, after which a thread that keeps running while others could counts as spinning.
SPIN_STEPS = 50
#: Steps in a row that change something, after which the others get a turn.
RUN_STEPS = 5_000
#: Each thread gets at least this many turns before the bound on steps is reached.
TURNS = 5


def is_to_give_way(unit: Unit, turn: int) -> bool:
    """Whether the running thread, which has gone on for long, is to give the others a turn.

    Not while it holds a lock, if that ever ends: the others might all wait for it, and never get any further.
    """
    return not unit.held or unit.streak > 2 * SPIN_STEPS or unit.run_length > turn + SPIN_STEPS


def give_way(execution: Execution, unit: Unit) -> None:
    """The running thread spins: demote it, and let the next one in line go on."""
    execution.strategy.yielded(unit.index)
    enabled = execution.enabled
    at = enabled.index(unit)
    held_back = getattr(execution.strategy, "held_back", ())
    others = (*enabled[at + 1 :], *enabled[:at])
    able = [other for other in others if other.index not in held_back and not other.is_clock]
    if not able:
        unit.streak = 0
        return
    chosen = able[0]
    execution.choices[-1] = chosen.index
    execution.switch(unit, chosen)

"""Fairness: a unit that runs for long gives the others a turn, whatever the strategy prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._execution import Execution
    from .units._units import Unit

#: At most this many steps in a row that change nothing; a thread that then keeps running while others could counts as
#: spinning.
SPIN_STEPS = 50
#: At most this many steps in a row that change something; then the others get a turn.
RUN_STEPS = 5_000
#: Number of turns that each thread gets, at least, before the bound on steps is reached.
TURNS = 5


def is_to_give_way(unit: Unit, turn: int) -> bool:
    """Whether the running unit, which has run for long, is to give the others a turn.

    While it holds a lock, it may first take `SPIN_STEPS` more steps: the others might all wait for that lock, and never
    make any progress.
    """
    return not unit.held or unit.streak > 2 * SPIN_STEPS or unit.run_length > turn + SPIN_STEPS


def give_way(execution: Execution, unit: Unit) -> None:
    """Demote the running unit, which has run for long, and let the next one in line run."""
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

"""The relation of waiting between units: which one waits for which."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...scope._places import Place, user_place
from ._endings import DEADLOCK, Ending
from ._outcome import EndedThread, Stuck, WaitingThread
from ._pool_tasks import tasks_by_condition
from ._primitive_names import awaited, described, event_of
from ._units import Unit

if TYPE_CHECKING:
    from .._execution import Execution


def cycle_from(unit: Unit) -> list[Unit]:
    """Return the threads of a circular wait through `unit`, without a time limit; else nothing."""
    chain: list[Unit] = []
    current = unit
    while True:
        if current.deadline is not None or current.enabled or current.done:
            return []
        chain.append(current)
        blocker = blocker_of(current)
        if blocker is None:
            return []
        if blocker is unit:
            # A thread that waits for a lock of its own may use it as a signal: another thread may release it.
            return chain if len(chain) > 1 else []
        if blocker in chain:
            return []
        current = blocker


def blocker_of(unit: Unit) -> Unit | None:
    """Return the only unit that can let `unit` continue: the owner of a lock, the thread to be joined; else None."""
    resource = unit.resource
    if resource is None:
        return None
    if isinstance(resource, Unit):
        return resource
    owner = getattr(resource, "owner", None)
    return owner if isinstance(owner, Unit) else None


def is_blocked(unit: Unit) -> bool:
    """Whether a thread cannot continue, and no time limit ends its wait."""
    return not unit.enabled and unit.deadline is None


def stuck_of(execution: Execution, kind: Ending, cycle: list[Unit], **more: Any) -> Stuck:
    """Return what is known of an execution that cannot continue: the threads in the circle, or all that are left.

    `more` are further fields. They are passed here because `_replace` of a named tuple is code in scope.
    """
    concerned = cycle or [unit for unit in execution.units if not unit.done]
    if kind == DEADLOCK:
        # Daemon threads may still look for something again and again.
        concerned = [unit for unit in concerned if is_blocked(unit)] or concerned
    pending = [(unit, unit.operation, unit.touches) for unit in concerned if not unit.done and not unit.enabled]
    names = described(execution.log, [unit.resource for unit in concerned])
    waits = waits_of(concerned, sys._current_frames(), names)
    ended = [
        EndedThread(unit.index, unit.name, unit.exception or unit.half.caught) for unit in execution.units if unit.done
    ]
    return Stuck(kind, waits, execution.steps, bool(cycle), pending, ended, **more)


def waits_of(units: list[Unit], frames: Mapping[int, FrameType], names: Mapping[int, str]) -> list[WaitingThread]:
    """Return what each unit waits for and where, for the report; `names` has the resources' names by address."""
    found: list[WaitingThread] = []
    tasks = tasks_by_condition(units, frames)
    for unit in units:
        resource = unit.resource
        where: Place | None = user_place(frames.get(unit.half.ident)) if unit.begun else None
        holder = blocker_of(unit)
        what = names.get(id(resource), "")
        outside = unit.outside and resource is None and not unit.execution.outside.computes(unit)
        if outside:
            what = "something outside the plugin's control"
        acquired = getattr(resource, "acquired_at", None)
        found.append(
            WaitingThread(
                number=unit.index,
                thread=unit.name,
                waits_for=what,
                where=where,
                holder=None if holder is None or holder is resource else holder.name,
                acquired=acquired() if acquired is not None else None,
                event="" if outside else event_of(resource),
                task=tasks.get(id(awaited(resource))),
                outside=outside,
            )
        )
    return found

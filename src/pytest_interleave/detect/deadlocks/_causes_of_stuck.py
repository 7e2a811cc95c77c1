"""The causes of an execution that cannot continue: which waits they are, and why they never end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...control import Step, Stuck, WaitingThread
from ...control.execution import DEADLOCK, LIVELOCK, TIMEOUT, awaited, short_name
from ._circular_waits import circular, circular_permits, starved_pool, waits_for_task_under_lock
from ._diagnosis import Diagnosis, blocked_forever, joined, method_of
from ._endless_waits import of_one, without_task_done
from ._uses import acquisition

#: At most this many steps that took locks are looked for.
_MOST_TAKEN = 8
_LEFT = (
    "wake the thread and join it before the test ends, or start it with daemon=True. Otherwise Python hangs at exit: "
    "it waits for all threads that are not daemons."
)
_COUNTS = (
    "if the loop ends at a larger number, raise max_steps in the marker of the test. Otherwise add the missing exit "
    "condition."
)
_OUTSIDE = (
    "give the wait a time limit, or make sure that it ends. If it only takes long, raise seconds in the marker of the "
    "test."
)
_LONG = "make the test shorter, or raise seconds in its marker."


def diagnose(stuck: Stuck, log: Sequence[Step]) -> Diagnosis:
    """Return what kept the threads from continuing."""
    if stuck.kind == LIVELOCK:
        return _livelock(stuck)
    if stuck.kind == TIMEOUT:
        return Diagnosis(
            f"one execution was still running after {stuck.seconds:g} s and {stuck.steps:,} steps",
            _OUTSIDE if any(wait.outside for wait in stuck.waits) else _LONG,
        )
    assert stuck.kind == DEADLOCK
    targets = {unit.index: operation.target for unit, operation, _ in stuck.pending}
    return _deadlock(stuck, targets, log)._replace(taken=_taken(stuck, targets, log))


def _deadlock(stuck: Stuck, targets: Mapping[int, Any], log: Sequence[Step]) -> Diagnosis:
    if stuck.cycle:
        return circular(stuck.waits, targets, log)
    causes = _causes(stuck)
    if stuck.left:
        return Diagnosis(blocked_forever(stuck, causes), _LEFT, causes)
    found = (
        waits_for_task_under_lock(stuck, targets, log)
        or starved_pool(stuck)
        or circular_permits(stuck, targets, log)
        or without_task_done(stuck, causes, targets)
        or _hold_and_wait(stuck, causes, targets, log)
    )
    if found is not None:
        return found
    if len({id(awaited(targets.get(wait.number))) for wait in causes}) == 1:
        diagnosis = of_one(stuck, causes, targets.get(causes[0].number), log)
        return diagnosis._replace(causes=diagnosis.causes or causes)
    return Diagnosis(blocked_forever(stuck, causes), causes=causes)


def _taken(stuck: Stuck, targets: Mapping[int, Any], log: Sequence[Step]) -> tuple[int, ...]:
    """Return the positions of the steps that took the locks for which threads wait, without those beyond a limit."""
    held = {id(targets.get(wait.number)): wait for wait in stuck.waits if wait.holder is not None}
    waits = list(held.values())[:_MOST_TAKEN]
    return tuple(at for wait in waits for at in acquisition(wait, targets.get(wait.number), log))


def _livelock(stuck: Stuck) -> Diagnosis:
    if stuck.counts:
        bug = f"still running after {stuck.steps:,} steps; the threads repeat the same loop and only count"
        return Diagnosis(bug, _COUNTS)
    return Diagnosis(f"no thread makes progress after {stuck.steps:,} steps; each repeats the same steps")


def _causes(stuck: Stuck) -> tuple[WaitingThread, ...]:
    """Return the waits that do not wait for another thread that is blocked, too: its end, its lock, or its task."""
    blocked = {wait.thread for wait in stuck.waits}
    found = [wait for wait in stuck.waits if not _waits_for_one_of(blocked - {wait.thread}, wait)]
    return tuple(found or stuck.waits)


def _waits_for_one_of(threads: set[str], wait: WaitingThread) -> bool:
    if wait.task is not None:
        others = wait.task.pool if wait.task.thread is None else (wait.task.thread,)
        return bool(threads.intersection(others)) and wait.thread not in others
    return joined(wait) in threads or wait.holder in threads


def _hold_and_wait(
    stuck: Stuck, causes: Sequence[WaitingThread], targets: Mapping[int, Any], log: Sequence[Step]
) -> Diagnosis | None:
    """Return that the only cause holds a lock that another thread waits for, which could perhaps end its wait."""
    wait = causes[0]
    held = next((other for other in stuck.waits if other.holder == wait.thread and other is not wait), None)
    if len(causes) > 1 or held is None or wait.holder is not None or not wait.waits_for:
        return None
    lock = short_name(held.waits_for)
    method = method_of(wait, stuck)
    what = f"in {method}()" if method else f"for {wait.event}{short_name(wait.waits_for)}"
    return Diagnosis(
        f"{wait.thread} waits {what} while it holds {lock}, which {held.thread} needs",
        f"release {lock} before the wait: {held.thread}, which needs it, may be the one to end the wait",
        tuple(causes),
        steps=acquisition(held, targets.get(held.number), log),
    )

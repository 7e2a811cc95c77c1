"""Waits whose time limit expired before a thread failed, and the tasks whose results were waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..control import Outcome, Recorder
from ..control.steps import kinds
from ._relevant import is_elsewhere
from .causes._failing import failed_threads
from .causes._names import distinguished
from .words._library import LibraryCalls

#: Waits of at most this many threads are shown: of those that failed last. The others are skipped.
_MOST = 3
#: Methods of a future that wait for its task, and those by which that begins and ends.
_WAITING = ("result", "exception")
_BEGIN, _END = "set_running_or_notify_cancel", ("set_result", "set_exception")


def expired_before_failure(outcome: Outcome, end: int) -> tuple[int, ...]:
    """Return the positions in the log of the last wait that expired of each thread that failed, in `end` steps."""
    found: dict[int, int] = {}
    last: dict[int, int] = {}
    failed = failed_threads(outcome)
    for position in range(end - 1, -1, -1) if failed else ():
        unit, operation, _ = outcome.log[position]
        if unit.index not in failed:
            continue
        last.setdefault(unit.index, position)
        if operation.expired_at is None or unit.index in found or operation.kind in kinds.OF_TIME:
            continue
        if not is_elsewhere(operation):
            found[unit.index] = position
        if len(found) == len(failed):
            break
    latest = sorted(found, key=last.__getitem__)[-_MOST:]
    return tuple(sorted(found[thread] for thread in latest))


def tasks_that_lasted(
    outcome: Outcome, expired: Sequence[int], library: LibraryCalls, recorder: Recorder | None
) -> Iterator[str]:
    """Yield a sentence for each wait for a result that expired while another thread ran the task."""
    log = outcome.log
    names = distinguished(outcome.threads)
    for position in expired:
        method = library.method_at(position)
        begin = _beginning(outcome, position, library) if method in _WAITING else None
        if begin is None:
            continue
        waits, runs = log[position][0].index, log[begin][0].index
        # The same thread may run another task later.
        later = range(begin + 1, len(log))
        ends = (at for at in later if log[at][0].index == runs and library.method_at(at) in (*_END, _BEGIN))
        own = [at for at in range(begin + 1, next(ends, len(log))) if log[at][0].index == runs]
        function = next(filter(None, (_function_at(at, recorder) for at in own)), "")
        task = f"the task {function}()" if function else "its task"
        now = next((log[at][1] for at in own if at > position), None)
        if now is None:
            now = next((operation for unit, operation, _ in outcome.pending if unit.index == runs), None)
        where = "" if now is None or is_elsewhere(now) else f", at {now.where()}"
        waited = f"{names[waits]}'s {method}() at {log[position][1].where()} timed out"
        yield f"{waited}: {names[runs]} still ran {task}{where}."


def _beginning(outcome: Outcome, position: int, library: LibraryCalls) -> int | None:
    """Return the step by which another thread began the task whose result a step waits for; None if it is not known."""
    log = outcome.log
    condition = log[position][1].target
    used = {id(condition), id(getattr(condition, "_lock", condition))}
    own = [at for at in range(position) if id(log[at][1].target) in used and library.method_at(at) in (_BEGIN, *_END)]
    begun = own and library.method_at(own[-1]) == _BEGIN and log[own[-1]][0] is not log[position][0]
    return own[-1] if begun else None


def _function_at(position: int, recorder: Recorder | None) -> str:
    """Return the name of the outermost function in scope that a step is in; empty if it is not known, or has none."""
    calls = () if recorder is None else recorder.calls_at(position)
    name = calls[-1].function.rpartition("<locals>.")[2] if calls else ""
    return name if name.replace(".", "").isidentifier() else ""

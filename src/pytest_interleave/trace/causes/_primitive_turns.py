"""Operations of threads on one primitive, in an order that shows what went wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from ...control import Operation, Outcome, Path, Place, Step
from ...control.execution import awaited
from ...control.steps import WRITES, kinds
from ._failing import failed_threads, traceback_lines


class Turn(NamedTuple):
    """An operation of a thread on a primitive, at a position in the log."""

    position: int
    thread: Path
    kind: str
    place: Place


def turns_by_primitive(log: Sequence[Step]) -> list[list[Turn]]:
    """Return the turns at each primitive, in their order."""
    turns: dict[int, list[Turn]] = {}
    for position, (unit, operation, _) in enumerate(log):
        if not operation.is_access and operation.kind in kinds.TURNS:
            turn = Turn(position, unit.path, operation.kind, operation.where())
            turns.setdefault(id(awaited(operation.target)), []).append(turn)
    return list(turns.values())


def taken_between(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn, Turn]]:
    """Yield a thread's turn before it was left, the last one of another thread meanwhile, and its own next one."""
    first = next((turn for turn in reversed(turns) if turn.thread == thread and turn.position < switch), None)
    between, last = _meanwhile(turns, thread, switch, until)
    if first is not None and between is not None and last is not None:
        yield first, between, last


def signal_before_wait(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn]]:
    """Yield the signal of another thread and the wait of this one, if the wait began after the signal."""
    between, last = _meanwhile([turn for turn in turns if turn.kind in kinds.MISSED], thread, switch, until)
    if between is not None and last is not None and between.kind != kinds.WAIT and last.kind == kinds.WAIT:
        yield between, last


def set_before_clear(
    log: Sequence[Step], turns: Sequence[Turn], thread: Path, switch: int, until: int
) -> Iterator[tuple[Turn, Turn, Turn]]:
    """Yield where another thread sets an event, where this one clears it, and where a thread misses it after that.

    A thread misses it if its wait times out, or if it asks whether the event is set.
    """
    between, last = _meanwhile(turns, thread, switch, until)
    if between is None or last is None or (between.kind, last.kind) != (kinds.SET, kinds.CLEAR):
        return
    for turn in turns:
        if turn.position > last.position:
            if turn.kind == kinds.SET:
                return
            timed_out = turn.kind == kinds.WAIT and log[turn.position][1].expired_at is not None
            if turn.kind == kinds.IS_SET or timed_out:
                yield between, last, turn
                return


def _meanwhile(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> tuple[Turn | None, Turn | None]:
    others = [turn for turn in turns if turn.thread != thread and switch <= turn.position < until]
    after = (turn for turn in turns if turn.thread == thread and turn.position >= until)
    return others[-1] if others else None, next(after, None)


class _Wait(NamedTuple):
    """The last wait of a thread at a condition: positions in the log."""

    thread: int
    began: int
    #: Where it was notified, or its timeout had expired.
    ended: int
    #: The last notification of the condition by another thread before that; None if there is none.
    notified: int | None


#: At most this many threads are examined, those that waited last.
_MOST_WAITS = 4


def _waits(outcome: Outcome, threads: Collection[int]) -> Iterator[_Wait]:
    log = outcome.log
    ended: dict[int, int] = {}
    for at in reversed(range(len(log))):
        unit, operation, _ = log[at]
        if unit.index in threads and unit.index not in ended and _is_at_condition(operation, kinds.WOKEN):
            ended[unit.index] = at
            if len(ended) == _MOST_WAITS:
                break
    for thread, end in ended.items():
        condition = awaited(log[end][1].target)
        uses = [at for at in range(end) if log[at][1].target is not None and awaited(log[at][1].target) is condition]
        began = [at for at in uses if log[at][0].index == thread and _is_at_condition(log[at][1], kinds.WAIT)]
        notified = [at for at in uses if log[at][1].kind in _NOTIFYING and log[at][0].index != thread]
        if began:
            yield _Wait(thread, began[-1], end, notified[-1] if notified else None)


_NOTIFYING = (kinds.NOTIFY, kinds.NOTIFY_ALL)


def _is_at_condition(operation: Operation, kind: str) -> bool:
    return operation.kind == kind and type(awaited(operation.target)).__name__ == "Condition"


def used_after_wait(outcome: Outcome) -> tuple[int, int, int, int] | None:
    """Return the positions of a check before a wait at a condition, of a change, of the end of the wait, and of a use.

    Another thread has changed again, after the notification, what the waiting thread had checked; and that one has used
    it without another check.
    """
    log = outcome.log
    failed = failed_threads(outcome)
    # The exception of a task of a pool is raised again in another thread.
    lines = frozenset(traceback_lines(outcome))
    others = {unit.index for unit, operation, _ in log if operation.where()[:2] in lines} - failed
    for wait in (*_waits(outcome, failed), *_waits(outcome, others)):
        own = [at for at in range(len(log)) if log[at][0].index == wait.thread and log[at][1].is_access]
        uses = [at for at in own if at > wait.ended and (wait.thread in failed or log[at][1].where()[:2] in lines)]
        found = next(_unchecked_uses(log, wait, own, uses), None)
        if found is not None:
            check, change, use = found
            # A loop checks again.
            if log[check][1].where().lineno < log[use][1].where().lineno:
                return check, change, wait.ended, use
    return None


def _unchecked_uses(
    log: Sequence[Step], wait: _Wait, own: Sequence[int], uses: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """Yield the positions of a check before the wait, of the last change until its end, and of a use of the same."""
    if wait.notified is None:
        return
    for use in uses:
        for key, _, _ in log[use][2] or ():
            check = next((at for at in reversed(own) if at < wait.began and _touches(log[at], key)), None)
            changes = [
                at
                for at in range(wait.notified, wait.ended)
                if log[at][0].index != wait.thread and _touches(log[at], key, WRITES)
            ]
            if check is not None and changes and log[check][1].where()[::2] == log[use][1].where()[::2]:
                yield check, changes[-1], use


def never_notified(outcome: Outcome) -> tuple[int, int, int] | None:
    """Return the positions of a wait at a condition, of a change that no thread notifies it of, and of the timeout."""
    log = outcome.log
    for wait in _waits(outcome, failed_threads(outcome)):
        own = [at for at in range(wait.began) if log[at][0].index == wait.thread and log[at][1].is_access]
        if wait.notified is not None or log[wait.ended][1].expired_at is None or not own:
            continue
        function = log[wait.began][1].where()[::2]
        checked = {key for at in own if log[at][1].where()[::2] == function for key, _, _ in log[at][2] or ()}
        for at in range(wait.began, wait.ended):
            changed = any(key in checked and how & WRITES for key, _, how in log[at][2] or ())
            if changed and log[at][0].index != wait.thread and log[at][1].is_access:
                return wait.began, at, wait.ended
    return None


class InVain(NamedTuple):
    """A notification of a change that did not end the wait for it, which then timed out: positions in the log."""

    #: Where the thread that waits had checked what was changed then; it has not done so again.
    check: int
    change: int
    notified: int
    #: Where another thread was woken instead; None if the notification came before the wait.
    woken: int | None
    #: Where the wait began, if that was after the notification; else where its timeout had expired.
    wait: int


def notified_in_vain(outcome: Outcome, end: int) -> InVain | None:
    """Return the notification that a thread that failed has missed, of a change that is still there at its timeout."""
    log = outcome.log
    for wait in _waits(outcome, failed_threads(outcome)):
        if wait.notified is None or log[wait.ended][1].expired_at is None:
            continue
        woken = None
        if wait.notified > wait.began:
            condition = awaited(log[wait.ended][1].target)
            others = (
                at
                for at in range(wait.notified, wait.ended)
                if _is_at_condition(log[at][1], kinds.WOKEN) and awaited(log[at][1].target) is condition
            )
            woken = next((at for at in others if log[at][1].expired_at is None), None)
            if woken is None or log[wait.notified][1].kind != kinds.NOTIFY:
                continue
        found = _change_before(log[:end], wait)
        if found is not None:
            return InVain(*found, wait.notified, woken, wait.began if woken is None else wait.ended)
    return None


def _change_before(log: Sequence[Step], wait: _Wait) -> tuple[int, int] | None:
    """Return a check of a thread before its wait, and the later change by the thread that notified.

    Neither has the first one checked it again, nor has a third one changed it back, as one that takes an item does.
    """
    notified = wait.notified or 0
    function = log[wait.began][1].where()[::2]
    #: By thing and part, where the thread has last used it.
    used: dict[tuple[Any, Any], int] = {}
    for at, (unit, operation, touches) in enumerate(log):
        if unit.index == wait.thread and operation.is_access:
            used.update(((key, part), at) for key, part, _ in touches or ())
    for (key, part), check in used.items():
        if check > wait.began or log[check][1].where()[::2] != function:
            continue
        changes = [at for at in range(check, min(wait.ended, len(log))) if _changes(log[at], key, part)]
        if changes and changes[-1] < notified and log[changes[-1]][0] is log[notified][0]:
            return check, changes[-1]
    return None


def _changes(step: Step, thing: object, part: object) -> bool:
    writes = ((key, of) for key, of, how in step[2] or () if how & WRITES)
    return step[1].is_access and any(key == thing and (of == part or None in (of, part)) for key, of in writes)


def _touches(step: Step, thing: object, how: int = 0) -> bool:
    return any(key == thing and does & how == how for key, _, does in step[2] or ())

"""The step with which an execution failed, and the threads and accesses that failed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType

from ..._leaves import is_made_of, leaves
from ...control import Outcome
from ...control.scope import file_of

#: A line of a source file: the file's name and the line's number.
Line = tuple[str, int]


def end_of_failure(outcome: Outcome) -> int:
    """Return the number of steps until the last of the threads that failed has failed; all, if nothing was raised.

    What other threads did later has nothing to do with the failure.
    """
    log = outcome.log
    failed = failed_threads(outcome)
    return next((at + 1 for at in range(len(log) - 1, -1, -1) if log[at][0].index in failed), len(log))


def failing_positions(outcome: Outcome, end: int) -> frozenset[int]:
    """Return the positions in the log of the last accesses of each thread that failed, those that are at one line."""
    found: set[int] = set()
    for thread in failed_threads(outcome):
        place = None
        for at in range(end - 1, -1, -1):
            unit, operation, _ = outcome.log[at]
            if unit.index != thread or not operation.is_access:
                continue
            if place not in (None, operation.where()):
                break
            place = operation.where()
            found.add(at)
    return frozenset(found)


def failed_threads(outcome: Outcome) -> set[int]:
    """Return the indices of the threads that an exception of their own has ended; none if the execution got stuck."""
    if outcome.stuck is not None:
        return set()
    failed = dict(outcome.raised)
    others = [error for index, error in failed.items() if index]
    if 0 in failed and is_made_of(failed[0], others):
        # The test's own thread only passes on what the others raised.
        del failed[0]
    return set(failed)


def traceback_lines(outcome: Outcome) -> Iterator[Line]:
    """Yield the lines of the tracebacks of the threads that failed, also of the exceptions that led to others."""
    for index in failed_threads(outcome):
        for error in _with_context(leaves(outcome.raised[index])):
            traceback: TracebackType | None = error.__traceback__
            while traceback is not None:
                yield file_of[traceback.tb_frame.f_code.co_filename], traceback.tb_lineno
                traceback = traceback.tb_next


def _with_context(errors: Iterable[BaseException]) -> Iterator[BaseException]:
    """Yield exceptions, those that they were raised from, and those that were being handled then."""
    waiting, seen = list(errors), set()
    while waiting:
        error = waiting.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        waiting.extend(other for other in (error.__cause__, error.__context__) if other is not None)

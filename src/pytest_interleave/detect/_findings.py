"""Findings of an execution: a deadlock, a livelock, a timeout, or the exceptions that ended its threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .._leaves import is_made_of, leaves
from ..control import Outcome, ThreadFailure
from ..control.execution import DEADLOCK, LIVELOCK, TIMEOUT
from ._finding_kinds import FAILED_TEST, WORKER_EXCEPTION, FindingKind
from .deadlocks._stuck import describe_stuck


class Deadlock(AssertionError):
    """Raised when threads are blocked forever: by each other, or waiting for an event that can no longer happen.

    The message lists each thread, what it waits for, and who holds it.
    """

    __module__ = "pytest_interleave"


class Livelock(AssertionError):
    """Raised when the threads keep running but make no progress. The message lists each of them."""

    __module__ = "pytest_interleave"


class TooLong(AssertionError):
    """Raised when an execution is ended because it ran for too long. Whether it would have ended is not known."""

    __module__ = "pytest_interleave"


#: The class of the exception, by the kind of a finding.
_STUCK: dict[str, type[AssertionError]] = {DEADLOCK: Deadlock, LIVELOCK: Livelock, TIMEOUT: TooLong}


class Finding(NamedTuple):
    """A reason why an execution failed: its kind, and the exception that reports it."""

    kind: FindingKind
    exception: BaseException

    @property
    def message(self) -> str:
        """One paragraph for reports: the type and the text of the exception, and of the first one in a group."""
        name = type(self.exception).__name__
        try:
            text = str(self.exception).strip()
        except Exception as error:
            text = f"(its text is not available: __str__ raised {type(error).__name__})"
        reported = f"{name}: {text}" if text else name
        first = next(leaves(self.exception))
        if first is self.exception:
            return reported
        return f"{reported}: {Finding(self.kind, first).message}"

    def same_as(self, other: Finding) -> bool:
        """Whether both findings have the same kind and the same type of exception."""
        return self.kind == other.kind and type(self.exception) is type(other.exception)


def place_of_error(error: BaseException) -> tuple[str, int] | None:
    """Return the file and the line of the innermost frame that raised an exception; None without a traceback."""
    traceback = error.__traceback__
    if traceback is None:
        return None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)


def finding_of(
    outcome: Outcome, unchecked: Sequence[ThreadFailure] = (), skips: tuple[type[BaseException], ...] = ()
) -> Finding | None:
    """Return the finding of an execution, or None if it has not failed.

    `unchecked` are exceptions of the tasks of a thread pool that were never retrieved. Exceptions of a type in `skips`
    are no failures, and never hide one.
    """
    raised = [failure.exception for failure in _failing(outcome.failures, skips)]
    unseen = [failure.exception for failure in _failing(unchecked, skips)]
    body = outcome.exception
    if issubclass(type(body), skips):
        body = None
    if outcome.stuck is not None:
        return _stuck_finding(outcome, raised, unseen)
    if body is not None:
        raised, unseen = ([error for error in errors if not is_made_of(error, [body])] for errors in (raised, unseen))
        if not raised and not unseen:
            return Finding(FAILED_TEST, body)
        together = [body, *raised, *_with_notes(unseen)]
        return Finding(WORKER_EXCEPTION, _group(f"the test and {_counted(raised, unseen)} failed", together))
    if len(unseen) > 1 and not raised:
        group = _group("unchecked exceptions in thread_pool (call future.result() to handle them)", unseen)
        return Finding(WORKER_EXCEPTION, group)
    every = [*raised, *_with_notes(unseen)]
    if unseen and raised:
        group = _group(f"{_counted(raised, [])} and {_counted([], unseen)} failed", every)
        return Finding(WORKER_EXCEPTION, group)
    if len(raised) > 1:
        return Finding(WORKER_EXCEPTION, _group(f"{len(raised)} threads failed", raised))
    return Finding(WORKER_EXCEPTION, every[0]) if every else None


def _failing(failures: Sequence[ThreadFailure], skips: tuple[type[BaseException], ...]) -> list[ThreadFailure]:
    """Return the failures that are no skips, with notes that name their threads."""
    failing = [failure for failure in failures if not issubclass(type(failure.exception), skips)]
    for failure in failing:
        _note(failure.exception, f"raised in {failure.thread}")
    return failing


def _stuck_finding(outcome: Outcome, raised: list[BaseException], unseen: list[BaseException]) -> Finding:
    assert outcome.stuck is not None
    stuck = outcome.stuck
    # A loop that counts may end at a larger number.
    kind = TIMEOUT if stuck.counts else stuck.kind
    error: BaseException = _STUCK[kind](describe_stuck(stuck, outcome.log))
    if outcome.unwinding is not None:
        error = error.with_traceback(outcome.unwinding.__traceback__)
    if raised or unseen:
        together = [error, *raised, *_with_notes(unseen)]
        if len(together) == 2:
            error = _group(f"{kind}, and {_counted(raised, unseen)} raised an exception", together)
        else:
            error = _group(f"{kind}, and {_counted(raised, unseen)} raised exceptions", together)
    return Finding(kind, error)


def _with_notes(unseen: list[BaseException]) -> list[BaseException]:
    """Return the exceptions of tasks, with notes on how the test can handle them."""
    for error in unseen:
        _note(error, "unchecked exception in thread_pool: call future.result() to handle it")
    return unseen


def _counted(raised: list[BaseException], unseen: list[BaseException]) -> str:
    """Return how many threads have failed, and how many tasks: one thread of a pool may run several of these."""
    counts = ((len(raised), "thread", ""), (len(unseen), "task", " of thread_pool"))
    return " and ".join(f"{count} {what}{'' if count == 1 else 's'}{of}" for count, what, of in counts if count)


def _group(message: str, exceptions: list[BaseException]) -> BaseException:
    return BaseExceptionGroup(message, exceptions)


def _note(error: BaseException, text: str) -> None:
    if text not in getattr(error, "__notes__", ()):
        error.add_note(text)

"""What the exceptions of an execution mean for pytest, where they are no findings."""

from __future__ import annotations

import pytest

from ..._leaves import leaves
from ..._signals import came_by_signal
from ...control import Outcome
from ._workers import quiet_types

__all__ = ["as_failure", "came_by_signal", "quiet_exception", "request_to_stop"]


def request_to_stop(outcome: Outcome) -> BaseException | None:
    """What ends the whole session: Ctrl-C, which comes to the test's own thread; `pytest.exit` in any thread."""
    if isinstance(outcome.exception, KeyboardInterrupt):
        return outcome.exception
    raised = (outcome.exception, *(failure.exception for failure in outcome.failures))
    every = (leaf for error in raised if error is not None for leaf in leaves(error))
    return next((leaf for leaf in every if isinstance(leaf, pytest.exit.Exception)), None)


def as_failure(error: BaseException) -> BaseException:
    """The exception for pytest, which would take a `KeyboardInterrupt` that a thread raised for Ctrl-C."""
    if isinstance(error, KeyboardInterrupt):
        return BaseExceptionGroup("1 thread failed", [error])
    return error


def quiet_exception(outcome: Outcome) -> BaseException | None:
    """A skip or an expected failure, of the body or of a thread."""
    types = quiet_types()
    raised = (outcome.exception, *(failure.exception for failure in outcome.failures))
    return next((error for error in raised if isinstance(error, types)), None)

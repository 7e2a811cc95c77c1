"""Exceptions of an execution that are no findings: skips, expected failures, and requests to stop pytest."""

from __future__ import annotations

import pytest

from ..._leaves import leaves
from ..._signals import came_by_signal
from ...control import Outcome
from ._workers import quiet_types

__all__ = ["as_failure", "came_by_signal", "quiet_exception", "request_to_stop"]


def request_to_stop(outcome: Outcome) -> BaseException | None:
    """Return the exception that ends the session: of Ctrl-C in the test's thread, or `pytest.exit` in any thread."""
    if isinstance(outcome.exception, KeyboardInterrupt):
        return outcome.exception
    raised = (outcome.exception, *(failure.exception for failure in outcome.failures))
    every = (leaf for error in raised if error is not None for leaf in leaves(error))
    return next((leaf for leaf in every if isinstance(leaf, pytest.exit.Exception)), None)


def as_failure(error: BaseException) -> BaseException:
    """Wrap a `KeyboardInterrupt` that a thread has raised in a group: pytest would take it for Ctrl-C."""
    if isinstance(error, KeyboardInterrupt):
        return BaseExceptionGroup("1 thread failed", [error])
    return error


def quiet_exception(outcome: Outcome) -> BaseException | None:
    """Return the skip or expected failure of an execution, raised by its body or a thread; None if there is none."""
    types = quiet_types()
    raised = (outcome.exception, *(failure.exception for failure in outcome.failures))
    return next((error for error in raised if isinstance(error, types)), None)

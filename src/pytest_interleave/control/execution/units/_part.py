"""The base class of the parts of an execution: they know the execution, but do not keep it alive."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._execution import Execution


class Part:
    """A part of one execution, with a weak reference to it."""

    def __init__(self, execution: Execution) -> None:
        # Weakly, so that the execution is freed as soon as it is over. Code that calls a method of a part holds the
        # execution.
        self._execution = weakref.ref(execution)

    @property
    def execution(self) -> Execution:
        """The execution that this is a part of."""
        execution = self._execution()
        assert execution is not None
        return execution

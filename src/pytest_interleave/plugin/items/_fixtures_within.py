"""Makes and ends the function-scoped fixtures of a test within its executions, if they start threads.

The first executions show whether they do: pytest sets the test up first, and threads that its fixtures start then are
not under control. Only tests with such fixtures pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from ...control import SetUpWithin, ThreadStarts, Unwind, threads_left, threads_started
from ._raised import came_by_signal
from ._repeated_hooks import has_own_ends
from ._subtests import raise_together


class FixturesWithin:
    """Makes and ends the fixtures of one test within its executions, if that is needed.

    `tear_down` ends them as pytest does.
    """

    def __init__(self, item: Any, tear_down: Callable[[], None]) -> None:
        self._item = item
        self._tear_down = tear_down
        self._ends_matter = has_own_ends(item)
        #: Whether each execution makes the fixtures.
        self.makes = False
        #: Whether each execution ends the fixtures, not only if the test has left threads.
        self.ends = False
        #: Whether the last execution has ended the fixtures.
        self.ended = False
        #: Whether the end of a fixture has started threads in an execution.
        self.ends_start_threads = False
        #: The exceptions of the end and of the making of fixtures within the last execution.
        self.teardown_error: BaseException | None = None
        self.set_up_error: BaseException | None = None

    @property
    def matter(self) -> bool:
        """Whether an execution may make or end fixtures."""
        return self._ends_matter or self.makes or self.ends

    def forget(self) -> None:
        """Forget the last execution, before the next one."""
        self.ended = False
        self.teardown_error = self.set_up_error = None

    def watch_end(self) -> ThreadStarts:
        """Return a context to end the fixtures in, after an execution; it notes whether that starts threads."""
        return ThreadStarts(lambda _: True)

    def around(self, test: Callable[[], object]) -> Callable[[], None]:
        """Return the body of an execution: it makes the fixtures if needed, runs the test, and ends them if needed.

        They are ended within the execution if threads are left: these end with the execution, and a fixture that waits
        for one would wait for ever after it.
        """

        def run() -> None:
            __tracebackhide__ = True
            raised: list[BaseException] = []
            try:
                if self.makes:
                    self._make()
                test()
            except Unwind:
                self._end_while_closing()
                raise
            except (KeyboardInterrupt, pytest.exit.Exception):
                raise
            except BaseException as error:
                if came_by_signal(error):
                    raise
                raised.append(error)
            if self.ends or threads_left():
                self.ended = True
                before = threads_started()
                try:
                    self._tear_down()
                except Unwind:
                    raise
                except BaseException as error:
                    self.teardown_error = error
                    raised.append(error)
                self.ends_start_threads |= threads_started() > before
            raise_together(raised)

        return run

    def _make(self) -> None:
        __tracebackhide__ = True
        with SetUpWithin():
            try:
                self._item.session._setupstate.setup(self._item)
            except (Exception, pytest.fail.Exception) as error:
                self.set_up_error = error
                raise

    def _end_while_closing(self) -> None:
        """End the fixtures in an execution that is given up: a fixture that waits for a thread is interrupted.

        The other threads of the execution have ended. After it, such a fixture would wait for ever.
        """
        known = self._item.session._setupstate.stack.get(self._item)
        if known is None:
            return
        self.ended = True
        ends, _ = known
        ends[:] = [_interruptible(end) for end in ends]
        try:
            self._tear_down()
        except (Unwind, Exception, pytest.fail.Exception, pytest.skip.Exception):
            # A finding is known.
            pass


def _interruptible(end: Callable[[], object]) -> Callable[[], object]:
    """Return a function that calls `end`, the end of a fixture; others are still called if it is interrupted."""

    def call() -> None:
        try:
            end()
        except Unwind:
            # The ends of other fixtures are called next.
            pass

    return call


def watch_set_up() -> ThreadStarts:
    """Return a context for pytest to set a test up in; it notes whether fixtures of function scope start threads."""
    return ThreadStarts(_is_of_function_scope)


def _is_of_function_scope(frame: FrameType | None) -> bool:
    """Whether the code of the frame runs because pytest makes a function-scoped fixture."""
    while frame is not None:
        if frame.f_code.co_name == "pytest_fixture_setup":
            scope = getattr(frame.f_locals.get("fixturedef"), "scope", None)
            if scope is not None:
                return bool(scope == "function")
        frame = frame.f_back
    return False

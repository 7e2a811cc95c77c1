"""The function-scoped fixtures of a test, made and ended within its executions if they start threads.

Whether they do is learned: pytest sets the test up first, and threads that its fixtures start then are not under
control. Only tests with such fixtures pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from ...control import SetUpWithin, ThreadStarts, Unwind, threads_left, threads_started
from ._raised import came_by_signal
from ._repeated_hooks import own_ends
from ._subtests import raise_together


class FixturesWithin:
    """Whether the fixtures of a test are part of its executions, and the body of an execution that they are part of.

    `tear_down` ends them, as pytest does.
    """

    def __init__(self, item: Any, tear_down: Callable[[], None]) -> None:
        self._item = item
        self._tear_down = tear_down
        self._ends_matter = own_ends(item)
        #: Whether an execution makes them.
        self.makes = False
        #: Whether an execution ends them in any case, not only if the test has left threads.
        self.ends = False
        #: Whether they were ended as a part of the last execution, and what that raised; what making them raised.
        self.ended = False
        #: Whether an execution that ended them has started threads by that.
        self.ends_start_threads = False
        self.teardown_error: BaseException | None = None
        self.set_up_error: BaseException | None = None

    @property
    def matter(self) -> bool:
        """Whether an execution may have to do with them."""
        return self._ends_matter or self.makes

    def forget(self) -> None:
        """Before an execution."""
        self.ended = False
        self.teardown_error = self.set_up_error = None

    def watch_end(self) -> ThreadStarts:
        """To be entered while they are ended after an execution: notes whether that starts threads."""
        return ThreadStarts(lambda _: True)

    def around(self, test: Callable[[], object]) -> Callable[[], None]:
        """The body of an execution: fixtures are made first if they belong to it, and ended if that matters.

        That they are ended matters where threads are left: after the execution there are no such threads any more, and
        what waits for one would wait for ever.
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
        """The execution cannot go on, and its other threads have ended: what waits for one is refused.

        Outside of it, that would wait for ever.
        """
        known = self._item.session._setupstate.stack.get(self._item)
        if known is None:
            return
        self.ended = True
        ends, _ = known
        ends[:] = [_refusable(end) for end in ends]
        try:
            self._tear_down()
        except (Unwind, Exception, pytest.fail.Exception, pytest.skip.Exception):
            # A finding is known.
            pass


def _refusable(end: Callable[[], object]) -> Callable[[], object]:
    def call() -> None:
        try:
            end()
        except Unwind:
            # The other ends are still to come.
            pass

    return call


def watch_set_up() -> ThreadStarts:
    """To be entered while pytest sets a test up: notes whether fixtures of function scope start threads."""
    return ThreadStarts(_is_of_function_scope)


def _is_of_function_scope(frame: FrameType | None) -> bool:
    """Whether a function-scoped fixture runs the code while pytest makes it."""
    while frame is not None:
        if frame.f_code.co_name == "pytest_fixture_setup":
            scope = getattr(frame.f_locals.get("fixturedef"), "scope", None)
            if scope is not None:
                return bool(scope == "function")
        frame = frame.f_back
    return False

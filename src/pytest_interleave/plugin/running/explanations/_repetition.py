"""A failure that a test has only because it is repeated: earlier executions have left state behind."""

from __future__ import annotations

from typing import NamedTuple

#: At most this many variables are named.
_NAMED = 3


class Repetition(NamedTuple):
    """A failure that the first execution did not have, and that the same schedule has now."""

    #: The variables that earlier executions have changed and that the test uses.
    variables: tuple[str, ...]
    #: Whether no thread was preempted before the test failed. Otherwise a race may have left the state.
    is_certain: bool
    #: Whether it is the body of a thread_safety test that passed at first, and not a whole schedule.
    of_body: bool

    @property
    def headline(self) -> str:
        """The first line of a report."""
        if self.is_certain:
            return "Not a race: the test fails only when it is repeated."
        return "The test fails only after earlier schedules"

    @property
    def hints(self) -> list[str]:
        """What is known about the reason."""
        text = "The first schedule passed at first, and fails when it is run again."
        if self.of_body:
            text = "The body passed at first, and fails when one worker runs it again."
        passed = text
        text = (
            "An earlier run has left something that is not known here, such as a file or a cache in a library, or "
            "the test depends on real time."
        )
        if self.variables:
            more = len(self.variables) - _NAMED
            others = f" and {more} more variable{'' if more == 1 else 's'}" if more > 0 else ""
            text = f"State left by an earlier run: {', '.join(self.variables[:_NAMED])}{others}."
        hints = [f"{passed} {text}"]
        if not self.is_certain:
            text = "A race in an earlier schedule may have left that, as nothing resets it."
            hints.append(text)
        return hints

    @property
    def help(self) -> str:
        """What helps."""
        return (
            "a concurrency test runs many times in one process: reset that state in a fixture, so that each run begins "
            "alike"
        )

"""The steps that a bug consists of, and what a report says of it."""

from __future__ import annotations

from typing import NamedTuple


class Evidence(NamedTuple):
    """A step that a bug consists of."""

    #: Its position in the log.
    position: int
    #: The thread's name, and what it does: "worker-0 reads 100".
    text: str
    #: The place as messages show it ("bank.py:15"), and the line's text.
    place: str
    source: str


class Story(NamedTuple):
    """The bug that an execution shows."""

    #: The headline; empty if the class of the bug is not known.
    bug: str = ""
    evidence: tuple[Evidence, ...] = ()
    #: Sentences on what made the execution take this way, besides preemptions.
    notes: tuple[str, ...] = ()
    help: str = ""
    #: The positions in the log of the steps that the notes are about.
    noted: tuple[int, ...] = ()
    #: Whether no thread was preempted, and none gave way.
    is_plain: bool = False
    #: Whether the steps show a bug by themselves: otherwise, in a plain execution, they do so only if another schedule
    #: passes.
    is_certain: bool = True
    #: Whether there was no time for all of it.
    is_cut_short: bool = False

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions in the log of all steps that it is about."""
        return tuple(sorted({*self.noted, *(each.position for each in self.evidence)}))

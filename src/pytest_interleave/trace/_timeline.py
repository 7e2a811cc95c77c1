"""An execution as it is shown: the steps that matter, the locks that threads held, what conflicted with what."""

from __future__ import annotations

from typing import Any, NamedTuple


class Event(NamedTuple):
    """A step that is shown."""

    #: Its number in the execution, from 1; what a thread waits to do in the end goes on counting.
    step: int
    #: The thread's index: 0 is the test's own.
    thread: int
    #: What is done, in a word or two: "read", "write", "acquire", "start", …
    kind: str
    #: What it is done to, for people: "Account.balance", "Lock (made at bank.py:9)"; empty where nothing is known.
    what: str
    #: Where: as messages have it ("bank.py:15"), the function, and the line's text.
    place: str
    function: str
    source: str
    #: The value that is read, or "OLD -> NEW"; empty where nothing is known.
    value: str
    #: Whether the thread that ran before could have gone on: the schedule switched here.
    switch: bool = False
    #: Whether it was never done: what a thread waits to do when nothing goes on any more.
    waits: bool = False


class Held(NamedTuple):
    """A thread held a lock from one step to another one, both counted."""

    thread: int
    lock: str
    first: int
    last: int


class Arrow(NamedTuple):
    """Two shown steps of different threads that conflict, the second one after the first; by their numbers."""

    first: int
    second: int
    what: str


class Timeline(NamedTuple):
    """What is shown of one execution."""

    #: The names of the threads, by index.
    threads: tuple[str, ...]
    events: tuple[Event, ...]
    held: tuple[Held, ...]
    arrows: tuple[Arrow, ...]
    #: How many steps the execution had in all.
    steps: int
    #: What happened, in words.
    story: str

    def as_json(self) -> dict[str, Any]:
        """As nested dictionaries and lists, which can be written as JSON and sent to another process."""
        return {
            "threads": list(self.threads),
            "events": [event._asdict() for event in self.events],
            "held": [held._asdict() for held in self.held],
            "arrows": [arrow._asdict() for arrow in self.arrows],
            "steps": self.steps,
            "story": self.story,
        }

"""The state of a library that travels in time: what it shows takes precedence over virtual time.

A library that replaces names (freezegun) is seen anyway. time-machine changes functions in C, below ours.
"""

from __future__ import annotations

#: The library's travelers, the current one last: its own list, once that is known.
travellers: list[object] = []


def follow(known: list[object]) -> None:
    """Use the library's own list of travelers from now on."""
    global travellers
    travellers = known

"""Whether a library travels in time: what it gives comes before virtual time.

A library that replaces names (freezegun) is seen anyhow. time-machine changes functions in C, below ours.
"""

from __future__ import annotations

#: Its travellers, the current one last: its own list, once it is known.
travellers: list[object] = []


def follow(known: list[object]) -> None:
    """From now on this list tells who travels."""
    global travellers
    travellers = known

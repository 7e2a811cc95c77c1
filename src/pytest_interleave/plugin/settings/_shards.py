"""Shards: the schedules of one test split over several items, which pytest-xdist can give to different workers."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

#: So many schedules of exhaustive search are tried in any shard: it ends early where the test turns out to be tiny. In
#: all others but the first, a larger search would be the same search again.
TINY = 120

_SUFFIX = re.compile(r"\[shard-(\d+)-of-(\d+)\](?=@|$)")


class Shard(NamedTuple):
    """Which part of its test an item is."""

    #: From 1.
    number: int
    of: int

    @property
    def suffix(self) -> str:
        """What its names have behind those of the test."""
        return f"[shard-{self.number}-of-{self.of}]"

    def share_of(self, schedules: int) -> int:
        """How many of the test's schedules it has; those of all shards add up."""
        return schedules // self.of + (self.number <= schedules % self.of)


WHOLE = Shard(1, 1)

_shard_key = pytest.StashKey[Shard]()
_nodeid_key = pytest.StashKey[str]()


def shard_of(item: pytest.Item) -> Shard:
    """Of an item that is no shard: the whole."""
    return item.stash.get(_shard_key, WHOLE)


def nodeid_of(item: pytest.Item) -> str:
    """The node id of the test that the item is a shard of, or is itself: as it is without shards and pytest-xdist.

    It is what people give on the command line, what tokens remember, and what reports are about.
    """
    remembered = item.stash.get(_nodeid_key, None)
    if remembered is not None:
        return remembered
    if item.parent is not None:
        own = f"{item.parent.nodeid}::{item.name}"
        if item.nodeid.startswith(f"{own}@"):
            # pytest-xdist puts the group behind it, with --dist=loadgroup.
            return own
    return item.nodeid


def part_of(nodeid: str) -> tuple[str, Shard] | None:
    """The test's node id, and which shard it is; None where it is not the node id of a shard."""
    found = _SUFFIX.search(nodeid)
    return None if found is None else (nodeid[: found.start()], Shard(int(found[1]), int(found[2])))


def shard_named(item: pytest.Item, shard: Shard, whole: pytest.Item) -> None:
    """Make `item`, a copy of `whole` with a name of its own, known as its shard."""
    nodeid = nodeid_of(whole)
    item.stash[_shard_key] = shard
    item.stash[_nodeid_key] = nodeid
    changed: Any = item
    # What pytest-xdist has put behind it stays behind.
    named = nodeid + shard.suffix + whole.nodeid.removeprefix(nodeid)
    if hasattr(changed, "_id"):
        # From pytest 9.2 on it is not made from the item's name.
        changed._id = type(changed._id).parse(named)
    else:
        changed._nodeid = named

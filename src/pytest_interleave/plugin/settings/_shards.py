"""Shards: the schedules of one test split over several items, which pytest-xdist can give to different workers."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

#: Exhaustive search runs at most this many schedules in each shard but the first: that is enough for a tiny test, and a
#: larger search would be the same one again.
TINY = 120

_SUFFIX = re.compile(r"\[shard-(\d+)-of-(\d+)\](?=@|$)")


class Shard(NamedTuple):
    """One of the items that share the schedules of a test."""

    #: The position among the shards of the test, from 1.
    number: int
    #: The number of shards of the test.
    of: int

    @property
    def suffix(self) -> str:
        """The text that is added to the name of the test to name the shard."""
        return f"[shard-{self.number}-of-{self.of}]"

    def share_of(self, schedules: int) -> int:
        """Return how many of the test's schedules the shard runs; the shares of all shards add up to `schedules`."""
        return schedules // self.of + (self.number <= schedules % self.of)


WHOLE = Shard(1, 1)

_shard_key = pytest.StashKey[Shard]()
_nodeid_key = pytest.StashKey[str]()


def shard_of(item: pytest.Item) -> Shard:
    """Return which shard of its test an item is; `WHOLE` if the test is not split."""
    return item.stash.get(_shard_key, WHOLE)


def nodeid_of(item: pytest.Item) -> str:
    """Return the node id of the item's test, without the suffixes of shards and of pytest-xdist.

    People give it on the command line, tokens have it, and reports are about it.
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
    """Return the node id of the test and the shard that a node id names; None if it does not name a shard."""
    found = _SUFFIX.search(nodeid)
    return None if found is None else (nodeid[: found.start()], Shard(int(found[1]), int(found[2])))


def note_shard(item: pytest.Item, shard: Shard, whole: pytest.Item) -> None:
    """Note that `item` is a shard of the test `whole`, and give it the node id of that shard."""
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
